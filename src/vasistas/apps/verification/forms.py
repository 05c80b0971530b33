"""Check what staff decides on a host."""

from django import forms
from django.utils.translation import gettext_lazy as _

from vasistas.apps.verification import rules


class DecisionForm(forms.Form):
    act = forms.ChoiceField(choices=[("clear", _("Clear")), ("withdraw", _("Withdraw"))])
    host = forms.IntegerField(min_value=1)
    days = forms.IntegerField(min_value=1, max_value=rules.CLEARANCE_DAYS_MAX, required=False)

    def clean_days(self) -> int:
        return int(self.cleaned_data["days"] or rules.CLEARANCE_DAYS)
