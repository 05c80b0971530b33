"""Check what is bought, and what is given back. Amounts are typed in the currency and handed on in minor units."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas import payments
from vasistas.apps.purchases.models import REASON_CHARS_MAX, SavedMethod
from vasistas.apps.purchases.operations import Wanted
from vasistas.apps.wallet.forms import AmountField, typed
from vasistas.apps.wallet.templatetags.wallet_tags import money

TEXT_CHARS_MAX = 64
FREE = "free"


class _OnceForm(forms.Form):
    """Sent twice, it counts once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class BuyForm(_OnceForm):
    """methods: the member's saved ones. A pack, or an amount of one's own; where to pay; whether to save the way."""

    pack = forms.ChoiceField(label=gettext_lazy("How much?"), widget=forms.RadioSelect)
    amount = forms.Field()
    way = forms.ChoiceField(label=gettext_lazy("Pay with"), widget=forms.RadioSelect)
    save = forms.BooleanField(label=gettext_lazy("Let the provider keep this way to pay for next time"), required=False)

    def __init__(self, *given: Any, methods: list[SavedMethod] | None = None, **options: Any) -> None:
        super().__init__(*given, **options)
        low, high = settings.PURCHASE_MIN_MINOR, settings.PURCHASE_MAX_MINOR
        self.packs = list(settings.PURCHASE_PACKS_MINOR)
        self._choices("pack", [(str(pack), money(pack)) for pack in self.packs] + [(FREE, _("Another amount"))])
        words = _("Another amount, %(low)s to %(high)s") % {"low": money(low), "high": money(high)}
        self.fields["amount"] = AmountField(low=low, high=high, required=False, label=words)
        saved = [(f"{one.provider}:{one.pk}", one.label) for one in methods or []]
        ways = saved + [(f"{name}:", label_of(name)) for name in payments.names()]
        self._choices("way", ways)
        self.initial.setdefault("pack", str(self.packs[0]) if self.packs else FREE)
        self.initial.setdefault("way", ways[0][0] if ways else "")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("pack") == FREE and given.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Type an amount."))
        return given

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        name, _colon, number = given["way"].partition(":")
        amount = given["amount"] if given["pack"] == FREE else int(given["pack"])
        method_id = int(number) if number else None
        return Wanted(given["key"], amount, name, saves_method=given["save"] and method_id is None, method_id=method_id)

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices


def label_of(provider: str) -> str:
    """How a provider is called on a page."""
    return {"sandbox": _("Sandbox (no real money)"), "stripe": "Stripe", "ccbill": "CCBill"}.get(provider, provider)


class RefundForm(_OnceForm):
    """most: what can be given back, minor units: said here, and decided by the operation, for a form sent twice is no
    fault.
    """

    amount = forms.Field()

    def __init__(self, *given: Any, most: int, **options: Any) -> None:
        super().__init__(*given, **options)
        words = _("How much, up to %(most)s") % {"most": money(most)}
        self.fields["amount"] = AmountField(label=words)
        self.fields["amount"].widget.attrs["max"] = typed(most)
        self.initial.setdefault("amount", typed(most))


class StaffRefundForm(RefundForm):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_CHARS_MAX,
        help_text=gettext_lazy("The member reads it. What of it the member has spent is the site’s own cost."),
    )


class SearchForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Reference"), max_length=TEXT_CHARS_MAX, required=False)
