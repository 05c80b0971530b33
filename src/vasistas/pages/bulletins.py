"""What staff write of a bulletin, and whom it is for: the form, and the words for an audience."""

from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from vasistas.apps.bulletins.models import (
    BODY_CHARS_MAX,
    NAME_CHARS_MAX,
    PREHEADER_CHARS_MAX,
    SMS_CHARS_MAX,
    SUBJECT_CHARS_MAX,
    Campaign,
    Channel,
    Topic,
)
from vasistas.apps.bulletins.operations import campaigns
from vasistas.apps.rooms.models import Category, Room
from vasistas.lib.errors import DomainError

SLUG_CHARS_MAX = 50
COUNTED_MAX = 2**31 - 1
TEXTS = ("name", "topic", "channel", "subject_line", "preheader", "body", "sms_text")
ACCOUNTS = {"": None, "yes": True, "no": False}


class CampaignForm(forms.Form):
    """A draft. What it does not say stands in `check_audience` and in the letter's own rules."""

    name = forms.CharField(label=_("Name, for staff"), max_length=NAME_CHARS_MAX)
    topic = forms.ChoiceField(label=_("Topic"), choices=Topic.choices)
    channel = forms.ChoiceField(label=_("Way"), choices=Channel.choices)
    subject_line = forms.CharField(
        label=_("Subject"),
        max_length=SUBJECT_CHARS_MAX,
        required=False,
        help_text=_("Shown on lock screens and to whoever looks over a shoulder: nothing that tells."),
    )
    preheader = forms.CharField(
        label=_("First line"),
        max_length=PREHEADER_CHARS_MAX,
        required=False,
        help_text=_("Mail programs show it beside the subject. As neutral as that."),
    )
    body = forms.CharField(
        label=_("Letter"),
        max_length=BODY_CHARS_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=_(
            "Markdown: # heading, **bold**, - list, [words](https://…). Who writes and how to stop stand below it."
        ),
    )
    sms_text = forms.CharField(
        label=_("Message"),
        max_length=SMS_CHARS_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who writes and how to stop are added."),
    )
    language = forms.MultipleChoiceField(
        label=_("Language"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: every language."),
    )
    account = forms.ChoiceField(
        label=_("Account"),
        required=False,
        choices=[("", _("With or without account")), ("yes", _("Members alone")), ("no", _("Without account alone"))],
    )
    follows = forms.ChoiceField(
        label=_("Follows"),
        required=False,
        choices=[
            ("", _("Any room or none")),
            ("any", _("At least one room")),
            ("category", _("A room of the category below")),
            ("room", _("The room below")),
        ],
        help_text=_("For the topics of webcams and offers alone."),
    )
    category = forms.ChoiceField(label=_("Category"), required=False, choices=[("", "–"), *Category.choices])
    room = forms.SlugField(
        label=_("Room"),
        max_length=SLUG_CHARS_MAX,
        required=False,
        help_text=_("As in its address: /rooms/…/."),
    )
    joined_after = forms.DateField(
        label=_("Came on this day or later"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    joined_before = forms.DateField(
        label=_("Came before this day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    per_minute = forms.IntegerField(
        label=_("Messages a minute"),
        min_value=0,
        max_value=campaigns.PER_MINUTE_MAX,
        required=False,
        initial=0,
        help_text=_("0: as fast as the server takes them."),
    )
    LETTER: ClassVar = ("name", "topic", "channel")
    MAIL: ClassVar = ("subject_line", "preheader", "body")
    AUDIENCE: ClassVar = ("account", "follows", "category", "room", "joined_after", "joined_before")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]  # a ChoiceField
        self.room_id: int | None = None

    def clean_body(self) -> str:
        return _unix(self.cleaned_data["body"])

    def clean_sms_text(self) -> str:
        return _unix(self.cleaned_data["sms_text"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        needed = ["subject_line", "body"] if given.get("channel") == Channel.MAIL else ["sms_text"]
        for name in needed:
            if name not in self.errors and not given.get(name, "").strip():
                self.add_error(name, _("This stays empty; write it."))
        follows = given.get("follows")
        if follows == "category" and not given.get("category"):
            self.add_error("category", _("Choose the category."))
        if follows == "room" and "room" not in self.errors:
            self.room_id = Room.objects.filter(slug=given.get("room", "")).values_list("pk", flat=True).first()
            if self.room_id is None:
                self.add_error("room", _("There is no such room. Look at its address."))
        after, before = given.get("joined_after"), given.get("joined_before")
        if after and before and after >= before:
            self.add_error("joined_before", _("Nobody can have come then; choose a later day."))
        return given

    @property
    def parts(self) -> dict[str, list[forms.BoundField]]:
        return {
            "letter": [self[name] for name in self.LETTER],
            "mail": [self[name] for name in self.MAIL],
            "audience": [self[name] for name in self.AUDIENCE],
        }

    def draft(self) -> campaigns.Draft:
        """Of a valid form."""
        given = self.cleaned_data
        words = {name: given[name] for name in TEXTS}
        return campaigns.Draft(**words, per_minute=given["per_minute"] or 0, audience=self._audience())

    def glimpse(self) -> campaigns.Draft:
        """What is written so far, valid or not, to be looked at; for nobody."""
        self.full_clean()
        words: dict[str, Any] = {name: str(self.cleaned_data.get(name) or "") for name in TEXTS}
        words["topic"] = words["topic"] or Topic.WEBCAMS
        words["channel"] = words["channel"] or Channel.MAIL
        return campaigns.Draft(**words)

    def refuse(self, error: DomainError) -> None:
        """Say a refusal beside the fields it is about, or above them."""
        known = {name: words or error.message for name, words in error.fields.items() if name in self.fields}
        for name, words in known.items():
            self.add_error(name, words)
        if not known:
            self.add_error(None, error.message)

    def _audience(self) -> dict[str, Any]:
        given = self.cleaned_data
        days = {name: given[name] and given[name].isoformat() for name in ("joined_after", "joined_before")}
        follows = {
            "any": {"follows_any": True},
            "category": {"follows_category": given["category"]},
            "room": {"follows_room": self.room_id},
        }.get(given["follows"], {})
        chosen = {"language": given["language"], "account": ACCOUNTS[given["account"]], **days, **follows}
        return {name: value for name, value in chosen.items() if value not in (None, [], "")}


class StartForm(forms.Form):
    counted = forms.IntegerField(min_value=0, max_value=COUNTED_MAX)  # people, as the page said before


class ScheduleForm(forms.Form):
    when = forms.DateTimeField(
        label=_("Begin at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["when"].help_text = _t("In the time of this site, %(zone)s, where it is %(now)s.") % {
            "zone": timezone.get_current_timezone_name(),
            "now": date_format(timezone.localtime(), "H:i"),
        }
        self.fields["when"].initial = timezone.localtime().replace(minute=0, second=0) + timedelta(hours=2)


def _unix(text: str) -> str:
    """Lines as they are stored; browsers end them by two characters."""
    return text.replace("\r\n", "\n")


def initial_of(campaign: Campaign) -> dict[str, Any]:
    """A form's content of a campaign that exists."""
    found = dict(campaign.audience)
    kinds = {"follows_any": "any", "follows_category": "category", "follows_room": "room"}
    room = Room.objects.filter(pk=found.get("follows_room", 0)).values_list("slug", flat=True).first()
    return {
        **{name: getattr(campaign, name) for name in (*TEXTS, "per_minute")},
        "language": found.get("language", []),
        "account": {True: "yes", False: "no"}.get(found.get("account"), ""),  # type: ignore[arg-type]  # None: neither
        "follows": next((kind for name, kind in kinds.items() if name in found), ""),
        "category": found.get("follows_category", ""),
        "room": room or "",
        "joined_after": found.get("joined_after"),
        "joined_before": found.get("joined_before"),
    }


def audience_in_words(campaign: Campaign) -> list[str]:
    """Who it is for, beside those who chose the topic and the way."""
    found = campaign.audience
    languages = dict(settings.LANGUAGES)
    words = []
    if "language" in found:
        words.append(", ".join(_t(languages.get(code, code)) for code in found["language"]))
    if "account" in found:
        words.append(_t("members") if found["account"] else _t("people without account"))
    if "follows_any" in found:
        words.append(_t("who follow a room"))
    if "follows_category" in found:
        label = dict(Category.choices).get(found["follows_category"], found["follows_category"])
        words.append(_t("who follow a room of the category %(category)s") % {"category": label})
    if "follows_room" in found:
        title = Room.objects.filter(pk=found["follows_room"]).values_list("title", flat=True).first()
        words.append(_t("who follow “%(room)s”") % {"room": title or _t("a room that is gone")})
    for name, told in (
        ("joined_after", _t("who came on %(day)s or later")),
        ("joined_before", _t("who came before %(day)s")),
    ):
        if name in found:
            words.append(told % {"day": date_format(date.fromisoformat(found[name]), "DATE_FORMAT")})
    return words
