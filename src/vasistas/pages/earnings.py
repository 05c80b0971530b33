"""What a host's pages say about money: the chart, and the papers of a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from vasistas.apps.payouts import queries, rules
from vasistas.apps.payouts.documents import tables
from vasistas.apps.payouts.documents.paper import Paper, Table
from vasistas.apps.payouts.models import Payee
from vasistas.apps.payouts.queries import Day, Line, Statement
from vasistas.apps.wallet.templatetags.wallet_tags import credits as as_credits
from vasistas.apps.wallet.templatetags.wallet_tags import money

CHART_WIDTH, CHART_HEIGHT, BAR_GAP = 600, 140, 3  # units of the picture


@dataclass(frozen=True)
class Bar:
    """One day of the chart, in units of the picture."""

    day: Day
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    bars: Sequence[Bar]
    total: int
    best: int


def chart_of(days: Sequence[Day]) -> Chart:
    """Bars for days; a day on which more was taken back than earned stands at zero, the table says how much."""
    best = max((day.amount for day in days), default=0)
    step = CHART_WIDTH / max(len(days), 1)
    bars = []
    for number, day in enumerate(days):
        height = CHART_HEIGHT * max(day.amount, 0) / best if best > 0 else 0.0
        bars.append(Bar(day, number * step, CHART_HEIGHT - height, step - BAR_GAP, height))
    return Chart(CHART_WIDTH, CHART_HEIGHT, bars, sum(day.amount for day in days), best)


def number_of(statement: Statement, payee: Payee | None) -> str:
    """The number of a self-billed invoice: a series for each payee, one a month (2006/112/EC, Art. 226(2))."""
    return f"{payee.pk if payee else 0:06}-{statement.month}"


def statement_paper(statement: Statement, payee: Payee | None, at: datetime) -> Paper:
    """A month as a paper: with details of the payee a self-billed invoice, without them a statement."""
    month = date_format(statement.month.day, "F Y")
    kind = _("Self-billing invoice") if _is_invoice(payee) else _("Statement of earnings")
    return Paper(
        title=f"{kind}, {month}",
        about=_("Number %(number)s · made on %(day)s")
        % {"number": number_of(statement, payee), "day": date_format(at, "DATE_FORMAT")},
        sides=[(pgettext("invoice", "Supplier"), _supplier(payee)), (_("Recipient, who issues this"), _operator())],
        facts=_facts(statement, payee),
        tables=_tables(statement),
        notes=_notes(statement, payee, at),
        foot=f"{settings.SITE_NAME} · {settings.OPERATOR.name}",
    )


def _is_invoice(payee: Payee | None) -> bool:
    return payee is not None and payee.vat != Payee.Vat.NONE


def _supplier(payee: Payee | None) -> str:
    if payee is None:
        return _("No payout details given yet.")
    numbers = [(_("VAT number"), payee.vat_number), (_("Tax number"), payee.tax_number)]
    told = [f"{label}: {value}" for label, value in numbers if value]
    return "\n".join([payee.legal_name, payee.address, payee.country, *told])


def _operator() -> str:
    number = settings.OPERATOR_VAT_NUMBER
    told = [_("VAT number: %(number)s") % {"number": number}] if number else []
    return "\n".join([settings.OPERATOR.name, settings.OPERATOR.address, *told])


def _facts(statement: Statement, payee: Payee | None) -> list[tuple[str, str]]:
    first, last = statement.month.begins, statement.month.ends
    period = f"{date_format(first, 'DATE_FORMAT')} – {date_format(last - rules.MOMENT, 'DATE_FORMAT')}"
    facts = [(_("Period of supply"), period), (_("Earned"), as_credits(statement.earned))]
    if payee is not None:
        vat = rules.vat_of(payee.vat, payee.country, statement.earned)
        rate = f"{vat.rate} %"
        facts += [(_("Net"), money(vat.net)), (_("VAT %(rate)s") % {"rate": rate}, money(vat.tax)), ("", vat.note)]
    return facts


def _tables(statement: Statement) -> list[Table]:
    head = (pgettext("column", "What"), _("Number"), _("Amount"))
    earned = [(title, str(count), money(amount)) for title, count, amount in statement.lines]
    moved = [(title, str(count), money(amount)) for title, count, amount in statement.moved]
    days = [(date_format(one.day, "DATE_FORMAT"), money(one.amount)) for one in statement.days]
    balance = [(_("At the beginning"), money(statement.before)), (_("At the end"), money(statement.after))]
    return [
        Table(_("Earned"), head, earned, (_("Together"), "", money(statement.earned))),
        Table(_("Paid out and moved"), head, moved),
        Table(_("By day (UTC)"), (_("Day"), _("Amount")), days),
        Table(_("Balance"), ("", _("Amount")), balance),
    ]


def _notes(statement: Statement, payee: Payee | None, at: datetime) -> list[str]:
    notes = [
        _("Amounts are what you get, after the shares of the platform and of your studio. Each line is in the CSV."),
    ]
    if _is_invoice(payee):
        notes.append(_("Self-billing: issued by the recipient in the name of the supplier (2006/112/EC, Art. 224)."))
    if at < statement.month.ends:
        notes.append(_("The month is not over: this is what stood in the ledger on the day it was made."))
    return notes


def statement_csv(lines: Iterator[Line]) -> Iterator[str]:
    head = ("time_utc", "what", "room", "paid_by", "amount", "currency", "as")
    body = (
        (
            f"{line.at:%Y-%m-%d %H:%M:%S}",
            line.title,
            line.room,
            line.payer,
            tables.Number(tables.amount(line.amount)),
            settings.CURRENCY,
            "studio" if line.is_studio else "host",
        )
        for line in lines
    )
    return tables.rows(head, body)


def dac7_csv(year: int) -> Iterator[str]:
    """The year's sums of each payee, to be entered where the tax office takes them."""
    details = ("kind", "legal_name", "address", "country", "born_on", "tax_number", "vat_number", "iban")
    sums = [f"q{quarter}_{what}" for quarter in range(1, 5) for what in ("consideration", "activities", "fees")]
    body = (
        (
            year,
            str(one.number),
            *(one.details.get(name, "") for name in details),
            settings.CURRENCY,
            *(cell for quarter in range(1, 5) for cell in _quarter(one, quarter)),
        )
        for one in queries.payee_years(year)
    )
    return tables.rows(("year", "reference", *details, "currency", *sums), body)


def _quarter(one: queries.PayeeYear, quarter: int) -> tuple[object, ...]:
    sums = one.quarters.get(quarter, queries.Quarter())
    amounts = [tables.Number(tables.amount(minor)) for minor in (sums.consideration, sums.fees)]
    return amounts[0], sums.activities, amounts[1]
