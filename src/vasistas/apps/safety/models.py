"""What was reported, what was decided about whom and why, and who is on duty."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.apps.rooms.models import Room
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText
from vasistas.lib import names

NUMBER_CHARS = names.NUMBER_CHARS
TOKEN_CHARS = names.TOKEN_CHARS
WORDS_CHARS_MAX = 5_000  # of a report, of facts, of an appeal
LINE_CHARS_MAX = 300  # of a chat line, chat.MESSAGE_CHARS_MAX
REFERENCE_CHARS_MAX = 120  # of a law, or of a rule of the house


class Ground(models.TextChoices):
    """What is wrong; the closed list of reports and of decisions."""

    IMMINENT_HARM = "imminent_harm", _("Somebody is in danger now")
    MINOR = "minor", _("Somebody who looks under 18")
    INTIMATE_IMAGE = "intimate_image", _("Intimate pictures without consent")
    VIOLENCE = "violence", _("Violence or cruelty")
    HATE = "hate", _("Hatred")
    HARASSMENT = "harassment", _("Harassment, threats")
    FRAUD = "fraud", _("Fraud")
    IMPERSONATION = "impersonation", _("Somebody pretends to be another")
    INTELLECTUAL_PROPERTY = "property", _("Copyright or trade marks")
    ILLEGAL_OTHER = "illegal_other", _("Something else against the law")
    CARD_NETWORK = "card_network", _("Content that is not allowed where people pay by card")
    RULES = "rules", _("Against the rules of this site")


class Report(SealedRow):
    """What somebody, with or without an account, says is wrong. subject: who reports; nobody but staff learns it.

    about: whom it is about; None: nobody we know. token: of the receipt. due_at: by when it is decided.
    """

    class Target(models.TextChoices):
        ROOM = "room", _("Room")
        MESSAGE = "message", _("Line in a chat")
        PERSON = "person", _("Person")

    class State(models.TextChoices):
        NEW = "new", _("New")
        OPEN = "open", _("Being looked at")
        DECIDED = "decided", _("Something was done")
        DISMISSED = "dismissed", _("Nothing was done")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    about = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    number = models.CharField(max_length=NUMBER_CHARS, unique=True, default=names.new_number)
    token = models.CharField(max_length=TOKEN_CHARS, unique=True, default=names.new_token)
    target = models.CharField(max_length=8, choices=Target)
    message_id = models.BigIntegerField(null=True, blank=True)  # of chat.Message, which may be gone
    ground = models.CharField(max_length=16, choices=Ground)
    words = SealedText(key_class="support", chars_max=WORDS_CHARS_MAX, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    assigned_to = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="safety_report_due"),
            models.Index(fields=["about", "-id"], name="safety_report_about"),
            models.Index(fields=["decided_at"], name="safety_report_oldest"),
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"


class Evidence(SealedRow):
    """A copy of what was reported, sealed for whom it is about: it goes when they do."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="evidence")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    text = SealedText(key_class="communications", chars_max=LINE_CHARS_MAX)
    said_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"evidence {self.pk}"


class Decision(SealedRow):
    """A statement of reasons (Regulation (EU) 2022/2065, Art. 17), to the person it is about, and what it does.

    token: of its page, which its person reaches without signing in. lifted_at: an appeal, or whoever decided, ended it.
    """

    class Action(models.TextChoices):
        WARN = "warn", _("Warning")
        REMOVE = "remove", _("A line was removed")
        MUTE = "mute", _("No speaking in the chat of a room")
        CUT = "cut", _("The broadcast was ended")
        SUSPEND = "suspend", _("Suspended for a time")
        BAN = "ban", _("The account is closed to everything but its rights")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, blank=True, related_name="decisions")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    token = models.CharField(max_length=TOKEN_CHARS, unique=True, default=names.new_token)
    action = models.CharField(max_length=8, choices=Action)
    ground = models.CharField(max_length=16, choices=Ground)
    is_legal = models.BooleanField(default=False)  # against the law; else against the rules of the house
    reference = models.CharField(max_length=REFERENCE_CHARS_MAX, blank=True)
    facts = SealedText(key_class="communications", chars_max=WORDS_CHARS_MAX)
    is_automated = models.BooleanField(default=False)
    made_by = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject", "-id"], name="safety_decision_about"),
            models.Index(fields=["room", "action", "until"], name="safety_decision_room"),
            models.Index(fields=["at"], name="safety_decision_oldest"),
            models.Index(
                fields=["until"], condition=models.Q(action="suspend", lifted_at=None), name="safety_decision_ending"
            ),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"


