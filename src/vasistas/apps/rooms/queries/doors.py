"""The doors to rooms, and the people of one."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import FETCH_RAISE, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member, shown_of
from vasistas.apps.rooms import rules
from vasistas.apps.rooms.models import (
    Admission,
    Ban,
    Follow,
    Moderator,
    Room,
    State,
)
from vasistas.apps.rooms.rules import VISITOR, Role, Viewer
from vasistas.guard import sealed
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotAllowed, NotFound

PEOPLE_SHOWN_MAX = 200


class RoomNotFound(NotFound):
    code = "rooms.not_found"


class InPrivate(RoomNotFound):
    """The room is closed to the public: to whoever asks it does not exist. room_id: for pages that offer a way in."""

    def __init__(self, room_id: int) -> None:
        super().__init__(_("There is no such room."))
        self.room_id = room_id


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

    Raises: RoomNotFound: none, or not theirs to know of. InPrivate: closed to the public, and they are not admitted.
    Banned: with `until`. AgeUnconfirmed: adult, no statement yet.
    """
    room = Room.objects.with_host().filter(slug=slug).first()
    if room is None:
        raise RoomNotFound(_("There is no such room."))
    if not rules.can_know_of(viewer, room, is_admitted=is_admitted(viewer.member, room)):
        raise InPrivate(room.pk) if room.state == State.PRIVATE else RoomNotFound(_("There is no such room."))
    check_entry(viewer, room)
    return room


def check_entry(viewer: Viewer, room: Room) -> None:
    """Raises: Banned: with `until`. AgeUnconfirmed: adult, no statement yet."""
    if viewer.member is not None and (ban := ban_of(viewer.member, room)):
        raise Banned(ban.until)
    if not rules.can_see_content(viewer, room):
        raise AgeUnconfirmed


def room_id_of(slug: str) -> int:
    """The number of a room, whoever may enter; for the staff. Raises: RoomNotFound."""
    found = Room.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise RoomNotFound(_("There is no such room."))
    return found


def is_admitted(member: Member | None, room: Room) -> bool:
    """Whether a member may watch a room that is closed to the public. Asks the database for closed rooms alone."""
    if member is None or room.state != State.PRIVATE:
        return False
    return Admission.objects.filter(room=room, subject=member.subject_id).exists()


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
        rules.can_know_of(viewer, room, is_admitted=is_admitted(viewer.member, room))
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


def follows_since(member: Member, room: Room) -> datetime | None:
    """When a member began to follow a room; None: they do not."""
    return Follow.objects.filter(room=room, member=member).values_list("at", flat=True).first()


def follower_count(room: Room) -> int:
    return Follow.objects.filter(room=room).count()
