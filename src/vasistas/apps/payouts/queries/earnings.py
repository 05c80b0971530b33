"""What somebody earned, line by line from the ledger, and what became of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate, TruncMonth

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import rules
from vasistas.apps.payouts.models import Payee, Payout, ShareNotice
from vasistas.apps.payouts.queries.runs import payee_of
from vasistas.apps.payouts.rules import DAYS_SHOWN, MONTHS_SHOWN, STATEMENT_LINES_MAX, Month
from vasistas.apps.privacy.models import Subject
from vasistas.apps.providers.models import Host
from vasistas.apps.providers.rules import split_of
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.queries import audience_of
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Account, Entry, Holder, Kind, TransferKind
from vasistas.apps.wallet.queries import LINES_PER_PAGE

EARNING_KINDS = (Kind.HOST, Kind.STUDIO)
# What moves earnings without being any: paid to the bank, back from it, closed with the account.
MOVED_KINDS = (TransferKind.PAYOUT, TransferKind.PAYOUT_RETURNED, TransferKind.LAPSED)
NAME_CHARS = 8  # of the pairwise name of whoever paid; as chat shows it
PAYOUTS_SHOWN = 20
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Line:
    """One entry. amount: minor units, below zero when it was taken back. room: title, "" when it is gone. payer: the
    name under which this room alone knows them, "" when nobody paid or they are gone.
    """

    id: int
    at: datetime
    kind: str
    title: str
    amount: int
    room: str
    payer: str
    is_studio: bool


@dataclass(frozen=True)
class Day:
    day: date
    amount: int


@dataclass(frozen=True)
class MonthTotal:
    """earned, paid: minor units. count: of entries that earned."""

    month: Month
    earned: int
    paid: int
    count: int


@dataclass(frozen=True)
class Shares:
    """What becomes of 100 credits, minor units: `of` is the whole. effective: percent of it that the host gets."""

    of: int
    platform: int
    studio: int
    host: int
    platform_percent: int
    studio_percent: int
    coming: ShareNotice | None

    @property
    def effective(self) -> float:
        return 100 * self.host / self.of


@dataclass(frozen=True)
class Statement:
    """One month of one person. lines: title -> (count, amount). before, after: balances, minor units."""

    month: Month
    before: int
    after: int
    earned: int
    lines: Sequence[tuple[str, int, int]]
    moved: Sequence[tuple[str, int, int]]
    days: Sequence[Day]


def accounts_of(subject_id: int) -> list[Account]:
    """The accounts somebody earns in: as a host, and as the owner of studios."""
    number = wallet.number_of(subject_id)
    if number is None:
        return []
    return list(Account.objects.filter(number=number, kind__in=EARNING_KINDS).order_by("pk"))


def balance_of(subject_id: int) -> int:
    return sum(account.balance or 0 for account in accounts_of(subject_id))


def has_earned(subject_id: int) -> bool:
    return _entries(accounts_of(subject_id)).exists()


def lines_of(subject_id: int, *, before: int | None = None) -> list[Line]:
    """The newest lines, LINES_PER_PAGE at most. before: the id of the last line shown."""
    rows = _entries(accounts_of(subject_id))
    rows = rows.filter(pk__lt=before) if before is not None else rows
    return _told(list(rows.select_related("transfer", "account").order_by("-pk")[:LINES_PER_PAGE]))


def statement_lines(subject_id: int, month: Month) -> Iterator[Line]:
    """Every line of a month, oldest first, STATEMENT_LINES_MAX at most."""
    rows = _in(_entries(accounts_of(subject_id)), month).select_related("transfer", "account").order_by("pk")
    latest = 0
    for _page in range(STATEMENT_LINES_MAX // ROWS_AT_ONCE):
        found = list(rows.filter(pk__gt=latest)[:ROWS_AT_ONCE])
        if not found:
            return
        latest = found[-1].pk
        yield from _told(found)


def days_of(subject_id: int, today: date) -> list[Day]:
    """What was earned on each of the last DAYS_SHOWN days (UTC), oldest first; days without anything too."""
    first = today - timedelta(days=DAYS_SHOWN - 1)
    rows = _earned(_entries(accounts_of(subject_id))).filter(transfer__at__gte=Month(first.year, first.month).begins)
    found = _by_day(rows)
    return [Day(day, found.get(day, 0)) for day in (first + timedelta(days=n) for n in range(DAYS_SHOWN))]


def months_of(subject_id: int) -> list[MonthTotal]:
    """The latest MONTHS_SHOWN months in which something happened, newest first."""
    is_moved = Q(transfer__kind__in=MOVED_KINDS)
    rows = (
        _entries(accounts_of(subject_id))
        .annotate(month=TruncMonth("transfer__at"))
        .values("month")
        .annotate(earned=Sum("amount", filter=~is_moved), paid=Sum("amount", filter=is_moved), count=Count("pk"))
        .order_by("-month")[:MONTHS_SHOWN]
    )
    return [
        MonthTotal(Month(row["month"].year, row["month"].month), row["earned"] or 0, -(row["paid"] or 0), row["count"])
        for row in rows
    ]


def statement_of(subject_id: int, month: Month) -> Statement | None:
    """A month in sums, or None when nothing was ever entered up to its end."""
    rows = _entries(accounts_of(subject_id))
    before = _sum(rows.filter(transfer__at__lt=month.begins))
    here = _in(rows, month)
    if not before and not here.exists():
        return None
    found = here.values_list("transfer__kind").annotate(count=Count("pk"), total=Sum("amount"))
    sums = [
        (kind, str(TransferKind(kind).label), count, int(total))
        for kind, count, total in found.order_by("transfer__kind").values_list("transfer__kind", "count", "total")
    ]
    days = [Day(day, amount) for day, amount in sorted(_by_day(_earned(here)).items())]
    return Statement(
        month=month,
        before=before,
        after=before + sum(total for *_rest, total in sums),
        earned=sum(total for kind, _title, _count, total in sums if kind not in MOVED_KINDS),
        lines=[(title, count, total) for kind, title, count, total in sums if kind not in MOVED_KINDS],
        moved=[(title, count, total) for kind, title, count, total in sums if kind in MOVED_KINDS],
        days=days,
    )


def payouts_of(subject_id: int) -> list[Payout]:
    """Somebody's latest payouts, PAYOUTS_SHOWN at most; one that waits for two people is nobody's news yet."""
    rows = Payout.objects.filter(account__in=accounts_of(subject_id)).exclude(state=Payout.State.PREPARED)
    return list(rows.order_by("-at")[:PAYOUTS_SHOWN])


def waits_for(subject_id: int, at: datetime) -> tuple[str, Payee | None]:
    """What keeps somebody from being paid now, as words, "" when nothing does; and their details, if any."""
    state = Subject.objects.values_list("state", flat=True).get(pk=subject_id)
    payee = payee_of(subject_id)
    reason = rules.waits_because(payee, state=state, at=at)
    return (str(Payout.Reason(reason).label) if reason else ""), payee


def shares_of(host: Host) -> Shares:
    """What becomes of 100 credits paid to a host. host: with its studio."""
    whole = 100 * settings.CREDIT_MINOR
    split = split_of(host, whole)
    studio_percent = 100 - host.studio.host_share_percent if host.studio else 0
    coming = ShareNotice.objects.filter(studio=host.studio_id, applied_at=None).first() if host.studio_id else None
    return Shares(
        of=whole,
        platform=split.platform,
        studio=split.studio,
        host=split.host,
        platform_percent=settings.PLATFORM_SHARE_PERCENT,
        studio_percent=studio_percent,
        coming=coming,
    )


# -- Sums --------------------------------------------------------------------------------------------------------------


def _entries(among: Iterable[Account]) -> "QuerySet[Entry]":
    return Entry.objects.filter(account__in=[account.pk for account in among])


def _earned(rows: "QuerySet[Entry]") -> "QuerySet[Entry]":
    return rows.exclude(transfer__kind__in=MOVED_KINDS)


def _in(rows: "QuerySet[Entry]", month: Month) -> "QuerySet[Entry]":
    return rows.filter(transfer__at__gte=month.begins, transfer__at__lt=month.ends)


def _sum(rows: "QuerySet[Entry]") -> int:
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def _by_day(rows: "QuerySet[Entry]") -> dict[date, int]:
    summed = rows.annotate(day=TruncDate("transfer__at")).values("day").annotate(total=Sum("amount"))
    return {row["day"]: int(row["total"]) for row in summed.order_by("day")}


# -- Who paid, by the name this room alone knows -----------------------------------------------------------------------


def _told(rows: Sequence[Entry]) -> list[Line]:
    sides = _sides([row.transfer_id for row in rows])
    rooms = _rooms({host for _payer, host in sides.values() if host})
    payers = _members({payer for payer, _host in sides.values() if payer})
    return [_line(row, *sides.get(row.transfer_id, (None, None)), rooms, payers) for row in rows]


def _line(
    row: Entry, payer: UUID | None, host: UUID | None, rooms: Mapping[UUID, Any], payers: Mapping[UUID, Any]
) -> Line:
    room, who = rooms.get(host) if host else None, payers.get(payer) if payer else None
    is_told = row.transfer.kind != TransferKind.TIP  # it may come from "Someone"; the others stand on the page of tips
    name = accounts.alias_for(who, audience_of(room))[:NAME_CHARS] if room and who and is_told else ""
    return Line(
        id=row.pk,
        at=row.transfer.at,
        kind=row.transfer.kind,
        title=str(TransferKind(row.transfer.kind).label),
        amount=row.amount,
        room=room.title if room else "",
        payer=name,
        is_studio=row.account.kind == Kind.STUDIO,
    )


def _sides(transfers: Sequence[UUID]) -> dict[UUID, tuple[UUID | None, UUID | None]]:
    """Of each transfer: the numbers of whoever paid and of the host who earned."""
    found: dict[UUID, tuple[UUID | None, UUID | None]] = {}
    sides = Entry.objects.filter(transfer__in=transfers, account__kind__in=[Kind.MEMBER, Kind.HOLD, Kind.HOST])
    for transfer, kind, number in sides.values_list("transfer", "account__kind", "account__number"):
        payer, host = found.get(transfer, (None, None))
        found[transfer] = (payer, number) if kind == Kind.HOST else (number, host)
    return found


def _rooms(numbers: Iterable[UUID]) -> dict[UUID, Room]:
    holders = dict(Holder.objects.filter(number__in=numbers).values_list("subject", "number"))
    found = Room.objects.filter(host__member__subject__in=holders)
    rows = found.values_list("host__member__subject", "pk", "title")
    return {holders[subject]: Room(pk=pk, title=title) for subject, pk, title in rows}


def _members(numbers: Iterable[UUID]) -> dict[UUID, Member]:
    holders = dict(Holder.objects.filter(number__in=numbers).values_list("subject", "number"))
    return {
        holders[subject]: Member(pk=member)
        for member, subject in Member.objects.filter(subject__in=holders).values_list("pk", "subject")
    }
