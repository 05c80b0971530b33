"""What a host offers: typed in credits, kept in minor units."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from vasistas.apps.shows.models import Offer
from vasistas.apps.shows.operations import Offered
from vasistas.apps.shows.rules import BUDGET_MINUTES_MAX, PRICE_MINOR_MAX

PRICES = ("private_price", "group_price", "ticket_price", "spy_price")


class _Price(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=PRICE_MINOR_MAX, required=False, initial=0, **options)


class OfferForm(forms.Form):
    is_open = forms.BooleanField(label=_("Take requests"), required=False)
    private_price = _Price(label=_("Private session, credits a minute"), help_text=_("0: not offered."))
    budget_minutes_min = forms.IntegerField(
        label=_("Least budget, minutes"),
        min_value=1,
        max_value=BUDGET_MINUTES_MAX,
        initial=5,
        help_text=_("What a viewer sets aside at least. Only delivered seconds are charged."),
    )
    allows_cam = forms.BooleanField(label=_("Whoever pays may show their own camera"), required=False)
    allows_spies = forms.BooleanField(
        label=_("Let others watch, listed to both of you, without a word"), required=False
    )
    spy_price = _Price(label=_("Watching along, credits a minute"))
    group_price = _Price(label=_("Group show, credits a minute and person"))
    ticket_price = _Price(label=_("Ticket show, credits for the whole"))

    @staticmethod
    def initial_of(offer: Offer) -> dict[str, Any]:
        names = ("is_open", "budget_minutes_min", "allows_cam", "allows_spies")
        plain = {name: getattr(offer, name) for name in names}
        return plain | {name: getattr(offer, name) // settings.CREDIT_MINOR for name in PRICES}

    def offered(self) -> Offered:
        typed = self.cleaned_data
        minor = {name: (typed[name] or 0) * settings.CREDIT_MINOR for name in PRICES}
        return Offered(
            is_open=typed["is_open"],
            budget_minutes_min=typed["budget_minutes_min"],
            allows_cam=typed["allows_cam"],
            allows_spies=typed["allows_spies"],
            **minor,
        )
