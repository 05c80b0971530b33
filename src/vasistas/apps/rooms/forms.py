"""Check what hosts write about their rooms."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vasistas.apps.rooms.models import (
    SLUG_CHARS_MAX,
    SLUG_CHARS_MIN,
    TAG_CHARS_MAX,
    TAGS_MAX,
    TITLE_CHARS_MAX,
    Category,
    ContentClass,
    Language,
    Room,
)
from vasistas.apps.rooms.operations import RoomDetails

TITLE_CHARS_MIN = 3
TAGS_TEXT_CHARS_MAX = TAGS_MAX * (TAG_CHARS_MAX + 3)
NAME_CHARS_MAX = 64

SLUG = RegexValidator(
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use small letters a to z, digits and single hyphens between them.")
)
_JOINERS = "\u200c\u200d"  # letters of Persian and Indic scripts, and emoji, are joined by them
_TAG = re.compile(r"[^\W_]+(-[^\W_]+)*")


def clean_tags(text: str) -> list[str]:
    """Split words by commas and spaces, without `#`, in one spelling, each once, in the order written.

    Raises: ValidationError: naming the word that is no tag, or the limit.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    words = list(dict.fromkeys(word for part in re.split(r"[,\s]+", folded) if (word := part.lstrip("#"))))
    for word in words:
        if len(word) > TAG_CHARS_MAX or not _TAG.fullmatch(word):
            raise ValidationError(
                gettext("“%(word)s” is no tag: use letters, digits and hyphens, %(count)s at most.")
                % {"word": word[:TAG_CHARS_MAX], "count": TAG_CHARS_MAX}
            )
    if len(words) > TAGS_MAX:
        raise ValidationError(
            gettext("These are %(count)s tags; %(max)s are the limit.") % {"count": len(words), "max": TAGS_MAX}
        )
    return words


def clean_line(text: str) -> str:
    """One line without control and format characters: a bidi override (UAX #9) would turn what stands beside it."""
    kept = (char for char in text if char in _JOINERS or char.isspace() or unicodedata.category(char)[0] != "C")
    return " ".join("".join(kept).split())


class RoomForm(forms.Form):
    title = forms.CharField(
        label=_("Title"),
        max_length=TITLE_CHARS_MAX,
        min_length=TITLE_CHARS_MIN,
        help_text=_("What happens in your room. Everybody sees it."),
    )
    category = forms.ChoiceField(label=_("Category"), choices=Category.choices)
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=TAGS_TEXT_CHARS_MAX,
        help_text=_("At most 8 words, with commas or spaces between them."),
    )
    language = forms.ChoiceField(label=_("Language spoken"), choices=Language.choices)
    content_class = forms.ChoiceField(
        label=_("Content class"),
        choices=ContentClass.choices,
        help_text=_("Adult rooms are listed for people who stated that they are 18 or older, and for nobody else."),
    )

    def clean_title(self) -> str:
        title = clean_line(self.cleaned_data["title"])
        if len(title) < TITLE_CHARS_MIN or not any(unicodedata.category(char)[0] in "LNPS" for char in title):
            raise ValidationError(gettext("Write %(count)s visible characters or more.") % {"count": TITLE_CHARS_MIN})
        return title

    def clean_tags(self) -> list[str]:
        return clean_tags(self.cleaned_data["tags"])

    def details(self) -> RoomDetails:
        """What was written; call it on a valid form."""
        names = ("title", "category", "language", "content_class", "tags")
        return RoomDetails(**{name: self.cleaned_data[name] for name in names})

    @staticmethod
    def initial_of(room: Room) -> dict[str, str]:
        return {
            "title": room.title,
            "category": room.category,
            "tags": ", ".join(room.tags.order_by("name").values_list("name", flat=True)),
            "language": room.language,
            "content_class": room.content_class,
        }


class BecomeForm(RoomForm):
    slug = forms.CharField(
        label=_("Address of your room"),
        max_length=SLUG_CHARS_MAX,
        validators=[SLUG, MinLengthValidator(SLUG_CHARS_MIN)],
        help_text=_("Small letters, digits and hyphens. It stays as it is."),
    )
    agreed = forms.BooleanField(
        label=_("I am 18 or older, I broadcast on my own account, and I agree to the terms for hosts."),
        required=False,  # the operation refuses, in its own words
    )

    field_order = ("title", "slug", "category", "tags", "language", "content_class", "agreed")


class ModeratorForm(forms.Form):
    """One of `name` (as shown) or `ref` (from the list); `act` says what."""

    act = forms.ChoiceField(choices=[("add", "add"), ("remove", "remove")])
    name = forms.CharField(max_length=NAME_CHARS_MAX, required=False)
    ref = forms.RegexField(r"^[0-9a-f]{16}\Z", required=False)

    def clean(self) -> None:
        cleaned = super().clean() or {}
        if bool(cleaned.get("name")) == bool(cleaned.get("ref")):
            raise ValidationError(gettext("Write the name of one person."))
