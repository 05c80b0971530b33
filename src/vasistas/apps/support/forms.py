"""What people and staff enter about conversations."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.support import rules
from vasistas.apps.support.models import (
    CANNED_CHARS_MAX,
    CANNED_NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    TITLE_CHARS_MAX,
    CannedAnswer,
    Window,
)
from vasistas.inbound import File
from vasistas.inbound.files import safe_name, type_of

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

SAID_CHARS_MAX = 10_000  # of one message by form
FORM_FILES_MAX = 5
TAKEN = "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain"
FORM_BYTES_MAX = 10 * 1024 * 1024  # of all files together


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Some files, taken by what their bytes are."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[File]:
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if len(given) > FORM_FILES_MAX:
            raise forms.ValidationError(_("Choose at most %(count)d files.") % {"count": FORM_FILES_MAX})
        if sum(one.size for one in given) > FORM_BYTES_MAX:
            raise forms.ValidationError(_("Choose files of at most 10 MB together."))
        return [self._taken(super(_FilesField, self).clean(one, initial)) for one in given]

    def _taken(self, upload: "UploadedFile[Any]") -> File:
        data, name = upload.read(), safe_name(str(upload.name))
        kind = type_of(data)
        if not kind:
            said = _("%(name)s is not taken. Send pictures (PNG, JPEG, GIF, WebP), PDF or plain text.")
            raise forms.ValidationError(said % {"name": name})
        return File(name, kind, data)


class ReportForm(forms.Form):
    """address: asked of those who are not signed in; without it nobody can answer."""

    title = forms.CharField(label=gettext_lazy("What is it about?"), max_length=TITLE_CHARS_MAX)
    text = forms.CharField(
        label=gettext_lazy("What happened?"),
        help_text=gettext_lazy("Where, what you did, what you saw, what you expected. Never your password."),
        max_length=SAID_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    attachments = _FilesField(label=gettext_lazy("Pictures"), required=False)
    address = forms.EmailField(
        label=gettext_lazy("Mail address, if you want an answer"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: Any, is_member: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["attachments"].widget.attrs["accept"] = TAKEN
        if is_member:
            del self.fields["address"]


class SayForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your message"), max_length=SAID_CHARS_MAX, widget=forms.Textarea(attrs={"rows": 6})
    )


class CannedForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs want what Django does not have
    class Meta:
        model = CannedAnswer
        fields = ("name", "text")
        labels: Mapping[str, Any] = {"name": gettext_lazy("Name"), "text": gettext_lazy("Answer")}

    name = forms.CharField(label=gettext_lazy("Name"), max_length=CANNED_NAME_CHARS_MAX)
    text = forms.CharField(
        label=gettext_lazy("Answer"), max_length=CANNED_CHARS_MAX, widget=forms.Textarea(attrs={"rows": 6})
    )


class WindowForm(forms.Form):
    """room: the address (slug) of a room."""

    purpose = forms.ChoiceField(label=gettext_lazy("What for?"), choices=Window.Purpose.choices)
    room = forms.SlugField(label=gettext_lazy("Room (its address)"), max_length=32)
    begins = forms.DateTimeField(
        label=gettext_lazy("From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    hours = forms.IntegerField(
        label=gettext_lazy("Hours"), min_value=1, max_value=int(rules.WINDOW_SPAN_MAX / timedelta(hours=1)), initial=2
    )
    reason = forms.CharField(
        label=gettext_lazy("Why? The person reads this."),
        max_length=REASON_CHARS_MAX,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def window(self, room_id: int) -> Window:
        given = self.cleaned_data
        begins: datetime = given["begins"]
        ends = begins + timedelta(hours=given["hours"])
        return Window(purpose=given["purpose"], reason=given["reason"], room_id=room_id, from_at=begins, to_at=ends)
