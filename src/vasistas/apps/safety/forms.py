"""What people report, and what staff decides."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from vasistas.apps.safety.models import REFERENCE_CHARS_MAX, WORDS_CHARS_MAX, Decision, Ground

HOURS_MAX = 24 * 365  # of a suspension; for longer there is the ban
DISMISS = "dismiss"


class ReportForm(forms.Form):
    """lines: (id, text) of the chat, of which one may be chosen."""

    ground = forms.ChoiceField(label=gettext_lazy("What is wrong?"), choices=Ground.choices)
    line = forms.TypedChoiceField(
        label=gettext_lazy("Is it about something said in the chat?"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=(),
    )
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        help_text=gettext_lazy("When, what happened, what can be seen or heard. The person never learns who reported."),
        max_length=WORDS_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, lines: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        line = self.fields["line"]
        if isinstance(line, forms.ChoiceField):
            line.choices = [("", gettext_lazy("No, about the room or its host")), *lines]


class DecideForm(forms.Form):
    action = forms.ChoiceField(label=gettext_lazy("What is done?"), choices=Decision.Action.choices)
    ground = forms.ChoiceField(label=gettext_lazy("On what ground?"), choices=Ground.choices)
    is_legal = forms.BooleanField(label=gettext_lazy("It is against the law"), required=False)
    reference = forms.CharField(
        label=gettext_lazy("Which law, or which rule of the house"), max_length=REFERENCE_CHARS_MAX, required=False
    )
    hours = forms.IntegerField(
        label=gettext_lazy("For how many hours (mute, suspension; of a cut, until the room may come back)"),
        min_value=1,
        max_value=HOURS_MAX,
        required=False,
    )
    facts = forms.CharField(
        label=gettext_lazy("What happened? The person reads this."),
        max_length=WORDS_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def until(self, at: datetime) -> datetime | None:
        hours = self.cleaned_data["hours"]
        return at + timedelta(hours=hours) if hours else None


class AppealForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Why is the decision wrong?"),
        max_length=WORDS_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class CloseAppealForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Why? The person reads this."),
        max_length=WORDS_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
