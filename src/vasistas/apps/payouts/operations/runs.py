"""A run: prepared by staff, approved by two people, paid exactly once each, whatever is interrupted."""

import logging
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from vasistas.apps.payouts import queries, rules
from vasistas.apps.payouts.documents import sepa
from vasistas.apps.payouts.documents.letters import NAME_CHARS_MAX, sepa_text
from vasistas.apps.payouts.events import PayoutReturned
from vasistas.apps.payouts.models import Payee, Payout, PayoutRun, Record, RunApproval
from vasistas.apps.payouts.operations import records
from vasistas.apps.payouts.rules import APPROVALS_MIN, SEPA_AMOUNT_MAX, ApprovedBefore, RunChanged, RunRefused
from vasistas.apps.privacy.models import Subject
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg, NotEnough
from vasistas.guard import subjects
from vasistas.guard.egress import door
from vasistas.guard.purposes import processing
from vasistas.lib import events
from vasistas.lib.errors import NotFound

BANK = "bank"  # of the policy's recipients
CARRIED = frozenset({"host.payment"})

State, Reason, RunState = Payout.State, Payout.Reason, PayoutRun.State

logger = logging.getLogger(__name__)


def prepare_run(*, subject_id: int, at: datetime) -> PayoutRun:
    """Put together what is payable now. Moves no money.

    Raises: NotSetUp, NothingToPay; RunRefused: another run waits; SubjectGone: of the member of staff.
    """
    rules.check_set_up()
    try:
        with transaction.atomic():
            subjects.hold(subject_id)
            run = PayoutRun.objects.create(prepared_by_id=subject_id, prepared_at=at)
            accounts = queries.payable_accounts(at)
            if not accounts:
                raise rules.NothingToPay(_("Nobody above the minimum can be paid now."))
            Payout.objects.bulk_create(
                Payout(run=run, account=one, amount=min(one.balance or 0, SEPA_AMOUNT_MAX), at=at) for one in accounts
            )
    except IntegrityError:
        raise RunRefused(_("A run waits for its approvals already. Approve or drop it first.")) from None
    return run


def drop_run(*, run_id: int, at: datetime) -> None:
    """Pay nothing of a run that is open. Raises: NotFound; RunRefused: it is not open any more. Locks: the run."""
    with transaction.atomic():
        run = _locked(run_id)
        _must_be_open(run)
        run.payouts.filter(state=State.PREPARED).update(state=State.DROPPED, at=at)
        PayoutRun.objects.filter(pk=run_id).update(state=RunState.DROPPED, closed_at=at)


