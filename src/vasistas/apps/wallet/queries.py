"""What stands in the ledger. Run under a purpose that allows `user.payment.wallet`."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from vasistas.apps.wallet.models import SPENDING, Account, Entry, Holder, Kind, Pause, SpendingLimit, Transfer
from vasistas.apps.wallet.rules import DAY
from vasistas.lib.errors import NotFound

LINES_PER_PAGE = 50
ENTRIES_AT_ONCE = 1000  # of a period that is written out


@dataclass(frozen=True)
class KindBalance:
    """accounts: how many of the kind. balance: the sum of their entries. kept: the sum of the balances they keep."""

    kind: str
    accounts: int
    balance: int
    kept: int

    @property
    def words(self) -> str:
        return str(Kind(self.kind).label)


def number_of(subject_id: int) -> uuid.UUID | None:
    """Somebody's number in the ledger, or None before their first account."""
    return Holder.objects.filter(subject=subject_id).values_list("number", flat=True).first()


def find_account(subject_id: int, kind: str = Kind.MEMBER, detail: str = "") -> Account | None:
    """Somebody's account, or None when nothing was ever entered in one."""
    of_holder = Holder.objects.filter(subject=subject_id).values("number")
    return Account.objects.filter(kind=kind, number__in=of_holder, detail=detail).first()


def balance_of(subject_id: int, kind: str = Kind.MEMBER) -> int:
    """Somebody's balance of a kind, over all its accounts, minor units."""
    of_holder = Holder.objects.filter(subject=subject_id).values("number")
    return int(Account.objects.filter(kind=kind, number__in=of_holder).aggregate(total=Sum("balance"))["total"] or 0)


def balance(account: Account) -> int:
    """Of any account: kept where there is a floor, else the sum of its entries."""
    if account.floor is not None:
        return int(Account.objects.values_list("balance", flat=True).get(pk=account.pk) or 0)
    return int(Entry.objects.filter(account=account).aggregate(total=Sum("amount"))["total"] or 0)


def lines_of(account: Account, *, before: int | None = None) -> list[Entry]:
    """The newest entries, LINES_PER_PAGE at most, with their transfers. before: the id of the last line shown."""
    rows = Entry.objects.filter(account=account).select_related("transfer")
    rows = rows.filter(pk__lt=before) if before is not None else rows
    return list(rows.order_by("-pk")[:LINES_PER_PAGE])


def transfer_of(key: str) -> Transfer | None:
    return Transfer.objects.filter(key=key).first()


def trial_balance() -> list[KindBalance]:
    """Each kind of account. `balance` sums to zero over all; where a kind keeps balances they equal its entries."""
    kept: Mapping[str, tuple[int, int]] = {
        kind: (count, int(total or 0))
        for kind, count, total in Account.objects.values("kind")
        .annotate(count=Count("pk"), total=Sum("balance"))
        .values_list("kind", "count", "total")
    }
    summed = dict(
        Entry.objects.values_list("account__kind").annotate(total=Sum("amount")).values_list("account__kind", "total")
    )
    return [KindBalance(kind, *_of(kept, kind, int(summed.get(kind, 0)))) for kind in Kind.values if kind in kept]


def _of(kept: Mapping[str, tuple[int, int]], kind: str, total: int) -> tuple[int, int, int]:
    count, held = kept[kind]
    return count, total, held


def unbalanced_transfers() -> int:
    """Transfers whose entries do not sum to zero; the database allows none."""
    return Transfer.objects.annotate(total=Sum("entries__amount")).exclude(total=0).count()


def wrong_balances() -> int:
    """Accounts whose kept balance is not the sum of their entries; the database allows none."""
    kept = Account.objects.filter(floor__isnull=False).annotate(total=Coalesce(Sum("entries__amount"), Value(0)))
    return kept.exclude(balance=F("total")).count()


def below_floor() -> int:
    """Accounts below their floor; the database allows none."""
    return Account.objects.filter(balance__lt=F("floor")).count()


# -- What somebody lets themselves spend -------------------------------------------------------------------------------


def spent_today(subject_id: int, at: datetime) -> int:
    """What went for good in the last 24 hours, minor units."""
    of_holder = Holder.objects.filter(subject=subject_id).values("number")
    rows = Entry.objects.filter(
        account__number__in=of_holder,
        account__kind__in=[Kind.MEMBER, Kind.HOLD],
        transfer__kind__in=SPENDING,
        transfer__at__gt=at - DAY,
    )
    return -int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def held(subject_id: int) -> int:
    """What is held now and may be spent yet."""
    return balance_of(subject_id, Kind.HOLD)


