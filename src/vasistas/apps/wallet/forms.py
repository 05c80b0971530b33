"""Check amounts, limits and pauses. Amounts are typed in the currency and handed on in minor units."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.wallet import rules
from vasistas.apps.wallet.templatetags.wallet_tags import MINOR, money

DIGITS_MAX = 9
TYPED_MAX = 10**DIGITS_MAX - 1  # minor units
EXCLUSION_MONTHS = (6, 12, 24, 60)
DAYS_PER_MONTH = 30.5  # six of them are more than EXCLUSION_MIN


class AmountField(forms.DecimalField):
    """An amount in the currency, two places at most; cleaned to minor units. low, high: of what may be typed."""

    def __init__(self, *, low: int = 1, high: int = TYPED_MAX, **options: Any) -> None:
        self.low, self.high = low, high
        super().__init__(max_digits=DIGITS_MAX, decimal_places=2, **options)
        self.widget.attrs |= {"min": typed(low), "max": typed(high), "step": "0.01", "inputmode": "decimal"}

    def clean(self, value: Any) -> Any:
        given = super().clean(value)
        if given is None:
            return None
        minor = int(given * MINOR)
        if not self.low <= minor <= self.high:
            words = _("Choose an amount from %(low)s to %(high)s.")
            raise ValidationError(words % {"low": money(self.low), "high": money(self.high)})
        return minor


def typed(minor: int) -> str:
    """`1250` as `12.50`, for the value of a field."""
    return f"{Decimal(minor) / MINOR:.2f}"


class LimitForm(forms.Form):
    per_day = AmountField(
        label=gettext_lazy("At most in 24 hours"),
        required=False,
        help_text=gettext_lazy("Empty: no limit. Lower counts at once; higher, or none, after 24 hours."),
    )


class PauseForm(forms.Form):
    days = forms.TypedChoiceField(
        label=gettext_lazy("For how long?"),
        choices=[
            (one.days, gettext_lazy("%d days") % one.days if one.days > 1 else gettext_lazy("1 day"))
            for one in rules.COOL_OFFS
        ],
        coerce=int,
    )

    def length(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class ExcludeForm(forms.Form):
    months = forms.TypedChoiceField(
        label=gettext_lazy("For how long?"),
        choices=[(number, gettext_lazy("%d months") % number) for number in EXCLUSION_MONTHS],
        coerce=int,
    )
    is_sure = forms.BooleanField(label=gettext_lazy("I know that nobody can end it early, not even you"))

    def length(self) -> timedelta:
        return min(timedelta(days=round(self.cleaned_data["months"] * DAYS_PER_MONTH)), rules.EXCLUSION_MAX)
