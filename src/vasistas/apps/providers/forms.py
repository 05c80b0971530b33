"""Check what owners write about their studios."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from vasistas.apps.providers.models import STUDIO_NAME_CHARS_MAX, STUDIO_NAME_CHARS_MIN, STUDIO_SLUG_CHARS_MAX

SLUG_CHARS_MIN = 3
SLUG = RegexValidator(
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use small letters a to z, digits and single hyphens between them.")
)


class StudioForm(forms.Form):
    name = forms.CharField(label=_("Name"), min_length=STUDIO_NAME_CHARS_MIN, max_length=STUDIO_NAME_CHARS_MAX)
    slug = forms.CharField(
        label=_("Address"),
        min_length=SLUG_CHARS_MIN,
        max_length=STUDIO_SLUG_CHARS_MAX,
        validators=[SLUG],
        help_text=_("Small letters, digits and hyphens. It stays as it is."),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())


class ReleaseForm(forms.Form):
    host = forms.IntegerField(min_value=1)