class Appeal(SealedRow):
    """The person does not accept a decision (Art. 20): somebody else than who made it decides again, by hand."""

    class State(models.TextChoices):
        OPEN = "open", _("Being looked at")
        UPHELD = "upheld", _("The decision stands")
        REVERSED = "reversed", _("The decision was taken back")

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="appeal")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    words = SealedText(key_class="support", chars_max=WORDS_CHARS_MAX)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    answer = SealedText(key_class="support", chars_max=WORDS_CHARS_MAX, blank=True)
    handled_by = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="safety_appeal_due")]

    def __str__(self) -> str:
        return f"appeal {self.pk}"


class Shift(models.Model):
    """One of the staff watches over the rooms. seen_at: the last sign of life."""

    staff = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff"], condition=models.Q(ended_at=None), name="safety_shift_once")
        ]
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="safety_shift_seen")]

    def __str__(self) -> str:
        return f"shift {self.pk}"


_PATH = derived("the path to the person")
_STAFF = derived("the staff's own account")
_ROW_KEY = not_personal("random; binds what is sealed to its row")
_RANDOM = not_personal("random")
_TOLD = personal("user.report", keep="report")
_DONE = personal("user.account.restriction", keep="decision")

declare(
    "safety.Report",
    "subject",
    subject=_PATH,
    about=personal("user.report", keep="report"),
    room=_TOLD,
    row_key=_ROW_KEY,
    number=_RANDOM,
    token=_RANDOM,
    target=_TOLD,
    message_id=_TOLD,
    ground=_TOLD,
    words=sealed("user.report", keep="report", key_class="support"),
    state=not_personal("a state"),
    assigned_to=_STAFF,
    received_at=_TOLD,
    due_at=not_personal("a clock of the operator's"),
    decided_at=_TOLD,
)
declare(
    "safety.Evidence",
    "subject",
    report=not_personal("what it was copied for"),
    subject=_PATH,
    row_key=_ROW_KEY,
    text=sealed("user.report", keep="report", key_class="communications"),
    said_at=_TOLD,
)
declare(
    "safety.Decision",
    "subject",
    subject=_PATH,
    report=not_personal("what it was decided upon; who reported stands elsewhere"),
    room=_DONE,
    row_key=_ROW_KEY,
    token=_RANDOM,
    action=_DONE,
    ground=_DONE,
    is_legal=_DONE,
    reference=_DONE,
    facts=sealed("user.account.restriction", keep="decision", key_class="communications"),
    is_automated=_DONE,
    made_by=_STAFF,
    at=_DONE,
    until=_DONE,
    lifted_at=_DONE,
)
declare(
    "safety.Appeal",
    "subject",
    decision=_PATH,
    subject=_PATH,
    row_key=_ROW_KEY,
    words=sealed("user.account.restriction", keep="decision", key_class="support"),
    state=_DONE,
    answer=sealed("user.account.restriction", keep="decision", key_class="support"),
    handled_by=_STAFF,
    at=_DONE,
    due_at=not_personal("a clock of the operator's"),
    closed_at=_DONE,
)
declare(
    "safety.Shift",
    "staff",
    staff=_PATH,
    began_at=personal("staff.duty", keep="shift"),
    seen_at=personal("staff.duty", keep="shift"),
    ended_at=personal("staff.duty", keep="shift"),
)
