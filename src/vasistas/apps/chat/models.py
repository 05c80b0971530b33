"""What is said in rooms, who may not say anything for a while, and how each room wants its chat."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.accounts.models import shown_of
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedQuerySet, SealedRow, SealedText

MESSAGE_CHARS_MAX = 300  # code points after normalising
LISTED_CHARS_MAX = 4_000  # of the list of words of a room
REASON_CHARS_MAX = 200


class MessageQuerySet(SealedQuerySet["Message"]):
    def shown(self) -> "MessageQuerySet":
        return self.filter(deleted_at__isnull=True)

    def for_lines(self) -> "MessageQuerySet":
        """With all that a line shows, newest first, and nothing that would load row by row."""
        shown = self.shown().select_related("author").order_by("-pk")
        fields = ("room", "role", "text", "row_key", "said_at", *shown_of("author"))
        return shown.only(*fields).fetch_mode(models.FETCH_RAISE)


class Message(SealedRow):
    """One line, sealed with its author's key. A deleted one stays for disputes until its 30 days are over, and is shown
    to nobody on the site.
    """

    class Role(models.TextChoices):
        """What the author was in the room when speaking; later changes do not rewrite the past."""

        HOST = "host", _("Host")
        MODERATOR = "moderator", _("Moderator")
        MEMBER = "member", _("Member")

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=16, choices=Role)
    text = SealedText(key_class="communications", chars_max=MESSAGE_CHARS_MAX)
    said_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    deleted_reason = SealedText(key_class="communications", chars_max=REASON_CHARS_MAX, blank=True)

    objects: ClassVar = MessageQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["room", "-id"], name="chat_message_newest"),
            models.Index(fields=["author", "-said_at"], name="chat_message_pace"),
            models.Index(fields=["said_at"], name="chat_message_oldest"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class Mute(SealedRow):
    """A member who may read but not speak in a room. A new mute replaces the one before."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="mutes")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mutes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = SealedText(key_class="communications", chars_max=REASON_CHARS_MAX, blank=True)  # with the muted one's key
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="chat_mute_once")]
        indexes: ClassVar = [models.Index(fields=["until"], name="chat_mute_oldest")]

    def __str__(self) -> str:
        return f"mute {self.pk}"


class RoomSettings(models.Model):
    """A room without a row has the defaults."""

    class Audience(models.TextChoices):
        """Who may speak, besides the host and the moderators."""

        MEMBERS = "members", _("Everyone signed in")
        FOLLOWERS = "followers", _("Followers")
        NOBODY = "nobody", _("Host and moderators only")

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, related_name="chat_settings")
    slow_mode_s = models.PositiveSmallIntegerField(default=0)  # seconds between two messages of one member; 0 is off
    audience = models.CharField(max_length=16, choices=Audience, default=Audience.MEMBERS)
    links_allowed = models.BooleanField(default=False)  # to members; host and moderators may always
    account_age_min = models.PositiveIntegerField(default=0)  # minutes that an account must be there; 0: any
    follow_min = models.PositiveIntegerField(default=0)  # minutes of following, where followers alone may speak
    words = models.TextField(blank=True, max_length=LISTED_CHARS_MAX)  # one word or phrase a line that nobody may say

    def __str__(self) -> str:
        return f"chat settings {self.pk}"


_PATH = derived("the path to the person")

declare(
    "chat.Message",
    "author__subject",
    room=personal("user.content.chat.public", keep="room_chat"),
    author=_PATH,
    role=personal("user.account.role", keep="room_chat"),
    row_key=not_personal("random; binds what is sealed to its row"),
    text=sealed("user.content.chat.public", keep="room_chat", key_class="communications"),
    said_at=personal("user.content.chat.public", keep="room_chat"),
    deleted_at=personal("user.account.restriction", keep="room_chat"),
    deleted_by=derived("the moderator's own account"),
    deleted_reason=sealed("user.account.restriction", keep="room_chat", key_class="communications"),
)
declare(
    "chat.Mute",
    "member__subject",
    room=personal("user.account.restriction", keep="restriction"),
    member=_PATH,
    by=derived("the moderator's own account"),
    row_key=not_personal("random; binds what is sealed to its row"),
    reason=sealed("user.account.restriction", keep="restriction", key_class="communications"),
    at=personal("user.account.restriction", keep="restriction"),
    until=personal("user.account.restriction", keep="restriction"),
)
declare(
    "chat.RoomSettings",
    None,
    room=not_personal("a room"),
    slow_mode_s=not_personal("a setting of a room"),
    audience=not_personal("a setting of a room"),
    links_allowed=not_personal("a setting of a room"),
    account_age_min=not_personal("a setting of a room"),
    follow_min=not_personal("a setting of a room"),
    words=not_personal("a setting of a room"),
)
