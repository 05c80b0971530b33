"""Whom bulletins reach and how, what is sent to them, and who must not be written to."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.apps.rooms.models import Room
from vasistas.guard.declarations import declare, derived, found_by, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

ADDRESS_CHARS_MAX = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
INDEX_CHARS = 32  # HMAC-SHA-256 in hex, cut; see guard.addresses.suppression_index
TOKEN_BYTES = 32
TOKEN_CHARS = 43  # the same in base64url, without padding
CODE_HASH_CHARS = 64  # SHA-256 in hex
LANGUAGE_CHARS_MAX = 8
NAME_CHARS_MAX = 80
SUBJECT_CHARS_MAX = 150  # RFC 5322, 2.1.1: with its name below two lines of 78
PREHEADER_CHARS_MAX = 150
BODY_CHARS_MAX = 20_000
SMS_CHARS_MAX = 300  # with what stands beneath it within three segments (GSM 03.38)
PROVIDER_REF_CHARS_MAX = 128


class Channel(models.TextChoices):
    MAIL = "mail", _("Mail")
    SMS = "sms", _("SMS")


class Topic(models.TextChoices):
    WEBCAMS = "webcams", _("Webcams and hosts you follow")
    FEATURES = "features", _("New features")
    OFFERS = "offers", _("Offers")
    SERVICES = "services", _("Services")


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


class Contact(SealedRow):
    """A way to reach one person, with or without an account. index: `rules.index_of` of the address, under the key of
    suppressions. token: stands in links and return paths, sent to this address alone. asked_at: until it is confirmed.
    code_hash, code_at, code_attempts: of the code sent to a telephone. soft_bounces: one after the other.
    """

    class Pace(models.TextChoices):
        LIVE = "live", _("At once, when a room goes live")
        DAILY = "daily", _("Once a day")
        WEEKLY = "weekly", _("Once a week")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=4, choices=Channel)
    index = models.CharField(max_length=INDEX_CHARS)
    address = SealedText(key_class="identity", chars_max=ADDRESS_CHARS_MAX)
    token = models.CharField(max_length=TOKEN_CHARS, unique=True, default=new_token)
    language = models.CharField(max_length=LANGUAGE_CHARS_MAX)
    pace = models.CharField(max_length=6, choices=Pace, default=Pace.LIVE)
    asked_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    code_hash = models.CharField(max_length=CODE_HASH_CHARS, blank=True)
    code_at = models.DateTimeField(null=True, blank=True)
    code_attempts = models.PositiveSmallIntegerField(default=0)
    soft_bounces = models.PositiveSmallIntegerField(default=0)
    soft_bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "channel"], name="bulletins_contact_once"),
            models.UniqueConstraint(
                fields=["channel", "index"],
                condition=models.Q(confirmed_at__isnull=False),
                name="bulletins_contact_of_one",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "index"], name="bulletins_contact_index"),
            models.Index(fields=["asked_at"], name="bulletins_contact_oldest"),
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"


class Suppression(models.Model):
    """An address or number that must not be written to. It names nobody, and outlives account, import and coming back.

    One row for each reason, so that taking an objection back leaves what a mail server said.
    """

    class Reason(models.TextChoices):
        OBJECTED = "objected", _("Objected")
        STOPPED = "stopped", _("Answered STOP")
        BOUNCED = "bounced", _("Not reached")
        COMPLAINED = "complained", _("Reported as unwanted")

    channel = models.CharField(max_length=4, choices=Channel)
    index = models.CharField(max_length=INDEX_CHARS)
    reason = models.CharField(max_length=10, choices=Reason)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["index", "channel", "reason"], name="bulletins_suppression_once")
        ]

    def __str__(self) -> str:
        return f"suppression {self.pk}"


class Campaign(models.Model):
    """One letter to many. name, why: for staff. audience: see rules.ATTRIBUTES. per_minute: messages, 0 without limit.

    room: of a kind `live`, the one that went live, while it is there. The counts are of its sends, and outlive them.
    """

    class Kind(models.TextChoices):
        MANUAL = "manual", _("Written by staff")
        LIVE = "live", _("A room went live")
        DIGEST = "digest", _("Digest")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(max_length=6, choices=Kind, default=Kind.MANUAL)
    name = models.CharField(max_length=NAME_CHARS_MAX)
    topic = models.CharField(max_length=8, choices=Topic)
    channel = models.CharField(max_length=4, choices=Channel, default=Channel.MAIL)
    subject_line = models.CharField(max_length=SUBJECT_CHARS_MAX, blank=True)
    preheader = models.CharField(max_length=PREHEADER_CHARS_MAX, blank=True)
    body = models.TextField(max_length=BODY_CHARS_MAX, blank=True)
    sms_text = models.CharField(max_length=SMS_CHARS_MAX, blank=True)
    audience = models.JSONField(default=dict, blank=True)
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    why = models.CharField(max_length=200, blank=True)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    per_minute = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    selected = models.PositiveIntegerField(default=0)
    handed = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    bounced = models.PositiveIntegerField(default=0)
    complained = models.PositiveIntegerField(default=0)
    objected = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "scheduled_at"], name="bulletins_campaign_due"),
            models.Index(fields=["room", "-made_at"], name="bulletins_campaign_of_room"),
        ]

    def __str__(self) -> str:
        return f"campaign {self.pk}"


class Send(models.Model):
    """One campaign to one contact. handing: claimed right before it was handed over; unclear: whether it was is not
    known, for the worker died in between. because: why it was cancelled. not_before: of a later attempt.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        LEASED = "leased", _("Next")
        HANDING = "handing", _("Being handed over")
        HANDED = "handed", _("Handed over")
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Not reached")
        COMPLAINED = "complained", _("Reported as unwanted")
        CANCELLED = "cancelled", _("Not sent")
        FAILED = "failed", _("Failed")
        UNCLEAR = "unclear", _("Unclear")

    class Because(models.TextChoices):
        OBJECTED = "objected", _("objected")
        WITHDRAWN = "withdrawn", _("consent withdrawn")
        SUPPRESSED = "suppressed", _("must not be written to")
        OFF_AIR = "off_air", _("the room was no longer live")
        NOTHING = "nothing", _("there was nothing to tell")
        STOPPED = "stopped", _("the campaign was cancelled")

    # Hundreds of thousands are written at once: no check by the database of what the same statement reads, and no index
    # beside one that begins alike.
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="sends", db_index=False, db_constraint=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="sends")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    because = models.CharField(max_length=12, choices=Because, blank=True)
    not_before = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=PROVIDER_REF_CHARS_MAX, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "contact"], name="bulletins_send_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "not_before"],
                condition=models.Q(state__in=["queued", "leased", "handing"]),
                name="bulletins_send_waiting",
            ),
            models.Index(fields=["made_at"], name="bulletins_send_oldest"),
            models.Index(fields=["provider_ref"], condition=~models.Q(provider_ref=""), name="bulletins_send_ref"),
        ]

    def __str__(self) -> str:
        return f"send {self.pk}"