def approve_run(*, run_id: int, subject_id: int, contents: str, at: datetime) -> bool:
    """Record that one person approves exactly these payments; with the second one the run is to be paid: `pay_run`.

    Returns whether it is to be paid now. Raises: NotFound, RunRefused, RunChanged, ApprovedBefore, SubjectGone.
    Locks: the run.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        run = _locked(run_id)
        _must_be_open(run)
        if not contents or contents != rules.contents_of(queries.payouts_in(run)):
            raise RunChanged(_("The run has changed since this page was drawn. Read it again."))
        given = queries.approvals_of(run, contents)
        if subject_id in given:
            raise ApprovedBefore(_("You have approved this. The second approval is another person’s."))
        with processing("staff"):
            RunApproval.objects.create(run=run, subject_id=subject_id, contents=contents, at=at)
        is_approved = len({*given, subject_id}) >= APPROVALS_MIN
        if is_approved:
            PayoutRun.objects.filter(pk=run_id).update(state=RunState.PAYING, approved_at=at)
    return is_approved


def pay_run(*, run_id: int, at: datetime) -> None:
    """Move the money of an approved run and make its file. Each payment is a transaction of its own; a repeat, beside
    another or after a crash, goes on where it ended and pays nobody twice.

    Raises: NotFound; RunRefused: it was not approved. Locks: one payment at a time, then the run.
    """
    run = queries.get_run(run_id)
    if run.state not in {RunState.PAYING, RunState.PAID}:
        raise RunRefused(_("This run is not approved by two people."))
    for payout_id in list(run.payouts.filter(state=State.PREPARED).order_by("account_id").values_list("pk", flat=True)):
        _pay(payout_id, at)
    _close(run_id, at)


def finish_runs(*, at: datetime) -> int:
    """Go on with every run that was interrupted; return how many are paid now. One that fails is tried again later."""
    done = 0
    for run_id in PayoutRun.objects.filter(state=RunState.PAYING).values_list("pk", flat=True):
        try:
            pay_run(run_id=run_id, at=at)
        except Exception as error:  # noqa: BLE001 — whatever it was, the worker tries again
            logger.error("payouts.run_waits run=%s error=%s", run_id, type(error).__name__)  # noqa: TRY400 — a traceback could quote rows
        else:
            done += 1
    return done


def return_payout(*, payout_id: UUID, code: str, at: datetime) -> None:
    """Take back what the bank returned (R-transaction); their payouts wait until another account number is typed.

    Where the person was erased meanwhile the money is unclaimed. A repeat changes nothing.
    Raises: NotFound; RunRefused: it was never paid. Locks: the payment. Publishes: PayoutReturned.
    """
    with transaction.atomic():
        payout = Payout.objects.select_for_update(of=("self",)).select_related("account").filter(pk=payout_id).first()
        if payout is None:
            raise NotFound(_("There is no such payment."))
        if payout.state == State.RETURNED:
            return
        if payout.state != State.PAID:
            raise RunRefused(_("This payment was not made; there is nothing to return."))
        subject_id = _holder(payout)
        back = payout.account if subject_id is not None else wallet.site_account(Kind.UNCLAIMED)
        legs = [Leg(wallet.site_account(Kind.BANK).pk, -payout.amount), Leg(back.pk, payout.amount)]
        wallet.post(key=f"payout-returned:{payout.pk}", kind=TransferKind.PAYOUT_RETURNED, legs=legs, at=at)
        _end(payout, State.RETURNED, code, at)
        records.keep_return(payout, at)
        Payee.objects.filter(subject=subject_id).update(refused_at=at)
        events.publish(PayoutReturned(payout_id=str(payout.pk)))


# -- Steps -------------------------------------------------------------------------------------------------------------


def _pay(payout_id: UUID, at: datetime) -> None:
    """Pay one prepared payment, or say why not."""
    with transaction.atomic():
        payout = Payout.objects.select_for_update(of=("self",)).select_related("account").get(pk=payout_id)
        if payout.state != State.PREPARED:
            return None
        subject_id = _holder(payout)
        payee = queries.payee_of(subject_id) if subject_id is not None else None
        reason = rules.waits_because(payee, state=_state(subject_id), at=at)
        if reason or payee is None or not _can_be_written(payee):
            return _end(payout, State.HELD, reason or Reason.NO_DETAILS, at)
        legs = [Leg(payout.account_id, -payout.amount), Leg(wallet.site_account(Kind.BANK).pk, payout.amount)]
        try:
            wallet.post(key=f"payout:{payout.pk}", kind=TransferKind.PAYOUT, legs=legs, at=at)
        except NotEnough:  # taken back since it was prepared
            return _end(payout, State.HELD, Reason.BALANCE, at)
        records.keep_payout(payout, payee, at)
        return _end(payout, State.PAID, "", at)


def _close(run_id: int, at: datetime) -> None:
    """Make the file of what was paid, note who got what, and end the run."""
    with transaction.atomic():
        run = _locked(run_id)
        if run.state != RunState.PAYING or run.payouts.filter(state=State.PREPARED).exists():
            return
        kept = Record.objects.filter(kind=Record.Kind.PAYOUT, about__in=[str(one) for one in _paid(run)])
        vouchers = [sepa.Voucher.read(row.about, row.content) for row in kept.order_by("pk")]
        if vouchers:
            numbers = list(run.payouts.filter(state=State.PAID).values_list("account__number", flat=True))
            holders = queries.subjects_of_numbers(numbers)
            door.hand_over(BANK, CARRIED, [holders.get(number) for number in numbers])
            records.keep_file(run_id, sepa.credit_transfer(vouchers, at=at), at)
        PayoutRun.objects.filter(pk=run_id).update(state=RunState.PAID, closed_at=at)


def _can_be_written(payee: Payee) -> bool:
    """Whether the bank's file has a place for them: no money moves for what would be refused as a whole."""
    try:
        rules.clean_iban(payee.iban)
        rules.clean_bic(payee.bic, payee.iban)
    except ValueError:
        return False
    return bool(sepa_text(payee.legal_name, NAME_CHARS_MAX))


def _paid(run: PayoutRun) -> list[UUID]:
    return list(run.payouts.filter(state=State.PAID).values_list("pk", flat=True))


def _holder(payout: Payout) -> int | None:
    return queries.subject_of_number(payout.account.number)


def _state(subject_id: int | None) -> str:
    """Of the fence; while it is held nobody is erased in the middle of a payment."""
    if subject_id is None:
        return str(Subject.State.ERASED)
    try:
        subjects.hold(subject_id)
    except subjects.SubjectGone:
        return str(Subject.State.ERASING)
    return str(Subject.objects.values_list("state", flat=True).get(pk=subject_id))


def _end(payout: Payout, state: str, reason: str, at: datetime) -> None:
    payout.state, payout.reason, payout.at = state, reason, at
    payout.save(update_fields=["state", "reason", "at"])


def _locked(run_id: int) -> PayoutRun:
    found = PayoutRun.objects.select_for_update().filter(pk=run_id).first()
    if found is None:
        raise NotFound(_("There is no such run of payouts."))
    return found


def _must_be_open(run: PayoutRun) -> None:
    if run.state != RunState.OPEN:
        raise RunRefused(_("This run is not open any more."))
