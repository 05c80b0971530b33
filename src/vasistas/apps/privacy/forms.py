"""Check what is asked, and what staff answers."""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.privacy import rules
from vasistas.apps.privacy.models import ADDRESS_CHARS_MAX, NOTE_CHARS_MAX, REQUEST_CHARS_MAX, RightsRequest
from vasistas.apps.privacy.operations import Asked

RECEIVED_DAYS_MAX = 366  # a letter that lay about for longer is entered with the date it has
Kind = RightsRequest.Kind
ASKED_IN_WORDS = (Kind.REVIEW, Kind.CORRECTION, Kind.ACCESS, Kind.ERASURE, Kind.PORTABILITY, Kind.OTHER)
KIND_WORDS = {
    Kind.REVIEW: gettext_lazy("A human shall look at a ban, mute or automated decision"),
    Kind.CORRECTION: gettext_lazy("Something about me is wrong"),
    Kind.ACCESS: gettext_lazy("I want to know something about my data"),
    Kind.ERASURE: gettext_lazy("Something about me shall be erased"),
    Kind.PORTABILITY: gettext_lazy("I want my data in a form for machines, or sent to someone else"),
    Kind.OTHER: gettext_lazy("Something else"),
}


class _Words(forms.CharField):
    """Too long is a sentence beside the text, which stays; not the browser's silent cut."""

    def __init__(self, chars_max: int, **options: Any) -> None:
        super().__init__(**{"widget": forms.Textarea(attrs={"rows": 5}), **options})
        self.validators.append(MaxLengthValidator(chars_max))


class _OnceForm(forms.Form):
    """Sent twice, it is sent once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class AskForm(_OnceForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What is it about?"), choices=[(one.value, KIND_WORDS[one]) for one in ASKED_IN_WORDS]
    )
    text = _Words(REQUEST_CHARS_MAX, label=gettext_lazy("In your words"))

    def asked(self) -> Asked:
        given = self.cleaned_data
        return Asked(given["kind"], RightsRequest.Via.ACCOUNT, text=given["text"], submit_key=given["key"])


class ObjectForm(_OnceForm):
    """uses: (purpose, words) of what can be objected to."""

    purpose = forms.ChoiceField(label=gettext_lazy("What shall stop?"))
    text = _Words(
        REQUEST_CHARS_MAX,
        label=gettext_lazy("Your situation, if you want to tell it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, uses: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["purpose"].choices = uses  # type: ignore[attr-defined]  # a ChoiceField

    def asked(self) -> Asked:
        given = self.cleaned_data
        via = RightsRequest.Via.ACCOUNT
        return Asked(Kind.OBJECTION, via, given["text"], given["purpose"], submit_key=given["key"])


class RestrictForm(_OnceForm):
    on = forms.TypedChoiceField(choices=[("1", "on"), ("0", "off")], coerce=lambda value: value == "1")


class EnterForm(_OnceForm):
    """A request that came by letter or mail, entered by staff with the day it came."""

    kind = forms.ChoiceField(label=gettext_lazy("About"), choices=Kind.choices)
    via = forms.ChoiceField(
        label=gettext_lazy("Came by"),
        choices=[(one.value, one.label) for one in RightsRequest.Via if one not in {"account", "mail_link"}],
    )
    received = forms.DateField(
        label=gettext_lazy("Came on"),
        help_text=gettext_lazy("The clock runs from this day."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    address = forms.EmailField(
        label=gettext_lazy("Mail address"),
        help_text=gettext_lazy("Empty if there is none: then the answer goes by letter."),
        required=False,
        max_length=ADDRESS_CHARS_MAX,
    )
    is_verified = forms.BooleanField(label=gettext_lazy("We know that it is they who ask"), required=False)
    text = _Words(REQUEST_CHARS_MAX, label=gettext_lazy("What is asked"))

    def clean_received(self) -> date:
        day: date = self.cleaned_data["received"]
        today = timezone.localdate()
        if not today - timedelta(days=RECEIVED_DAYS_MAX) <= day <= today:
            raise forms.ValidationError(_("Give the day it came: not in the future, and within the last year."))
        return day

    def asked(self, *, has_account: bool) -> Asked:
        given = self.cleaned_data
        noon = timezone.make_aware(datetime.combine(given["received"], time(12)))
        return Asked(
            given["kind"],
            given["via"],
            text=given["text"],
            address="" if has_account else given["address"],
            received_at=min(noon, timezone.now()),
            is_verified=given["is_verified"],
            submit_key=given["key"],
        )


class ExtendForm(forms.Form):
    months = forms.TypedChoiceField(
        label=gettext_lazy("For"),
        coerce=int,
        choices=[(1, gettext_lazy("one more month")), (rules.EXTENSION_MONTHS_MAX, gettext_lazy("two more months"))],
    )
    reason = _Words(NOTE_CHARS_MAX, label=gettext_lazy("Why; the person reads this"))


class AnswerForm(forms.Form):
    text = _Words(REQUEST_CHARS_MAX, label=gettext_lazy("Answer"))


class RefuseForm(forms.Form):
    ground = _Words(
        REQUEST_CHARS_MAX - 500,  # the words of redress are put behind it
        label=gettext_lazy("Ground; the person reads this"),
        help_text=gettext_lazy("Where to complain is added."),
    )
