"""Reads what chat forms post. Whether it may be done is decided by the operations."""

from django import forms
from django.utils.translation import gettext_lazy as _

from vasistas.apps.chat.commands import MUTE_MINUTES_DEFAULT, MUTE_MINUTES_MAX, SLOW_MODE_S_MAX
from vasistas.apps.chat.models import LISTED_CHARS_MAX, REASON_CHARS_MAX, RoomSettings
from vasistas.apps.chat.operations import Asked

POSTED_CHARS_MAX = 16_384  # the operation counts what is left after normalising


class Say(forms.Form):
    """Keeps the text as typed: an error gives it back unchanged."""

    text = forms.CharField(max_length=POSTED_CHARS_MAX, strip=False, required=False)


class About(forms.Form):
    """An act about one message: the message itself, or its author. reason: optional but for staff."""

    message = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=REASON_CHARS_MAX, required=False)


class Reason(forms.Form):
    reason = forms.CharField(max_length=REASON_CHARS_MAX, required=False)


class Mute(About):
    minutes = forms.IntegerField(min_value=1, max_value=MUTE_MINUTES_MAX, required=False)

    def clean_minutes(self) -> int:
        return self.cleaned_data["minutes"] or MUTE_MINUTES_DEFAULT


class Unmute(forms.Form):
    mute = forms.IntegerField(min_value=1)


class Ban(About):
    days = forms.IntegerField(min_value=1, max_value=365, required=False)


class Unban(forms.Form):
    ref = forms.RegexField(r"^[0-9a-f]{16}\Z")


class SlowMode(forms.Form):
    seconds = forms.IntegerField(min_value=0, max_value=SLOW_MODE_S_MAX, label=_("Slow mode"))


class Settings(forms.Form):
    audience = forms.ChoiceField(choices=RoomSettings.Audience.choices, label=_("Who may chat"))
    links_allowed = forms.BooleanField(required=False, label=_("Members may post links"))
    account_age_min = forms.IntegerField(min_value=0, required=False, label=_("Accounts no younger than"))
    follow_min = forms.IntegerField(min_value=0, required=False, label=_("Followers since"))
    words = forms.CharField(max_length=LISTED_CHARS_MAX, required=False, label=_("Words nobody may say"))

    def asked(self) -> Asked:
        given = self.cleaned_data
        ages = {name: given[name] or 0 for name in ("account_age_min", "follow_min")}
        return Asked(given["audience"], given["links_allowed"], words=given["words"], **ages)
