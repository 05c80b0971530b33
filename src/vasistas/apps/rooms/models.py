"""Rooms, who follows, moderates or is banned from them, what was broadcast, and who watched for how long."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vasistas.apps.accounts import models as accounts
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

SLUG_CHARS_MIN = 3
SLUG_CHARS_MAX = 32
TITLE_CHARS_MAX = 80
TAG_CHARS_MAX = 24
TAGS_MAX = 8
BAN_REASON_CHARS_MAX = 200
SESSION_CHARS = 32  # 128 bits in hex
HASH_CHARS = 64  # SHA-256 in hex
STREAM_KEY_HINT_CHARS = 4
ROLE_CHARS_MAX = 16


class Category(models.TextChoices):
    MUSIC = "music", _("Music")
    TALK = "talk", _("Talk")
    TEACHING = "teaching", _("Teaching")
    COACHING = "coaching", _("Coaching")
    ART = "art", _("Art and craft")
    COOKING = "cooking", _("Cooking")
    GAMES = "games", _("Games")
    SPORT = "sport", _("Sport and dance")
    NATURE = "nature", _("Nature and animals")
    PLACES = "places", _("Places")
    SHOWS = "shows", _("Shows")


class Language(models.TextChoices):
    """The language spoken in a room, in its own name."""

    ENGLISH = "en", "English"
    FRENCH = "fr", "Français"
    GERMAN = "de", "Deutsch"
    LUXEMBOURGISH = "lb", "Lëtzebuergesch"
    DUTCH = "nl", "Nederlands"
    SPANISH = "es", "Español"
    PORTUGUESE = "pt", "Português"
    ITALIAN = "it", "Italiano"
    POLISH = "pl", "Polski"
    ROMANIAN = "ro", "Română"
    UKRAINIAN = "uk", "Українська"
    JAPANESE = "ja", "日本語"
    NONE = "zxx", _("No speech")  # ISO 639-2 "no linguistic content"


class ContentClass(models.TextChoices):
    GENERAL = "general", _("General")
    MATURE = "mature", _("Mature")
    ADULT = "adult", _("Adult (18+)")


class State(models.TextChoices):
    OFFLINE = "offline", _("Offline")
    STARTING = "starting", _("Starting")
    LIVE = "live", _("Live")
    AWAY = "away", _("Away")
    PRIVATE = "private", _("In private")


class Tag(models.Model):
    name = models.CharField(
        max_length=TAG_CHARS_MAX, unique=True, validators=[RegexValidator(r"^[^\W_]+(-[^\W_]+)*\Z")]
    )

    def __str__(self) -> str:
        return self.name


SHOWN = (
    *("slug", "title", "category", "language", "content_class", "state", "state_at", "created_at"),
    *("viewer_count", "thumbnail", "thumbnail_at", "host__is_suspended", *accounts.shown_of("host__member")),
)
SHOWN_TO_HOST = ("stream_key_hint", "stream_key_at", "host__agreed_at", "host__studio__name", "host__studio__slug")


class RoomQuerySet(models.QuerySet["Room"]):
    def shown(self) -> "RoomQuerySet":
        """Rooms that strangers may know of."""
        return self.exclude(state=State.PRIVATE).filter(host__is_suspended=False, host__member__is_active=True)

    def barred(self) -> "RoomQuerySet":
        """Rooms whose host may not broadcast: `providers.Host.is_barred`."""
        return self.filter(models.Q(host__is_suspended=True) | models.Q(host__member__is_active=False))

    def on_air(self) -> "RoomQuerySet":
        return self.filter(state__in=[State.LIVE, State.AWAY])

    def with_host(self) -> "RoomQuerySet":
        """With all that pages and rules need of a room and its host. Any other field raises instead of being loaded."""
        return self.select_related("host__member").only(*SHOWN).fetch_mode(models.FETCH_RAISE)

    def for_cards(self) -> "RoomQuerySet":
        """With all that a card shows, and nothing that would load row by row."""
        return self.with_host().prefetch_related("tags")

    def for_desk(self) -> "RoomQuerySet":
        """With all that its host's desk shows besides."""
        loaded = self.select_related("host__member", "host__studio").only(*SHOWN, *SHOWN_TO_HOST)
        return loaded.fetch_mode(models.FETCH_RAISE)


