"""What the operator keeps and reports: records by law, and the year's sums of each payee (Directive (EU) 2021/514)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from vasistas.apps.payouts.models import Payee, Record
from vasistas.apps.payouts.queries.earnings import EARNING_KINDS, MOVED_KINDS
from vasistas.apps.payouts.queries.runs import payees_by_number
from vasistas.apps.payouts.rules import PAYEES_REPORTED_MAX, RECORDS_MAX, quarter_of
from vasistas.apps.wallet.models import Account, Entry, Kind
from vasistas.guard.policy import get_policy

QUARTERS = (1, 2, 3, 4)
ROWS_AT_ONCE = 500
RECORDS_LOOKED_AT = 2  # the closing may lack the details, the payment before has them
DETAILS = ("kind", "country", "legal_name", "address", "born_on", "tax_number", "vat", "vat_number", "iban", "bic")


@dataclass(frozen=True)
class Quarter:
    """consideration: what was credited, net of fees. fees: what the site kept of the same payments. Minor units."""

    consideration: int = 0
    activities: int = 0
    fees: int = 0


@dataclass(frozen=True)
class PayeeYear:
    """number: in the ledger. details: those in force; of an erased payee those of the latest record; may be empty."""

    number: UUID
    details: Mapping[str, str]
    quarters: Mapping[int, Quarter] = field(default_factory=dict)


def details_of(payee: Payee) -> dict[str, str]:
    """What of a payee's details the books need. Opens their seals."""
    return {name: str(getattr(payee, name)) for name in DETAILS}


def year_of(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def quarters_of(number: UUID, year: int) -> dict[int, Quarter]:
    """One holder's year. A fee is counted with the host whose activity it was, not with the studio as well."""
    return _quarters([number], year).get(number, {})


def payee_years(year: int) -> Iterator[PayeeYear]:
    """Everyone to whom something was credited in a year, erased ones too, PAYEES_REPORTED_MAX at most."""
    begins, ends = year_of(year)
    earned = Entry.objects.filter(
        account__kind__in=EARNING_KINDS, transfer__at__gte=begins, transfer__at__lt=ends
    ).exclude(transfer__kind__in=MOVED_KINDS)
    numbers = list(
        Account.objects.filter(pk__in=earned.values("account"))
        .order_by("number")
        .values_list("number", flat=True)
        .distinct()[:PAYEES_REPORTED_MAX]
    )
    for start in range(0, len(numbers), ROWS_AT_ONCE):
        some = numbers[start : start + ROWS_AT_ONCE]
        payees, quarters = payees_by_number(some), _quarters(some, year)
        for number in some:
            payee = payees.get(number)
            details = details_of(payee) if payee else _recorded(number)
            yield PayeeYear(number, details, quarters.get(number, {}))


def _recorded(number: UUID) -> dict[str, str]:
    """The details in the latest record about somebody who is erased."""
    found = Record.objects.filter(number=number, kind__in=[Record.Kind.CLOSING, Record.Kind.PAYOUT]).order_by("-pk")
    return next((details for row in found[:RECORDS_LOOKED_AT] if (details := json.loads(row.content)["payee"])), {})


def _quarters(numbers: list[UUID], year: int) -> dict[UUID, dict[int, Quarter]]:
    begins, ends = year_of(year)
    earned = (
        Entry.objects.filter(account__number__in=numbers, account__kind__in=EARNING_KINDS)
        .filter(transfer__at__gte=begins, transfer__at__lt=ends)
        .exclude(transfer__kind__in=MOVED_KINDS)
    )
    sums = (
        earned.annotate(month=TruncMonth("transfer__at"))
        .values("account__number", "month")
        .annotate(total=Sum("amount"), count=Count("transfer", distinct=True, filter=Q(amount__gt=0)))
        .order_by("account__number", "month")
    )
    fees = _fees(numbers, begins, ends)
    found: dict[UUID, dict[int, Quarter]] = {}
    for row in sums:
        number, quarter = row["account__number"], quarter_of(row["month"].date())
        before = found.setdefault(number, {}).get(quarter, Quarter())
        found[number][quarter] = Quarter(
            before.consideration + int(row["total"]),
            before.activities + int(row["count"]),
            before.fees + fees.get((number, row["month"].date()), 0),
        )
    return found


def _fees(numbers: list[UUID], begins: datetime, ends: datetime) -> dict[tuple[UUID, date], int]:
    """What the site kept of the payments to hosts, by number and month."""
    hosts = Entry.objects.filter(
        account__number__in=numbers, account__kind=Kind.HOST, transfer__at__gte=begins, transfer__at__lt=ends
    ).exclude(transfer__kind__in=MOVED_KINDS)
    kept = Entry.objects.filter(account__kind=Kind.REVENUE, transfer__in=hosts.values("transfer"))
    by_host = (
        kept.filter(transfer__entries__account__kind=Kind.HOST, transfer__entries__account__number__in=numbers)
        .annotate(month=TruncMonth("transfer__at"))
        .values("transfer__entries__account__number", "month")
        .annotate(total=Sum("amount"))
        .order_by()
    )
    return {(row["transfer__entries__account__number"], row["month"].date()): int(row["total"]) for row in by_host}


def records_of_year(year: int) -> Iterator[dict[str, Any]]:
    """What is kept by law of a year, opened; the files of runs apart. RECORDS_MAX at most, by age."""
    begins, ends = year_of(year)
    rows = Record.objects.filter(made_at__gte=begins, made_at__lt=ends).exclude(kind=Record.Kind.FILE).order_by("pk")
    latest = 0
    for _page in range(RECORDS_MAX // ROWS_AT_ONCE):
        found = list(rows.filter(pk__gt=latest)[:ROWS_AT_ONCE])
        if not found:
            return
        latest = found[-1].pk
        for row in found:
            yield {"kind": row.kind, "about": row.about, "made_at": row.made_at.isoformat(), **json.loads(row.content)}


def kept_of(number: UUID | None) -> dict[str, Any] | None:
    """What stays of somebody after their erasure, and by which law; None: nothing."""
    rows = Record.objects.filter(number=number) if number else Record.objects.none()
    latest = rows.order_by("-made_at").values_list("made_at", flat=True).first()
    if latest is None:
        return None
    rule = get_policy().retention["accounting"]
    return {
        "what": "payouts.Record",
        "rows": rows.count(),
        "statute": rule.statute,
        "until": (latest + timedelta(days=rule.days_max or rule.days_min)).date().isoformat(),
    }
