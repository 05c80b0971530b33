"""What people write to us, what we answered, and what came in and is not read yet."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.guard.declarations import declare, derived, found_by, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText
from vasistas.guard.sealed_bytes import SealedBytes, SiteSealedBytes
from vasistas.lib import names

NUMBER_CHARS = names.NUMBER_CHARS
TOKEN_CHARS = names.TOKEN_CHARS
INDEX_CHARS = 32  # HMAC-SHA-256 in hex, cut
ADDRESS_CHARS_MAX = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
TITLE_CHARS_MAX = 200
TEXT_CHARS_MAX = 50_000  # of one message
MESSAGE_ID_CHARS_MAX = 998  # RFC 5322, 2.1.1: a line
AUTH_CHARS_MAX = 2_000
FILE_NAME_CHARS_MAX = 150
FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_MAX = 20  # of one message
MAIL_BYTES_MAX = 15 * 1024 * 1024  # of one mail: 10 MB of files as base64 and its text
REASON_CHARS_MAX = 500
CANNED_NAME_CHARS_MAX = 60
CANNED_CHARS_MAX = 5_000
CANNED_MAX = 200  # answers kept ready


class Ticket(SealedRow):
    """A conversation with one person, by mail or form. number: told to them; says nothing. token: of the address that
    leads back here. index: `rules.index_of` of the address, under a key of its own. due_at: of the next answer, while
    it waits for us. probe: the site wrote it to itself.
    """

    class Kind(models.TextChoices):
        PROBLEM = "problem", _("Problem")
        PROBE = "probe", _("A message of the site to itself")

    class Via(models.TextChoices):
        MAIL = "mail", _("Mail")
        FORM = "form", _("Form")
        STAFF = "staff", _("Staff")

    class State(models.TextChoices):
        NEW = "new", _("New")
        OPEN = "open", _("In hand")
        WAITING = "waiting", _("Waits for the person")
        CLOSED = "closed", _("Closed")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=NUMBER_CHARS, unique=True, default=names.new_number)
    token = models.CharField(max_length=TOKEN_CHARS, unique=True, default=names.new_token)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PROBLEM)
    via = models.CharField(max_length=8, choices=Via)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    is_urgent = models.BooleanField(default=False)
    title = SealedText(key_class="support", chars_max=TITLE_CHARS_MAX, blank=True)
    address = SealedText(key_class="identity", chars_max=ADDRESS_CHARS_MAX, blank=True)
    index = models.CharField(max_length=INDEX_CHARS, blank=True)
    assigned_to = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="support_ticket_due"),
            models.Index(fields=["subject", "-id"], name="support_ticket_of"),
            models.Index(fields=["index"], name="support_ticket_index"),
            models.Index(fields=["closed_at"], name="support_ticket_oldest"),
        ]

    def __str__(self) -> str:
        return f"ticket {self.pk}"


class TicketMessage(SealedRow):
    """One message of a conversation, or a note of the staff. message_index: blind index of its Message-ID, by which
    answers find it. auth: what our mail server found of SPF, DKIM and DMARC (RFC 8601). author: of the staff.
    """

    class Direction(models.TextChoices):
        IN = "in", _("From the person")
        OUT = "out", _("Our answer")
        NOTE = "note", _("Note of the staff")

    class Handing(models.TextChoices):
        NONE = "none", _("Not by mail")
        QUEUED = "queued", _("Waits to be sent")
        LEASED = "leased", _("Is being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    direction = models.CharField(max_length=4, choices=Direction)
    author = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    text = SealedText(key_class="support", chars_max=TEXT_CHARS_MAX, blank=True)
    quoted = SealedText(key_class="support", chars_max=TEXT_CHARS_MAX, blank=True)
    message_id = SealedText(key_class="support", chars_max=MESSAGE_ID_CHARS_MAX, blank=True)
    message_index = models.CharField(max_length=INDEX_CHARS, blank=True)
    auth = SealedText(key_class="support", chars_max=AUTH_CHARS_MAX, blank=True)
    is_automatic = models.BooleanField(default=False)
    at = models.DateTimeField()
    handing = models.CharField(max_length=8, choices=Handing, default=Handing.NONE)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message_index"], condition=~models.Q(message_index=""), name="support_message_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["not_before"],
                condition=models.Q(handing__in=["queued", "leased"]),
                name="support_message_to_send",
            )
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class Attachment(SealedRow):
    """A file of a message. content_type: as its bytes say, not as its sender did."""

    message = models.ForeignKey(TicketMessage, on_delete=models.CASCADE, related_name="attachments")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    name = SealedText(key_class="support", chars_max=FILE_NAME_CHARS_MAX, blank=True)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    data = SealedBytes(key_class="support", bytes_max=FILE_BYTES_MAX)

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class RawMail(SealedRow):
    """A mail as it came, acknowledged and not read yet. It goes as soon as it is a ticket.

    failed_at: it could not be read so often that staff has to look.
    """

    raw = SiteSealedBytes(key_class="support", bytes_max=MAIL_BYTES_MAX)
    to = models.CharField(max_length=ADDRESS_CHARS_MAX)
    has_sender = models.BooleanField(default=True)  # of the envelope; without one a machine wrote it (RFC 5321, 4.5.5)
    received_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["failed_at", "not_before"], name="support_raw_waiting")]

    def __str__(self) -> str:
        return f"raw mail {self.pk}"


class CannedAnswer(models.Model):
    """An answer kept ready. Names nobody."""

    name = models.CharField(max_length=CANNED_NAME_CHARS_MAX, unique=True)
    text = models.TextField(max_length=CANNED_CHARS_MAX)

    def __str__(self) -> str:
        return self.name


class Window(SealedRow):
    """A look of one member of the staff at what the person of a ticket said in one room, for a while.

    room_id: of rooms.Room. from_at, to_at: what of the chat is seen.
    """

    class Purpose(models.TextChoices):
        DISPUTE = "dispute", _("Settle a dispute")
        ASSISTANCE = "assistance", _("Help the person")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="windows")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    staff = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose)
    reason = SealedText(key_class="support", chars_max=REASON_CHARS_MAX)
    room_id = models.BigIntegerField()
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"window {self.pk}"


class Probe(models.Model):
    """A mail of the site to itself. token: the random word in its subject, by which it is known again."""

    token = models.CharField(max_length=TOKEN_CHARS, unique=True, default=names.new_token)
    sent_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-sent_at"], name="support_probe_newest")]

    def __str__(self) -> str:
        return f"probe {self.pk}"


_PATH = derived("the path to the person")
_STAFF = derived("the staff's own account")
_ROW_KEY = not_personal("random; binds what is sealed to its row")
_SAID = personal("user.content.support", keep="ticket")
_SEALED = sealed("user.content.support", keep="ticket", key_class="support")

declare(
    "support.Ticket",
    "subject",
    subject=_PATH,
    row_key=_ROW_KEY,
    number=not_personal("random"),
    token=not_personal("random"),
    kind=not_personal("a kind"),
    via=_SAID,
    state=not_personal("a state"),
    is_urgent=_SAID,
    title=_SEALED,
    address=sealed("user.contact.correspondence", keep="ticket", key_class="identity"),
    index=personal("user.contact.correspondence", keep="ticket"),
    assigned_to=_STAFF,
    merged_into=derived("another ticket of the person"),
    opened_at=_SAID,
    last_at=_SAID,
    due_at=not_personal("a clock of the operator's"),
    answered_at=_SAID,
    closed_at=_SAID,
)
declare(
    "support.TicketMessage",
    "subject",
    ticket=_PATH,
    subject=_PATH,
    row_key=_ROW_KEY,
    direction=_SAID,
    author=_STAFF,
    text=_SEALED,
    quoted=_SEALED,
    message_id=_SEALED,
    message_index=derived("message_id: its blind index"),
    auth=_SEALED,
    is_automatic=_SAID,
    at=_SAID,
    handing=not_personal("a state"),
    attempts=not_personal("a count"),
    not_before=not_personal("a clock of the operator's"),
)
declare(
    "support.Attachment",
    "subject",
    message=_PATH,
    subject=_PATH,
    row_key=_ROW_KEY,
    name=_SEALED,
    content_type=_SAID,
    size=_SAID,
    data=_SEALED,
)
declare(
    "support.RawMail",
    found_by("nobody: it is not known whose it is until it is read, minutes after it came"),
    row_key=_ROW_KEY,
    raw=sealed("user.content.support", keep="raw_mail", key_class="support"),
    to=not_personal("which of our addresses it came to"),
    has_sender=not_personal("whether a machine wrote it"),
    received_at=personal("user.content.support", keep="raw_mail"),
    attempts=not_personal("a count"),
    not_before=not_personal("a clock of the operator's"),
    failed_at=not_personal("a time of the site's"),
)
declare(
    "support.CannedAnswer",
    None,
    name=not_personal("the operator's words"),
    text=not_personal("the operator's words"),
)
declare(
    "support.Window",
    "subject",
    ticket=_PATH,
    subject=_PATH,
    row_key=_ROW_KEY,
    staff=_STAFF,
    purpose=_SAID,
    reason=_SEALED,
    room_id=_SAID,
    from_at=_SAID,
    to_at=_SAID,
    opened_at=_SAID,
    expires_at=_SAID,
)
declare(
    "support.Probe",
    None,
    token=not_personal("random"),
    sent_at=not_personal("a time of the site's"),
    arrived_at=not_personal("a time of the site's"),
)