class Room(models.Model):
    """The place where one host broadcasts. `state` is what visitors are told; the media node is asked for the rest."""

    host = models.OneToOneField("providers.Host", on_delete=models.PROTECT, related_name="room")
    slug = models.SlugField(max_length=SLUG_CHARS_MAX, unique=True)
    title = models.CharField(max_length=TITLE_CHARS_MAX)
    category = models.CharField(max_length=16, choices=Category)
    tags = models.ManyToManyField(Tag, blank=True, related_name="rooms")
    language = models.CharField(max_length=8, choices=Language, default=Language.ENGLISH)
    content_class = models.CharField(max_length=16, choices=ContentClass, default=ContentClass.GENERAL)
    state = models.CharField(max_length=16, choices=State, default=State.OFFLINE)
    state_at = models.DateTimeField()
    created_at = models.DateTimeField()
    viewer_count = models.PositiveIntegerField(default=0)
    thumbnail = models.CharField(max_length=64, blank=True)  # file name below MEDIA_ROOT/thumbnails, random
    thumbnail_at = models.DateTimeField(null=True, blank=True)
    stream_key_hash = models.CharField(max_length=HASH_CHARS, blank=True)
    stream_key_hint = models.CharField(max_length=STREAM_KEY_HINT_CHARS, blank=True)
    stream_key_at = models.DateTimeField(null=True, blank=True)

    objects = RoomQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "-viewer_count"], name="rooms_room_busiest"),
            models.Index(fields=["-created_at"], name="rooms_room_newest"),
            models.Index(fields=["stream_key_hash"], name="rooms_room_stream_key"),
        ]

    def __str__(self) -> str:
        return f"room {self.slug}"

    def get_absolute_url(self) -> str:
        return reverse("pages:watch", args=[self.slug])

    @property
    def is_on_air(self) -> bool:
        return self.state in {State.LIVE, State.AWAY}

    @property
    def thumbnail_url(self) -> str | None:
        """Its address, or None: then a poster stands in. Ask `rules.can_see_thumbnail` first."""
        return reverse("rooms:thumbnail_file", args=[self.thumbnail]) if self.thumbnail else None

    @property
    def is_adult(self) -> bool:
        return self.content_class == ContentClass.ADULT


class Follow(models.Model):
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="follows")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="rooms_follow_once")]

    def __str__(self) -> str:
        return f"follow {self.pk}"


class Moderator(models.Model):
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="moderators")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moderates")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="rooms_moderator_once")]

    def __str__(self) -> str:
        return f"moderator {self.pk}"


class Ban(SealedRow):
    """A member kept out of a room; `until` None means until lifted."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="bans")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bans")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = SealedText(key_class="communications", chars_max=BAN_REASON_CHARS_MAX, blank=True)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "member"], name="rooms_ban_once")]

    def __str__(self) -> str:
        return f"ban {self.pk}"


class Broadcast(models.Model):
    """One time on air. A publisher who comes back continues the same row, under the new media session."""

    class Ingest(models.TextChoices):
        BROWSER = "browser", _("Browser")
        WHIP = "whip", _("Streaming software")

    class EndReason(models.TextChoices):
        ENDED = "ended", _("Ended by the host")
        CUT = "cut", _("Cut by the host")
        LOST = "lost", _("Connection lost")
        IDLE = "idle", _("Away for too long")
        STAFF = "staff", _("Ended by staff")

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="broadcasts")
    session = models.CharField(max_length=SESSION_CHARS, unique=True)
    ingest = models.CharField(max_length=16, choices=Ingest)
    started_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, blank=True)  # by the media node's clock; None: no media yet
    lost_at = models.DateTimeField(null=True, blank=True)  # by the media node's clock; the publisher may come back
    ended_at = models.DateTimeField(null=True, blank=True)
    peak_viewers = models.PositiveIntegerField(default=0)
    end_reason = models.CharField(max_length=16, choices=EndReason, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["room", "ended_at"], name="rooms_broadcast_open")]

    def __str__(self) -> str:
        return f"broadcast {self.pk}"


class WatchSession(models.Model):
    """One player on one page. `session` is the capability to end it; `subject` is None for visitors."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="watch_sessions")
    session = models.CharField(max_length=SESSION_CHARS, unique=True)
    subject = models.ForeignKey("privacy.Subject", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, blank=True)  # by the media node's clock; None: no media yet
    ended_at = models.DateTimeField(null=True, blank=True)
    delivered_s = models.PositiveIntegerField(default=0)
    lost_ratio = models.FloatField(default=0.0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["room", "ended_at"], name="rooms_watch_open"),
            models.Index(fields=["started_at"], name="rooms_watch_oldest"),
        ]

    def __str__(self) -> str:
        return f"watch session {self.pk}"


