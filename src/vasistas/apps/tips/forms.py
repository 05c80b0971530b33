"""Check what is typed: a tip, a line of the menu, a goal. Amounts are typed in credits and kept in minor units."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vasistas.apps.rooms.forms import clean_line
from vasistas.apps.tips.models import KEY_CHARS_MAX, TITLE_CHARS_MAX, MenuItem
from vasistas.apps.tips.operations import Asked, TipRefused
from vasistas.apps.tips.rules import AMOUNT_MAX, TARGET_MAX

OWN = "own"  # the button of the free amount
TEXT_RAW_CHARS_MAX = 4_000


class GiveForm(forms.Form):
    """`amount`: minor units of a button, or "own" with `credits`; `item`: the id of a line of the menu."""

    key = forms.CharField(max_length=KEY_CHARS_MAX)
    amount = forms.CharField(max_length=12, required=False)
    credits = forms.IntegerField(min_value=1, max_value=AMOUNT_MAX, required=False)
    item = forms.IntegerField(min_value=1, required=False)
    text = forms.CharField(max_length=TEXT_RAW_CHARS_MAX, required=False, strip=False)
    is_anonymous = forms.BooleanField(required=False)

    def asked(self, menu: Sequence[MenuItem]) -> Asked:
        """Raises: TipRefused: what is missing or wrong, in words."""
        if not self.is_valid():
            raise TipRefused(gettext("Choose an amount that is offered, or one between."), code="tips.amount")
        typed = self.cleaned_data
        chosen = self._chosen(typed, menu)
        amount = chosen.amount if chosen else self._amount(typed)
        return Asked(typed["key"], amount, chosen.title if chosen else "", typed["text"], typed["is_anonymous"])

    def _chosen(self, typed: dict[str, Any], menu: Sequence[MenuItem]) -> MenuItem | None:
        if not typed["item"]:
            return None
        chosen = next((one for one in menu if one.pk == typed["item"]), None)
        if chosen is None:
            raise TipRefused(gettext("The host changed the menu. Look at it again."), code="tips.menu_changed")
        return chosen

    def _amount(self, typed: dict[str, Any]) -> int:
        if typed["amount"] in {OWN, ""}:
            return int(typed["credits"] or 0) * int(settings.CREDIT_MINOR)
        return int(typed["amount"]) if typed["amount"].isascii() and typed["amount"].isdecimal() else 0


class _Priced(forms.Form):
    title = forms.CharField(label=_("What it is"), max_length=TITLE_CHARS_MAX)
    credits = forms.IntegerField(label=_("Credits"), min_value=1, max_value=TARGET_MAX)

    def clean_title(self) -> str:
        title = clean_line(self.cleaned_data["title"])
        if not title:
            raise forms.ValidationError(gettext("Write something first."))
        return title

    def minor(self) -> int:
        """The amount, minor units."""
        return int(self.cleaned_data["credits"]) * int(settings.CREDIT_MINOR)


class ItemForm(_Priced):
    title = forms.CharField(label=_("What a tip gets"), max_length=TITLE_CHARS_MAX)


class GoalForm(_Priced):
    title = forms.CharField(label=_("What everyone gets"), max_length=TITLE_CHARS_MAX)
