"""Check what payees, owners of studios and staff type."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vasistas.apps.payouts import rules
from vasistas.apps.payouts.documents.letters import sepa_text
from vasistas.apps.payouts.models import (
    ADDRESS_CHARS_MAX,
    BIC_CHARS_MAX,
    HASH_CHARS,
    IBAN_CHARS_MAX,
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    TAX_NUMBER_CHARS_MAX,
    VAT_NUMBER_CHARS_MAX,
    Payee,
    Payout,
)
from vasistas.apps.payouts.operations import Details

if TYPE_CHECKING:
    from datetime import date

ADDRESS_LINES_MAX = 5
YEAR_MIN = 2020
SPACES_MAX = 16  # people type an IBAN in groups
# Where a payee may live or be established: the countries of SEPA.
COUNTRIES = (
    *(("AL", _("Albania")), ("AD", _("Andorra")), ("AT", _("Austria")), ("BE", _("Belgium")), ("BG", _("Bulgaria"))),
    *(("HR", _("Croatia")), ("CY", _("Cyprus")), ("CZ", _("Czechia")), ("DK", _("Denmark")), ("EE", _("Estonia"))),
    *(("FI", _("Finland")), ("FR", _("France")), ("DE", _("Germany")), ("GI", _("Gibraltar")), ("GR", _("Greece"))),
    *(("HU", _("Hungary")), ("IS", _("Iceland")), ("IE", _("Ireland")), ("IT", _("Italy")), ("LV", _("Latvia"))),
    *(("LI", _("Liechtenstein")), ("LT", _("Lithuania")), ("LU", _("Luxembourg")), ("MT", _("Malta"))),
    *(("MD", _("Moldova")), ("MC", _("Monaco")), ("ME", _("Montenegro")), ("NL", _("Netherlands"))),
    *(("MK", _("North Macedonia")), ("NO", _("Norway")), ("PL", _("Poland")), ("PT", _("Portugal"))),
    *(("RO", _("Romania")), ("SM", _("San Marino")), ("RS", _("Serbia")), ("SK", _("Slovakia"))),
    *(("SI", _("Slovenia")), ("ES", _("Spain")), ("SE", _("Sweden")), ("CH", _("Switzerland"))),
    *(("GB", _("United Kingdom")), ("VA", _("Vatican City"))),
)
VAT_PREFIX = {"GR": "EL"}  # of a country, where its VAT numbers begin otherwise


class DetailsForm(forms.Form):
    """Payout details. payee: those in force; their account number stays when none is typed."""

    kind = forms.ChoiceField(label=_("You are"), choices=Payee.Kind.choices)
    legal_name = forms.CharField(
        label=_("Legal name"), max_length=NAME_CHARS_MAX, help_text=_("Of the person or firm, as your bank has it.")
    )
    address = forms.CharField(
        label=_("Address"), max_length=ADDRESS_CHARS_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )
    country = forms.ChoiceField(label=_("Country"), choices=COUNTRIES)
    born_on = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Of private persons; Directive (EU) 2021/514 (DAC7) makes us ask."),
    )
    tax_number = forms.CharField(
        label=_("Tax identification number"),
        min_length=4,
        max_length=TAX_NUMBER_CHARS_MAX,
        validators=[RegexValidator(r"^[\w][\w ./-]*\Z", _("Letters, digits, spaces, dots, strokes and hyphens."))],
        help_text=_("The one your country gave you. DAC7 makes us ask."),
    )
    vat = forms.ChoiceField(label=_("VAT"), choices=Payee.Vat.choices)
    vat_number = forms.CharField(label=_("VAT number"), required=False, max_length=VAT_NUMBER_CHARS_MAX + SPACES_MAX)
    iban = forms.CharField(
        label=_("IBAN"),
        required=False,
        max_length=IBAN_CHARS_MAX + SPACES_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bic = forms.CharField(
        label=_("BIC"), required=False, max_length=BIC_CHARS_MAX, help_text=_("Only if your bank asks for it.")
    )

    def __init__(self, *args: Any, payee: Payee | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.payee = payee
        self.fields["iban"].required = payee is None

    @staticmethod
    def initial_of(payee: Payee) -> dict[str, Any]:
        """All but the account number, which is not shown whole to whoever sits there."""
        names = ("kind", "legal_name", "address", "country", "born_on", "tax_number", "vat", "vat_number")
        return {name: getattr(payee, name) for name in names}

    def clean_legal_name(self) -> str:
        name = " ".join(str(self.cleaned_data["legal_name"]).split())
        if not sepa_text(name, NAME_CHARS_MAX):
            raise forms.ValidationError(_("Banks carry Latin letters: write the name as your bank has it."))
        return name

    def clean_address(self) -> str:
        lines = [" ".join(line.split()) for line in str(self.cleaned_data["address"]).splitlines()]
        return "\n".join(line for line in lines if line)[:ADDRESS_CHARS_MAX]

    def clean_tax_number(self) -> str:
        return " ".join(str(self.cleaned_data["tax_number"]).split())

    def clean_iban(self) -> str:
        text = str(self.cleaned_data["iban"])
        return _checked(rules.clean_iban, text) if text.strip() else ""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self._check_age(given)
        self._check_vat(given)
        if given.get("bic") and not given.get("iban"):
            self.add_error("iban", _("Type the IBAN as well when you change the BIC."))
        elif given.get("bic"):
            self._keep("bic", lambda: rules.clean_bic(given["bic"], given["iban"]))
        return given

    def details(self) -> Details:
        """What was typed, clean."""
        return Details(**{name: self.cleaned_data[name] for name in self.fields})

    def _check_age(self, given: dict[str, Any]) -> None:
        born: date | None = given.get("born_on")
        if given.get("kind") == Payee.Kind.BUSINESS:
            given["born_on"] = None
        elif born is None and "born_on" not in self.errors:
            self.add_error("born_on", _("Private persons give their date of birth."))
        elif born is not None and not rules.is_of_age(born, timezone.localdate()):
            self.add_error("born_on", _("Hosts are 18 or older."))

    def _check_vat(self, given: dict[str, Any]) -> None:
        number, country = str(given.get("vat_number", "")), given.get("country", "")
        if given.get("vat") != Payee.Vat.REGISTERED:
            given["vat_number"] = ""
        elif not number:
            self.add_error("vat_number", _("Who is registered for VAT has a number."))
        elif country in rules.EU:
            self._keep("vat_number", lambda: rules.clean_vat_number(number))
            if "vat_number" in given and not str(given["vat_number"]).startswith(VAT_PREFIX.get(country, country)):
                self.add_error("vat_number", _("This VAT number is of another country than the address."))
        else:
            given["vat_number"] = "".join(number.split())[:VAT_NUMBER_CHARS_MAX]

    def _keep(self, name: str, clean: Callable[[], str]) -> None:
        try:
            self.cleaned_data[name] = clean()
        except ValueError as error:
            self.add_error(name, str(error))


def _checked(clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None


class ShareForm(forms.Form):
    percent = forms.IntegerField(
        label=_("What hosts get of what the platform leaves, percent"), min_value=0, max_value=100
    )


class ApproveForm(forms.Form):
    contents = forms.CharField(min_length=HASH_CHARS, max_length=HASH_CHARS)


class HoldForm(forms.Form):
    subject = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    because = forms.CharField(label=_("Why; the host reads it"), max_length=REASON_CHARS_MAX, widget=forms.TextInput)


class LiftForm(forms.Form):
    subject = forms.IntegerField(min_value=1)


class ReturnForm(forms.Form):
    payout = forms.UUIDField(widget=forms.HiddenInput)
    code = forms.ChoiceField(
        label=_("Reason"),
        choices=[one for one in Payout.Reason.choices if one[0][:2].isupper() and one[0][2:].isdigit()],
    )


class YearForm(forms.Form):
    year = forms.IntegerField(label=_("Year"), min_value=YEAR_MIN, max_value=9998)