PENDING = (Send.State.QUEUED, Send.State.LEASED)  # what an objection still stops
_PATH = derived("the path to the person")
_WHERE = personal("user.contact.bulletin", keep="subscription")
_UNPROVEN = personal("user.contact.bulletin", keep="unconfirmed_contact")
_SENT = personal("user.bulletin", keep="bulletin")
_SUPPRESSED = personal("user.preference.suppression", keep="suppression")

declare(
    "bulletins.Contact",
    "subject",
    subject=derived("the path itself"),
    channel=_WHERE,
    index=derived("address: a keyed hash"),
    row_key=not_personal("random; binds what is sealed to its row"),
    address=sealed("user.contact.bulletin", keep="subscription", key_class="identity"),
    token=not_personal("random; names the contact in links sent to it"),
    language=_WHERE,
    pace=_WHERE,
    asked_at=_UNPROVEN,
    confirmed_at=_WHERE,
    code_hash=not_personal("a hash of a random code"),
    code_at=_UNPROVEN,
    code_attempts=not_personal("a count"),
    soft_bounces=_WHERE,
    soft_bounced_at=_WHERE,
)
declare(
    "bulletins.Suppression",
    found_by("the keyed hash of an address or number of theirs"),
    channel=_SUPPRESSED,
    index=_SUPPRESSED,
    reason=_SUPPRESSED,
    at=_SUPPRESSED,
)
_LETTER = not_personal("a letter of the site, the same for everyone")
declare(
    "bulletins.Campaign",
    None,
    **dict.fromkeys(
        (
            *("kind", "name", "topic", "channel", "subject_line", "preheader", "body", "sms_text", "state", "why"),
            *("scheduled_at", "started_at", "done_at", "per_minute", "made_at"),
        ),
        _LETTER,
    ),
    audience=not_personal("attributes of nobody in particular: rules.ATTRIBUTES"),
    room=not_personal("a room that everyone could see live"),
    made_by=not_personal("a row that holds nothing of them once they are erased"),
    **{
        name: not_personal("a count")
        for name in (*("selected", "handed", "delivered", "bounced", "complained", "objected", "failed", "unclear"),)
    },
)
declare(
    "bulletins.Send",
    "subject",
    campaign=_SENT,
    contact=_PATH,
    subject=_PATH,
    state=_SENT,
    because=_SENT,
    not_before=not_personal("when the worker may try"),
    lease=not_personal("random; of a worker's batch"),
    leased_until=not_personal("a clock of the worker"),
    attempts=not_personal("a count"),
    made_at=_SENT,
    handed_at=_SENT,
    provider_ref=not_personal("the provider's number of a message"),
)
