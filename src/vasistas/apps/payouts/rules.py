"""What may be paid, to which account, with which tax, and when. No queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.utils.translation import gettext as _
from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.eu import vat as stdnum_vat
from stdnum.exceptions import ValidationError

from vasistas.apps.payouts.models import Payee, Payout
from vasistas.lib.errors import DomainError

IBAN_HOLD = timedelta(hours=72)  # after an account number was typed; whoever took over an account must wait as well
SHARE_NOTICE = timedelta(days=15)  # before hosts get less: Regulation (EU) 2019/1150, Art. 3(2)
PAYOUTS_PER_RUN_MAX = 1_000  # the rest comes with the next run
SEPA_AMOUNT_MAX = 99_999_999_999  # minor units of one credit transfer (EPC115-06); what is above rolls over
APPROVALS_MIN = 2  # of different people
AGE_MIN_YEARS = 18
MONTHS_SHOWN = 24
MOMENT = timedelta(microseconds=1)  # before the end of a month
DAYS_SHOWN = 30
STATEMENT_LINES_MAX = 100_000  # of one month's CSV
RECORDS_MAX = 50_000  # of one download
PAYEES_REPORTED_MAX = 50_000  # of one year's DAC7 file
# Countries of the SEPA schemes (EPC409-09), as IBANs begin.
_SEPA = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE"
    " SI SK SM VA"
)
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
SEPA, EU = frozenset(_SEPA.split()), frozenset(_EU.split())

State, Reason = Payout.State, Payout.Reason


class RunRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    status = 409
    code = "payouts.run"


class ApprovedBefore(RunRefused):
    """One person approves once; the second approval is another person's."""

    code = "payouts.approved_before"


class RunChanged(RunRefused):
    """What was shown is not what the run holds now."""

    code = "payouts.run_changed"


class NothingToPay(RunRefused):
    code = "payouts.nothing_to_pay"


class NotSetUp(RunRefused):
    """The operator named no bank account, or the currency is none of SEPA's."""

    code = "payouts.not_set_up"


class ShareRefused(DomainError):  # noqa: N818 — see above
    code = "payouts.share"


# -- Numbers -----------------------------------------------------------------------------------------------------------


def clean_iban(text: str) -> str:
    """The IBAN without spaces, in capitals (ISO 13616: length and form of its country, check digits by ISO 7064).

    Raises: ValueError: it is none, or not of a country of SEPA.
    """
    try:
        found = str(stdnum_iban.validate(text))
    except ValidationError:
        raise ValueError(_("This is no IBAN. Check each digit; it stands on your bank card or statement.")) from None
    if found[:2] not in SEPA:
        raise ValueError(_("We pay by SEPA: the account must be in a country that takes part in it."))
    return found


def clean_bic(text: str, iban: str = "") -> str:
    """The BIC in capitals, or "". Raises: ValueError: it is none (ISO 9362), or of another country than the IBAN."""
    if not text.strip():
        return ""
    try:
        found = str(stdnum_bic.validate(text))
    except ValidationError:
        raise ValueError(_("This is no BIC: 8 or 11 letters and digits. It may stay empty.")) from None
    if (
        iban and found[4:6] != iban[:2] and iban[:2] not in {"FR", "ES", "GB"}
    ):  # their territories have codes of their own
        raise ValueError(_("BIC and IBAN are of different countries."))
    return found


def clean_vat_number(text: str) -> str:
    """A VAT number of an EU country, with its prefix. Raises: ValueError: its form or check digits are wrong."""
    try:
        return str(stdnum_vat.validate(text)).upper()
    except ValidationError:
        raise ValueError(_("This is no VAT number of an EU country. Write it with its two letters.")) from None


# -- Who is paid, and who waits ----------------------------------------------------------------------------------------


def waits_because(payee: Payee | None, *, state: str, at: datetime) -> str:
    """Why somebody is not paid now, a Reason; "" when nothing holds it. state: of their subject."""
    if state not in {"active", "restricted"}:
        return Reason.GONE
    if state == "restricted":
        return Reason.RESTRICTED
    if payee is None:
        return Reason.NO_DETAILS
    if payee.held_at is not None:
        return Reason.BY_STAFF
    if payee.refused_at is not None and payee.refused_at >= payee.iban_at:
        return Reason.REFUSED
    return Reason.NEW_IBAN if at < payee.iban_at + IBAN_HOLD else ""


def contents_of(payouts: Iterable[Payout]) -> str:
    """SHA-256 over what a run would pay, in hex: other payments, another hash."""
    lines = sorted(f"{one.pk} {one.account_id} {one.amount}" for one in payouts if one.state == State.PREPARED)
    return sha256("\n".join(lines).encode()).hexdigest()


def check_set_up() -> None:
    """Raises: NotSetUp."""
    if settings.CURRENCY != "EUR":
        raise NotSetUp(_("SEPA pays euros; this site keeps its books in another currency. Pay by your bank."))
    try:
        clean_iban(settings.PAYOUT_IBAN)
        clean_bic(settings.PAYOUT_BIC)
    except ValueError:
        told = _("Set VASISTAS_PAYOUT_IBAN (and VASISTAS_PAYOUT_BIC) to the account the site pays from.")
        raise NotSetUp(told) from None


def check_percent(percent: int) -> None:
    """Raises: ShareRefused."""
    if not 0 <= percent <= 100:  # noqa: PLR2004 — percent
        raise ShareRefused(_("A share is between 0 and 100 percent."))


# -- Time --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Month:
    year: int
    month: int

    @property
    def begins(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return (self.begins + timedelta(days=32)).replace(day=1)

    @property
    def day(self) -> date:
        return self.begins.date()

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


def month_of(text: str) -> Month:
    """`2026-11`. Raises: ValueError."""
    found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    return Month(found.year, found.month)


def quarter_of(day: date) -> int:
    return (day.month + 2) // 3


def is_of_age(born: date, today: date) -> bool:
    return (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) >= AGE_MIN_YEARS


# -- VAT ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vat:
    """The tax in an amount. rate: percent. net + tax: the amount. note: what the statement has to say."""

    rate: int
    net: int
    tax: int
    note: str


def vat_of(kind: str, country: str, amount: int) -> Vat:
    """The VAT in what a host is paid, by Directive 2006/112/EC; the site issues the invoice in their name (Art. 224).

    Args: kind: a Payee.Vat.  amount: minor units, tax included where there is any.
    """
    home = settings.OPERATOR_COUNTRY
    if kind == Payee.Vat.SMALL:
        note = _("Exempt: small enterprise (Directive 2006/112/EC, Art. 282 to 292). No VAT is shown.")
        return Vat(0, amount, 0, note)
    if kind != Payee.Vat.REGISTERED:
        return Vat(0, amount, 0, _("Not a taxable person by their own statement. No VAT is shown."))
    if country == home:
        tax = _tax_in(amount, settings.VAT_PERCENT)
        return Vat(settings.VAT_PERCENT, amount - tax, tax, _("VAT is included."))
    if country in EU and home in EU:
        note = _("Reverse charge: VAT is owed by the recipient (Directive 2006/112/EC, Art. 44 and 196).")
    else:
        note = _("Supplied where the recipient is established (Directive 2006/112/EC, Art. 44). No VAT is shown.")
    return Vat(0, amount, 0, note)


def _tax_in(amount: int, percent: int) -> int:
    """The tax within an amount, rounded half up to a minor unit; of a negative amount, the negative."""
    size = (abs(amount) * percent * 2 + 100 + percent) // (2 * (100 + percent))
    return size if amount >= 0 else -size
