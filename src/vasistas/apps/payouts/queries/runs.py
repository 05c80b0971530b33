"""Runs of payouts, and who waits for one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import rules
from vasistas.apps.payouts.models import Payee, Payout, PayoutRun, Record, RunApproval
from vasistas.apps.privacy.models import Subject
from vasistas.apps.wallet.models import Account, Holder, Kind
from vasistas.lib.errors import NotFound

RUNS_SHOWN = 50
WAITING_SHOWN = 200
PAID_KINDS = (Kind.HOST, Kind.STUDIO)


@dataclass(frozen=True)
class Waiting:
    """Somebody above the minimum who is not paid now. reason: a Payout.Reason; words: what staff wrote beside it."""

    name: str
    subject_id: int
    balance: int
    reason: str
    words: str

    @property
    def told(self) -> str:
        return str(Payout.Reason(self.reason).label)


def payee_of(subject_id: int) -> Payee | None:
    return Payee.objects.filter(subject=subject_id).first()


def subject_of_number(number: UUID) -> int | None:
    """Whose number of the ledger it is; None once they are erased."""
    return Holder.objects.filter(number=number).values_list("subject", flat=True).first()


def subjects_of_numbers(numbers: Iterable[UUID]) -> dict[UUID, int]:
    """Those who are still there, by number."""
    return dict(Holder.objects.filter(number__in=set(numbers)).values_list("number", "subject"))


def above_minimum() -> "QuerySet[Account]":
    return Account.objects.filter(kind__in=PAID_KINDS, balance__gte=settings.PAYOUT_MIN_MINOR)


def payable_accounts(at: datetime) -> list[Account]:
    """Accounts that a run pays now, PAYOUTS_PER_RUN_MAX at most; the others wait for a reason, or for the next run."""
    ready = Payee.objects.filter(iban_at__lte=at - rules.IBAN_HOLD, held_at=None, subject__state="active")
    ready = ready.filter(Q(refused_at=None) | Q(refused_at__lt=F("iban_at")))
    numbers = Holder.objects.filter(subject__in=ready.values("subject")).values("number")
    busy = Payout.objects.filter(state=Payout.State.PREPARED).values("account")
    found = above_minimum().filter(number__in=numbers).exclude(pk__in=busy)
    return list(found.order_by("pk")[: rules.PAYOUTS_PER_RUN_MAX])


def waiting(at: datetime) -> tuple[list[Waiting], Counter[str]]:
    """Who is above the minimum and is not paid now, WAITING_SHOWN at most; and how many wait for each reason."""
    holders = dict(
        Holder.objects.filter(number__in=above_minimum().values("number")).values_list("subject", "number")[
            : rules.PAYOUTS_PER_RUN_MAX
        ]
    )
    states = dict(Subject.objects.filter(pk__in=holders).values_list("pk", "state"))
    payees = {one.subject_id: one for one in Payee.objects.filter(subject__in=holders)}
    reasons = {
        subject: reason
        for subject in holders
        if (reason := rules.waits_because(payees.get(subject), state=states[subject], at=at))
    }
    shown = list(reasons)[:WAITING_SHOWN]
    names = names_of(shown)
    balances = balances_of({holders[subject] for subject in shown})
    found = [
        Waiting(
            name=names.get(subject, ""),
            subject_id=subject,
            balance=balances.get(holders[subject], 0),
            reason=reasons[subject],
            words=payees[subject].held_because if reasons[subject] == Payout.Reason.BY_STAFF else "",
        )
        for subject in shown
    ]
    return found, Counter(reasons.values())


def balances_of(numbers: Iterable[UUID]) -> dict[UUID, int]:
    rows = Account.objects.filter(number__in=numbers, kind__in=PAID_KINDS).values_list("number")
    return {number: int(total) for number, total in rows.annotate(total=Sum("balance"))}


def names_of(subject_ids: Iterable[int]) -> dict[int, str]:
    """The names shown, by subject."""
    return dict(Member.objects.filter(subject__in=list(subject_ids)).values_list("subject", "display_name"))


def payees_by_number(numbers: Iterable[UUID]) -> Mapping[UUID, Payee]:
    holders = dict(Holder.objects.filter(number__in=set(numbers)).values_list("subject", "number"))
    return {holders[one.subject_id]: one for one in Payee.objects.filter(subject__in=holders)}


def runs() -> "QuerySet[PayoutRun]":
    """The latest runs, RUNS_SHOWN at most, with `count` and `total` of what they pay or paid."""
    pays = Q(payouts__state__in=[Payout.State.PREPARED, Payout.State.PAID, Payout.State.RETURNED])
    counted = PayoutRun.objects.annotate(
        count=Count("payouts", filter=pays), total=Sum("payouts__amount", filter=pays, default=0)
    )
    return counted.order_by("-pk")[:RUNS_SHOWN]


def get_run(run_id: int) -> PayoutRun:
    """Raises: NotFound."""
    found = PayoutRun.objects.filter(pk=run_id).first()
    if found is None:
        raise NotFound(_("There is no such run of payouts."))
    return found


def open_run() -> PayoutRun | None:
    return PayoutRun.objects.filter(state=PayoutRun.State.OPEN).first()


def payouts_in(run: PayoutRun) -> list[Payout]:
    return list(Payout.objects.filter(run=run).select_related("account").order_by("account_id"))


def approvals_of(run: PayoutRun, contents: str) -> Sequence[int]:
    """The subjects of those who approved exactly these payments."""
    return list(RunApproval.objects.filter(run=run, contents=contents).order_by("pk").values_list("subject", flat=True))


def run_file(run: PayoutRun) -> str | None:
    """The payment file of a run that is paid; None: nothing was paid, or not yet."""
    found = Record.objects.filter(kind=Record.Kind.FILE, about=str(run.pk)).first()
    return found.content if found else None