def limit_of(subject_id: int, at: datetime) -> int | None:
    """What may be spent in 24 hours, minor units; None: no limit."""
    row = SpendingLimit.objects.filter(subject=subject_id).first()
    if row is None:
        return None
    return row.next_per_day if row.next_from is not None and row.next_from <= at else row.per_day


def paused_until(subject_id: int, at: datetime) -> datetime | None:
    """Until when somebody lets themselves pay nothing, or None."""
    rows = Pause.objects.filter(subject=subject_id, until__gt=at)
    return rows.order_by("-until").values_list("until", flat=True).first()


def limit_to_come(subject_id: int, at: datetime) -> SpendingLimit | None:
    """A higher limit that was asked for and does not count yet."""
    return SpendingLimit.objects.filter(subject=subject_id, next_from__gt=at).first()


# -- The books as staff browse them ------------------------------------------------------------------------------------


def browse_accounts(*, kind: str = "", number: uuid.UUID | None = None, after: int = 0) -> list[Account]:
    """LINES_PER_PAGE accounts and one more if there are more, oldest first. after: the id of the last one shown."""
    rows = Account.objects.filter(pk__gt=after)
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(number=number) if number is not None else rows
    return list(rows.order_by("pk")[: LINES_PER_PAGE + 1])


def browse_transfers(
    *, kind: str = "", key: str = "", reference: str = "", before: uuid.UUID | None = None
) -> list[Transfer]:
    """LINES_PER_PAGE transfers and one more if there are more, newest first. before: the last one shown.

    Raises: NotFound: there is no such transfer to go on from.
    """
    rows = Transfer.objects.all()
    for name, asked in (("kind", kind), ("key", key), ("reference", reference)):
        rows = rows.filter(**{name: asked}) if asked else rows
    if before is not None:
        last = get_transfer(before)
        rows = rows.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    return list(rows.order_by("-at", "-pk")[: LINES_PER_PAGE + 1])


def get_account(account_id: int) -> Account:
    """Raises: NotFound."""
    found = Account.objects.filter(pk=account_id).first()
    if found is None:
        raise NotFound(_("There is no such account."))
    return found


def get_transfer(transfer_id: uuid.UUID) -> Transfer:
    """Raises: NotFound."""
    found = Transfer.objects.filter(pk=transfer_id).first()
    if found is None:
        raise NotFound(_("There is no such transfer."))
    return found


def legs_of(transfer: Transfer) -> list[Entry]:
    """The entries of a transfer with their accounts, in the order of the accounts."""
    return list(transfer.entries.select_related("account").order_by("account"))


def balances(accounts: Sequence[Account]) -> dict[int, int]:
    """What stands on each account, by its id, in minor units."""
    bare = [account.pk for account in accounts if account.floor is None]
    summed = Entry.objects.filter(account__in=bare).values_list("account").annotate(total=Sum("amount"))
    kept = {account.pk: int(account.balance or 0) for account in accounts}
    return kept | {account: int(total or 0) for account, total in summed}


def holders_of(numbers: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Whose numbers these are, as subjects, as far as they are anybody's still."""
    rows = Holder.objects.filter(number__in=set(numbers)).only("number", "subject")
    return {row.number: row.subject_id for row in rows}


def entries_between(since: datetime, until: datetime) -> Iterator[list[Entry]]:
    """All entries of since <= moment < until with their transfers and accounts, oldest first, ENTRIES_AT_ONCE at once.

    Those of one transfer stand together, and may be split between two lists.
    """
    rows = Entry.objects.filter(transfer__at__gte=since, transfer__at__lt=until)
    rows = rows.select_related("transfer", "account").order_by("transfer__at", "transfer", "account")
    some = list(rows[:ENTRIES_AT_ONCE])
    while some:
        yield some
        some = list(rows.filter(_after(some[-1]))[:ENTRIES_AT_ONCE])


def _after(last: Entry) -> Q:
    at, transfer = last.transfer.at, last.transfer_id
    same = Q(transfer__at=at, transfer=transfer, account__gt=last.account_id)
    return Q(transfer__at__gt=at) | Q(transfer__at=at, transfer__gt=transfer) | same


def clearing_entries(provider: str, since: datetime, until: datetime) -> "QuerySet[Entry]":
    """What moved on a provider's clearing account in since <= moment < until, with its transfers, oldest first."""
    rows = Entry.objects.filter(account__kind=Kind.CLEARING, account__detail=provider)
    rows = rows.filter(transfer__at__gte=since, transfer__at__lt=until)
    return rows.select_related("transfer").order_by("transfer__at", "pk")
