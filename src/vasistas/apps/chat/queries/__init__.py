"""Reads about chats: lines, who someone is there, and all that a chat panel needs.

Lines have the shape of the realtime event `chat.message.said`, so a page draws both alike. No member id and no address
leaves: people are a name shown and a reference good in one room only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member, shown_of
from vasistas.apps.chat import rules
from vasistas.apps.chat.models import MESSAGE_CHARS_MAX, Message, Mute, RoomSettings
from vasistas.apps.chat.queries import speaking
from vasistas.apps.chat.text import EMOJI, Token, tokens
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard import sealed
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotAllowed, NotFound

HISTORY_LINES_MAX = 50  # lines of one page of history
RECENT_SPEAKER_S = 24 * 3600  # who spoke within this time can be named in a command
SLOW_MODE_CHOICES_S = (0, 3, 5, 10, 30, 60, 120)  # offered; any number of seconds up to 600 is taken
AGES = [  # minutes offered; any number up to 30 days is taken
    (0, gettext_lazy("any")),
    (10, gettext_lazy("10 minutes")),
    (60, gettext_lazy("1 hour")),
    (24 * 60, gettext_lazy("1 day")),
    (7 * 24 * 60, gettext_lazy("7 days")),
]
MUTES_SHOWN_MAX = 50  # rows of the list of muted people
COLOURS = 12  # chat__author--0 … in chat.css; js/lib/chat-colour.js counts alike

type Reach = Literal["all", "members", "own"]  # whose lines someone can act on; js/lib/chat-lines.js decides alike
type Someone = Viewer | Member | AnonymousUser


class MessageNotFound(NotFound):
    code = "chat.message_not_found"

    def __init__(self) -> None:
        super().__init__(_("This message is not here any more."))


# -- Lines -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """at: unix seconds. tokens: the text, cut for display. is_actionable, is_call: for one viewer."""

    id: int
    author: str
    author_ref: str
    role: str
    text: str
    at: float
    tokens: tuple[Token, ...] = ()
    is_actionable: bool = False
    is_call: bool = False

    @property
    def colour(self) -> int:
        return int(self.author_ref[:8], 16) % COLOURS

    @property
    def at_s(self) -> int:
        return int(self.at)

    @property
    def said_at(self) -> datetime:
        return datetime.fromtimestamp(self.at, tz=timezone.get_current_timezone())

    def wire(self) -> dict[str, Any]:
        """The data of the realtime event that told of this line."""
        names = ("id", "author", "author_ref", "role", "text", "at")
        return {name: getattr(self, name) for name in names}


def recent(room: Room, *, limit: int = HISTORY_LINES_MAX) -> list[Line]:
    """The latest lines of a room, oldest first."""
    return _lines(room, Message.objects.filter(room=room).for_lines()[:limit])


def before(room: Room, message_id: int, *, limit: int = HISTORY_LINES_MAX) -> list[Line]:
    """The lines before a message, oldest first."""
    return _lines(room, Message.objects.filter(room=room, pk__lt=message_id).for_lines()[:limit])


def said_by(author: Member, since: datetime) -> models.QuerySet[Message]:
    """What one member said in any room after `since`, deleted lines too, newest first; words, place and time alone."""
    said = Message.objects.filter(author=author, said_at__gt=since).order_by("-said_at")
    return said.only("author", "room", "text", "row_key", "said_at")


def line_of(message: Message) -> Line:
    return _lines(message.room, [message])[0]


def _lines(room: Room, newest_first: Iterable[Message]) -> list[Line]:
    rows = sealed.openable(newest_first, "text")[::-1]
    words = [row.text for row in rows]  # opened once: each reading of the attribute opens it anew
    authors = {row.author_id: row.author for row in rows}
    refs = {pk: rooms.ref_for(author, room) for pk, author in authors.items()}
    names = [author.display_name for author in authors.values()]
    return [
        Line(
            row.pk,
            row.author.display_name,
            refs[row.author_id],
            row.role,
            text,
            row.said_at.timestamp(),
            tuple(tokens(text, names)),
        )
        for row, text in zip(rows, words, strict=True)
    ]


def get_message_for(viewer: Member, room: Room, message_id: int, at: datetime) -> Message:
    """Return a message of this room to its author, or to someone with the room's tools.

    Raises: MessageNotFound. NotAllowed `chat.not_moderator`.
    """
    message = Message.objects.for_lines().filter(room=room, pk=message_id).first()
    if message is None:
        raise MessageNotFound
    message.room = room
    if message.author_id != viewer.pk:
        check_has_desk(standing_of(room, viewer, at))
    return message


def check_has_desk(standing: rules.Standing) -> None:
    """Raises: NotAllowed `chat.not_moderator`: the room's tools are not this person's."""
    if not standing.has_desk:
        raise NotAllowed(_("Only the host and the moderators of this room can do that."), code="chat.not_moderator")


# -- People ------------------------------------------------------------------------------------------------------------


def member_of(viewer: Someone) -> Member | None:
    if isinstance(viewer, Viewer):
        return viewer.member
    return viewer if isinstance(viewer, Member) else None


def standing_of(room: Room, viewer: Someone, at: datetime, settings: RoomSettings | None = None) -> rules.Standing:
    """What someone is in this room, now. settings: of who is about to speak; the age of an account is asked where
    they ask for one.
    """
    member = member_of(viewer)
    if member is None:
        return rules.Standing()
    mute = Mute.objects.filter(room=room, member=member, until__gt=at).first()
    follows_since = rooms.follows_since(member, room)
    return rules.Standing(
        is_signed_in=member.is_active,
        has_verified_mail=EmailAddress.objects.filter(user_id=member.pk, verified=True).exists(),
        is_staff=member.acts_as_staff,
        is_follower=follows_since is not None,
        follows_since=follows_since,
        joined_at=accounts.joined_at(member) if settings and settings.account_age_min else None,
        is_banned=rooms.is_banned(member, room, at),
        muted_until=mute.until if mute else None,
        role=Message.Role(rooms.role_of(member, room)),
    )


def speaker_named(room: Room, name: str, at: datetime) -> Member:
    """Return who spoke or was muted here lately under this name, whatever its case.

    Raises: NotFound `chat.no_speaker`.
    """
    spoke_from = at - timedelta(seconds=RECENT_SPEAKER_S)
    here = models.Q(messages__room=room, messages__said_at__gt=spoke_from) | models.Q(
        mutes__room=room, mutes__until__gt=at
    )
    member = Member.objects.shown().filter(here, display_name__iexact=name).distinct().first()
    if member is None:
        raise NotFound(_("Nobody of this name spoke here lately. Check how it is written."), code="chat.no_speaker")
    return member


@dataclass(frozen=True)
class Muted:
    """One row of the list of muted people. id: of the mute."""

    id: int
    name: str
    until: datetime
    reason: str


def muted_in(room: Room, at: datetime) -> list[Muted]:
    """Who is muted now, the soonest to end first. Read it under "moderate": each look is one at the people in it."""
    rows = Mute.objects.filter(room=room, until__gt=at).select_related("member")
    shown = rows.only("until", "reason", "row_key", *shown_of("member")).fetch_mode(models.FETCH_RAISE)
    soonest = sealed.openable(shown.order_by("until")[:MUTES_SHOWN_MAX], "reason")
    return [Muted(row.pk, row.member.display_name, row.until, row.reason) for row in soonest]


def get_muted_for(standing: rules.Standing, room: Room, mute_id: int) -> Member:
    """Return whom a mute of this room keeps silent.

    Raises: NotAllowed `chat.not_moderator`. NotFound `chat.no_mute`.
    """
    check_has_desk(standing)
    rows = Mute.objects.filter(room=room, pk=mute_id).select_related("member")
    mute = rows.only("room", *shown_of("member")).first()
    if mute is None:
        raise NotFound(_("This person is not muted any more."), code="chat.no_mute")
    return mute.member


def _for_viewer(lines: list[Line], reach: Reach, ref: str, name: str) -> list[Line]:
    """Mark the lines this viewer can act on, and those that call them by name."""
    if not ref:
        return lines
    names = {name, *(line.author for line in lines)}
    return [
        replace(
            line,
            tokens=tuple(tokens(line.text, names)),
            is_actionable=line.author_ref == ref or _reaches(reach, line.role),
            is_call=line.author_ref != ref and any(one.kind == "mention" for one in tokens(line.text, [name])),
        )
        for line in lines
    ]


def _reaches(reach: Reach, role: str) -> bool:
    return reach == "all" or (reach == "members" and role == Message.Role.MEMBER)


# -- Rooms -------------------------------------------------------------------------------------------------------------


def settings_of(room: Room) -> RoomSettings:
    """The chat settings of a room; unsaved defaults when it has none."""
    return RoomSettings.objects.filter(room=room).first() or RoomSettings(room=room)


def wait_s(room: Room, member: Member, slow_mode_s: int, at: datetime) -> float:
    """Seconds until slow mode lets this member speak again; 0 when they may."""
    if not slow_mode_s:
        return 0.0
    said_at = _latest(room, member)
    return max(0.0, (said_at + timedelta(seconds=slow_mode_s) - at).total_seconds()) if said_at else 0.0


def _latest(room: Room, member: Member) -> datetime | None:
    said = Message.objects.filter(room=room, author=member).order_by("-said_at").values_list("said_at", flat=True)
    return said.first()


@dataclass(frozen=True)
class Panel:
    """All that chat/_panel.html shows.

    refusal: a code, "" when the viewer may speak. wait_s: whole seconds of slow mode left. viewer_ref, viewer_name: ""
    for visitors. muted, banned: for those with the room's tools, moderators: for the host; else empty, and so in panels
    read without the desk's lists.
    """

    room_id: int
    slug: str
    lines: list[Line]
    has_older: bool
    refusal: str
    refusal_words: str
    slow_mode_s: int
    wait_s: int
    audience: str
    links_allowed: bool
    account_age_min: int
    follow_min: int
    words: str
    viewer_ref: str
    viewer_name: str
    viewer_role: str
    reach: Reach
    has_desk: bool
    is_host: bool
    needs_reason: bool
    muted: list[Muted]
    moderators: list[rooms.Person]
    banned: list[rooms.Person]
    chars_max: int = MESSAGE_CHARS_MAX
    retention_days: int = field(default_factory=lambda: get_policy().retention["room_chat"].days_max or 0)

    @property
    def emoji(self) -> dict[str, str]:
        return EMOJI

    @property
    def slow_mode_choices(self) -> tuple[int, ...]:
        return SLOW_MODE_CHOICES_S

    @property
    def ages(self) -> list[tuple[int, Any]]:
        return AGES

    @property
    def audiences(self) -> list[tuple[str, Any]]:
        return RoomSettings.Audience.choices

    @property
    def oldest_id(self) -> int | None:
        return self.lines[0].id if self.lines else None

    def snapshot(self) -> dict[str, Any]:
        """What a script needs to be where this panel is: lines as in the realtime events, and what events change."""
        return {
            "lines": [line.wire() for line in self.lines],
            "has_older": self.has_older,
            "slow_mode_s": self.slow_mode_s,
            "wait_s": self.wait_s,
            "refusal": self.refusal,
            "refusal_words": self.refusal_words,
        }


def panel_for(
    room: Room,
    viewer: Someone,
    at: datetime | None = None,
    *,
    older_than: int | None = None,
    with_people: bool = True,
) -> Panel:
    """Everything the chat panel of `viewer` shows. The caller has got the room by `rooms.get_room_for`.

    Args: at: now, unless told. older_than: a message id; then the lines before it instead of the latest. with_people:
    with the lists of the desk, for those who have one; who is kept out is read under "moderate", and that is noted.
    """
    at = at or timezone.now()
    member = member_of(viewer)
    settings = settings_of(room)
    standing = standing_of(room, viewer, at, settings)
    is_host = standing.role == Message.Role.HOST
    refusal = rules.refusal_to_say(standing, settings, at)
    limit = HISTORY_LINES_MAX + 1  # one more tells whether there are older ones
    lines = recent(room, limit=limit) if older_than is None else before(room, older_than, limit=limit)
    is_slowed = member is not None and not standing.has_desk
    viewer_ref, viewer_name = (rooms.ref_for(member, room), member.display_name) if member else ("", "")
    reach: Reach = "all" if standing.is_staff or is_host else "members" if standing.has_desk else "own"
    muted, banned = _kept_out(room, at) if with_people and standing.has_desk else ([], [])
    return Panel(
        room_id=room.pk,
        slug=room.slug,
        lines=_for_viewer(lines[-HISTORY_LINES_MAX:], reach, viewer_ref, viewer_name),
        has_older=len(lines) > HISTORY_LINES_MAX,
        refusal=refusal or "",
        refusal_words=speaking.refusal_words(refusal, standing, at),
        slow_mode_s=settings.slow_mode_s,
        wait_s=ceil(wait_s(room, member, settings.slow_mode_s, at)) if member and is_slowed else 0,
        audience=settings.audience,
        links_allowed=settings.links_allowed,
        account_age_min=settings.account_age_min,
        follow_min=settings.follow_min,
        words=settings.words if standing.has_desk else "",
        viewer_ref=viewer_ref,
        viewer_name=viewer_name,
        viewer_role=standing.role,
        reach=reach,
        has_desk=standing.has_desk,
        is_host=is_host,
        needs_reason=rules.needs_reason(standing),
        muted=muted,
        moderators=rooms.moderators_of(room) if with_people and is_host else [],
        banned=banned,
    )


@processing("moderate")
def _kept_out(room: Room, at: datetime) -> tuple[list[Muted], list[rooms.Person]]:
    return muted_in(room, at), rooms.bans_of(room, at)


def snapshot(room: Room, viewer: Someone, at: datetime | None = None) -> dict[str, Any]:
    """The chat of a room as plain JSON values; see `Panel.snapshot`."""
    return panel_for(room, viewer, at, with_people=False).snapshot()