class Admission(models.Model):
    """Who may watch a room while it is closed to the public, and as what. It goes when the room opens again."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="admissions")
    subject = models.ForeignKey("privacy.Subject", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=ROLE_CHARS_MAX)
    show = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "subject"], name="rooms_admission_once")]

    def __str__(self) -> str:
        return f"admission {self.pk}"


_PATH = derived("the path to the person")
_ROOM_REF = not_personal("a room")

declare("rooms.Tag", None, name=not_personal("a word shared by rooms"))
declare("rooms.Room_tags", None, room=_ROOM_REF, tag=not_personal("a word shared by rooms"))
declare(
    "rooms.Room",
    "host__member__subject",
    host=_PATH,
    slug=personal("host.profile", keep="contract"),
    title=personal("host.profile", keep="contract"),
    category=personal("host.profile", keep="contract"),
    language=personal("host.profile", keep="contract"),
    content_class=personal("host.profile", keep="contract"),
    state=personal("host.activity", keep="broadcast_state"),
    state_at=personal("host.activity", keep="broadcast_state"),
    created_at=personal("host.activity", keep="contract"),
    viewer_count=not_personal("a count"),
    thumbnail=personal("host.image", keep="thumbnail"),
    thumbnail_at=personal("host.activity", keep="thumbnail"),
    stream_key_hash=personal("user.authorization.credentials", keep="stream_key"),
    stream_key_hint=personal("user.authorization.credentials", keep="stream_key"),
    stream_key_at=personal("host.activity", keep="stream_key"),
)
declare(
    "rooms.Follow",
    "member__subject",
    room=personal("user.behaviour.following", keep="following"),
    member=_PATH,
    at=personal("user.behaviour.following", keep="following"),
)
declare(
    "rooms.Moderator",
    "member__subject",
    room=personal("user.account.role", keep="role"),
    member=_PATH,
    at=personal("user.account.role", keep="role"),
)
declare(
    "rooms.Ban",
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
    "rooms.Broadcast",
    "room__host__member__subject",
    room=_PATH,
    session=not_personal("random; ends with the connection"),
    ingest=personal("host.activity", keep="contract"),
    started_at=personal("host.activity", keep="contract"),
    joined_at=personal("host.activity", keep="contract"),
    lost_at=personal("host.activity", keep="contract"),
    ended_at=personal("host.activity", keep="contract"),
    peak_viewers=not_personal("a count"),
    end_reason=personal("host.activity", keep="contract"),
)
declare(
    "rooms.WatchSession",
    "subject",
    room=personal("user.behaviour.viewing", keep="viewing"),
    session=not_personal("random; ends with the connection"),
    subject=derived("the path itself"),
    started_at=personal("user.behaviour.viewing", keep="viewing"),
    joined_at=personal("user.behaviour.viewing", keep="viewing"),
    ended_at=personal("user.behaviour.viewing", keep="viewing"),
    delivered_s=personal("user.behaviour.viewing", keep="viewing"),
    lost_ratio=personal("user.device", keep="viewing"),
)
declare(
    "rooms.Admission",
    "subject",
    room=personal("user.account.role", keep="role"),
    subject=derived("the path itself"),
    role=personal("user.account.role", keep="role"),
    show=not_personal("random; names what the room is closed for"),
    at=personal("user.account.role", keep="role"),
)
