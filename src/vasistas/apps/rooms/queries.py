"""Reads about rooms. `get_room_for` is the only door to a room: what is refused there is refused everywhere."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.core.files.storage import default_storage
from django.core.paginator import Page, Paginator
from django.db.models import FETCH_RAISE, Case, Count, Exists, OuterRef, Q, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member, shown_of
from vasistas.apps.rooms import rules
from vasistas.apps.rooms.models import (
    Ban,
    Broadcast,
    Category,
    ContentClass,
    Follow,
    Language,
    Moderator,
    Room,
    RoomQuerySet,
    State,
    Tag,
)
from vasistas.apps.rooms.rules import VISITOR, Role, Viewer
from vasistas.guard import sealed
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotAllowed, NotFound
from vasistas.media.port import MediaError, SessionStats, SessionUnknown

PAGE_SIZE = 24  # rooms per page of the directory
SEARCH_CHARS_MAX = 64
FOLLOWED_SHOWN_MAX = 100
HISTORY_SHOWN_MAX = 50
PEOPLE_SHOWN_MAX = 200


class RoomNotFound(NotFound):
    code = "rooms.not_found"


class Banned(NotAllowed):
    """until: None means until lifted."""

    code = "rooms.banned"

    def __init__(self, until: datetime | None) -> None:
        when = date_format(until, "DATETIME_FORMAT") if until else None
        super().__init__(
            _("You are banned from this room until %(when)s.") % {"when": when}
            if when
            else _("You are banned from this room until its host lifts the ban.")
        )
        self.until = until


class AgeUnconfirmed(NotAllowed):
    code = "rooms.age_unconfirmed"

    def __init__(self) -> None:
        super().__init__(_("This room is for adults. Open its page and state your age first."))


# -- One room ----------------------------------------------------------------------------------------------------------


def get_room_for(viewer: Viewer, slug: str) -> Room:
    """Return a room, with host and member loaded, to someone who may watch it.

    Raises: RoomNotFound: none, or not theirs to know of. Banned: with `until`. AgeUnconfirmed: adult, no statement yet.
    """
    room = Room.objects.with_host().filter(slug=slug).first()
    if room is None or not rules.can_know_of(viewer, room):
        raise RoomNotFound(_("There is no such room."))
    if viewer.member is not None and (ban := ban_of(viewer.member, room)):
        raise Banned(ban.until)
    if not rules.can_see_content(viewer, room):
        raise AgeUnconfirmed
    return room


def get_own_room(member: Member, slug: str) -> Room:
    """Return a room to its host, suspended or not: they may still end a broadcast.

    Another's room is not loaded, only asked whether it is there: a purpose of the host is none to read about others.
    Raises: RoomNotFound: none, or not to know of. NotAllowed `rooms.not_host`: another's.
    """
    room = Room.objects.for_desk().filter(slug=slug, host__member=member).first()
    if room is not None:
        return room
    known = Room.objects.all() if member.acts_as_staff else Room.objects.shown()  # as rules.can_know_of
    if known.filter(slug=slug).exists():
        raise NotAllowed(_("Only the host of this room can do that."), code="rooms.not_host")
    raise RoomNotFound(_("There is no such room."))


def room_of_host(member: Member) -> Room | None:
    """A member's own room, with what their desk shows."""
    return Room.objects.for_desk().filter(host__member=member).first()


def can_watch(viewer: Viewer, room: Room) -> bool:
    """Whether `get_room_for` would return this room."""
    return (
        rules.can_know_of(viewer, room)
        and rules.can_see_content(viewer, room)
        and not (viewer.member is not None and is_banned(viewer.member, room))
    )


def room_by_stream_key(key: str) -> Room | None:
    """Return the room of a stream key. The look-up is by hash, so its time tells nothing about the key."""
    with processing("host"):  # keys are looked at for their host alone; the hash itself leaves the database never
        room_id = Room.objects.filter(stream_key_hash=hash_key(key)).values_list("pk", flat=True).first()
    return Room.objects.with_host().filter(pk=room_id).first() if room_id is not None else None


def hash_key(key: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, which nobody can try out."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True)
class Thumbnail:
    data: bytes
    is_for_all: bool


def get_thumbnail_for(viewer: Callable[[], Viewer], name: str) -> Thumbnail:
    """Return the present picture of a room. Its name is "<room pk>-<random>.webp".

    Args: viewer: asked when not everyone may see it, so that most pictures are served without a look into the session.
    Raises: NotFound: there is none, not any more, or not for this viewer.
    """
    room_id = name.partition("-")[0]
    room = Room.objects.with_host().filter(pk=room_id, thumbnail=name).first()
    refused = NotFound(_("There is no such picture."), code="rooms.no_thumbnail")
    if room is None:
        raise refused
    is_for_all = rules.can_see_thumbnail(VISITOR, room)
    if not is_for_all and not rules.can_see_thumbnail(viewer(), room):
        raise refused
    try:
        with default_storage.open(f"thumbnails/{name}") as file:
            return Thumbnail(file.read(), is_for_all)
    except FileNotFoundError:
        raise refused from None


# -- People of a room --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """What a host learns of a member: the name shown, and a reference good in this room only."""

    ref: str
    name: str
    at: datetime
    until: datetime | None = None
    reason: str = ""


def audience_of(room: Room) -> str:
    """The audience for which `accounts.alias_for` names members of this room."""
    return f"room:{room.pk}"


def ref_for(member: Member, room: Room) -> str:
    return accounts.alias_for(member, audience_of(room))


def role_of(member: Member | None, room: Room) -> Role:
    if rules.is_host(member, room):
        return "host"
    if member is not None and is_moderator(member, room):
        return "moderator"
    return "member"


def is_moderator(member: Member, room: Room) -> bool:
    """Whether the member was named moderator; a host is not, and may do more (see `role_of`)."""
    return Moderator.objects.filter(room=room, member=member).exists()


def ban_of(member: Member, room: Room, at: datetime | None = None) -> Ban | None:
    """Return the ban in force, if any."""
    ban = Ban.objects.filter(room=room, member=member).first()
    return ban if ban and rules.is_in_force(ban, at or timezone.now()) else None


def is_banned(member: Member, room: Room, at: datetime | None = None) -> bool:
    return ban_of(member, room, at) is not None


def moderators_of(room: Room) -> list[Person]:
    """Moderators of a room, by name."""
    rows = Moderator.objects.filter(room=room).select_related("member").only("at", *shown_of("member"))
    named = rows.fetch_mode(FETCH_RAISE).order_by("member__display_name")[:PEOPLE_SHOWN_MAX]
    return [Person(ref_for(row.member, room), row.member.display_name, row.at) for row in named]


def bans_of(room: Room, at: datetime) -> list[Person]:
    """Bans in force, newest first. Read it under "moderate": each look is one at the people in it."""
    rows = Ban.objects.filter(Q(until=None) | Q(until__gt=at), room=room).select_related("member")
    shown = rows.only("at", "until", "reason", "row_key", *shown_of("member")).fetch_mode(FETCH_RAISE)
    newest = sealed.openable(shown.order_by("-at")[:PEOPLE_SHOWN_MAX], "reason")
    return [Person(ref_for(row.member, room), row.member.display_name, row.at, row.until, row.reason) for row in newest]


def member_by_name(name: str) -> Member:
    """Return the member shown under a name, whatever its case.

    Raises: NotFound `rooms.no_member`.
    """
    member = Member.objects.shown().filter(display_name__iexact=name.strip(), is_active=True).first()
    if member is None:
        raise NotFound(_("Nobody here has this name. Check how it is written."), code="rooms.no_member")
    return member


def member_by_ref(room: Room, ref: str) -> Member:
    """Return the moderator or banned member behind a reference of this room.

    Raises: NotFound `rooms.no_member`.
    """
    known = Member.objects.filter(Q(moderates__room=room) | Q(bans__room=room)).distinct()
    for member_id in known.values_list("pk", flat=True).iterator():  # one of them is looked at, not all
        if hmac.compare_digest(ref_for(Member(pk=member_id), room), ref):
            return Member.objects.shown().get(pk=member_id)
    raise NotFound(_("This person is not on the list any more."), code="rooms.no_member")


def is_following(member: Member, room: Room) -> bool:
    return Follow.objects.filter(room=room, member=member).exists()


def follower_count(room: Room) -> int:
    return Follow.objects.filter(room=room).count()


def followed_rooms(viewer: Viewer) -> list[Room]:
    """Rooms a member follows: on air first, then by name of the host; at most FOLLOWED_SHOWN_MAX. Visitors: none."""
    if viewer.member is None:
        return []
    rooms = _visible(viewer).filter(follows__member=viewer.member).for_cards()
    rooms = rooms.order_by("-viewer_count", "host__member__display_name")[:FOLLOWED_SHOWN_MAX]
    return sorted(rooms, key=lambda room: not room.is_on_air)


# -- Lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoomFilters:
    """What the address of the directory asks for. `of` drops what no room could match, so that old links still work."""

    q: str = ""
    category: str = ""
    tag: str = ""
    language: str = ""
    content_class: str = ""
    live: bool = False
    sort: str = "viewers"  # or "newest"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read a query string (`request.GET`)."""
        page = query.get("page", "1")
        return cls(
            q=" ".join(query.get("q", "").replace("\0", "").split())[:SEARCH_CHARS_MAX],
            category=_one_of(query.get("category", ""), Category.values),
            tag=query.get("tag", "").replace("\0", "").strip().lower().removeprefix("#")[:SEARCH_CHARS_MAX],
            language=_one_of(query.get("language", ""), Language.values),
            content_class=_one_of(query.get("content_class", query.get("class", "")), ContentClass.values),
            live=query.get("live") == "1",
            sort=_one_of(query.get("sort", ""), ["viewers", "newest"]) or "viewers",
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,  # noqa: PLR2004 — five digits
        )


def _one_of(value: str, values: list[str]) -> str:
    return value if value in values else ""


def _visible(viewer: Viewer) -> RoomQuerySet:
    """Rooms for lists: adult ones only to those who stated their age."""
    rooms = Room.objects.shown()
    return rooms if viewer.is_age_confirmed else rooms.exclude(content_class=ContentClass.ADULT)


def list_rooms(filters: RoomFilters, viewer: Viewer = VISITOR) -> Page[Room]:
    """Return one page of rooms, PAGE_SIZE each; a page beyond the end is the last one."""
    rooms = _visible(viewer)
    if filters.q:
        tagged = Exists(Tag.objects.filter(rooms=OuterRef("pk"), name__icontains=filters.q.removeprefix("#")))
        rooms = rooms.filter(
            Q(title__icontains=filters.q) | Q(host__member__display_name__icontains=filters.q) | tagged
        )
    if filters.tag:
        rooms = rooms.filter(Exists(Tag.objects.filter(rooms=OuterRef("pk"), name=filters.tag)))
    for name in ("category", "language", "content_class"):
        if value := getattr(filters, name):
            rooms = rooms.filter(**{name: value})
    if filters.live:
        rooms = rooms.on_air()
    if filters.sort == "newest":
        ordered = rooms.order_by("-created_at", "-pk")
    else:
        off_air = Case(When(state__in=[State.LIVE, State.AWAY], then=0), default=1)
        ordered = rooms.annotate(off_air=off_air).order_by("off_air", "-viewer_count", "-state_at", "-pk")
    return Paginator(ordered.for_cards(), PAGE_SIZE).get_page(filters.page)


def featured(viewer: Viewer = VISITOR, limit: int = 8) -> list[Room]:
    """Rooms on air with the most viewers."""
    return list(_visible(viewer).on_air().for_cards().order_by("-viewer_count", "-state_at", "-pk")[:limit])


def next_live(room: Room, limit: int = 6, viewer: Viewer = VISITOR) -> list[Room]:
    """Other rooms on air to go to from `room`: of its category first, then the busiest."""
    others = _visible(viewer).filter(state=State.LIVE).exclude(pk=room.pk)
    elsewhere = Case(When(category=room.category, then=0), default=1)
    ordered = others.annotate(elsewhere=elsewhere).order_by("elsewhere", "-viewer_count", "-state_at", "-pk")
    return list(ordered.for_cards()[:limit])


@dataclass(frozen=True)
class Facet:
    key: str
    label: str
    count: int
    live_count: int


def facets(viewer: Viewer = VISITOR) -> list[Facet]:
    """Categories that have rooms, each with how many and how many on air, in the order of `Category`."""
    on_air = Count("pk", filter=Q(state__in=[State.LIVE, State.AWAY]))
    rows = _visible(viewer).order_by().values("category").annotate(count=Count("pk"), live=on_air)
    counts = {row["category"]: (row["count"], row["live"]) for row in rows}
    return [Facet(key, str(label), *counts[key]) for key, label in Category.choices if key in counts]


# -- Broadcasts --------------------------------------------------------------------------------------------------------


def open_broadcast(room: Room) -> Broadcast | None:
    """The broadcast that is on air or may come back."""
    return Broadcast.objects.filter(room=room, ended_at=None).exclude(joined_at=None).order_by("-joined_at").first()


def history(room: Room) -> list[Broadcast]:
    """Broadcasts that had a picture, newest first."""
    rows = Broadcast.objects.filter(room=room).exclude(joined_at=None).order_by("-started_at")
    return list(rows.fetch_mode(FETCH_RAISE)[:HISTORY_SHOWN_MAX])


def broadcast_stats(broadcast: Broadcast) -> SessionStats | None:
    """What the node measures of a publisher; None when it is gone or the node does not answer."""
    try:
        return media.get_port().session_stats(broadcast.session)
    except MediaError:
        return None


def probe_stats(session: str) -> SessionStats:
    """Raises: SessionUnknown: it is no uplink test, or ended; NodeUnreachable."""
    stats = media.get_port().session_stats(session)
    if stats.kind != "probe":
        raise SessionUnknown(_("This uplink test has ended."))
    return stats
