"""Who may do what in a room. Pure: everything needed is passed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.contrib.auth.models import AnonymousUser

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.events import Lobby
from vasistas.apps.rooms.models import Ban, Room, State

type Role = Literal["host", "moderator", "member"]

AGE_SESSION_KEY = "age_confirmed"  # the visitor's own statement, kept in their session alone


@dataclass(frozen=True)
class Viewer:
    """Whoever looks: a member or None, and whether they stated that they are 18 or older."""

    member: Member | None = None
    is_age_confirmed: bool = False

    @classmethod
    def of(cls, user: Member | AnonymousUser, session: Any) -> "Viewer":
        """Args: user, session: of the request."""
        return cls(user if isinstance(user, Member) else None, session.get(AGE_SESSION_KEY) is True)


VISITOR = Viewer()


def lobbies_for(viewer: Viewer) -> list[Lobby]:
    return ["lobby", "lobby:adult"] if viewer.is_age_confirmed else ["lobby"]


def lobby_of(room: Room) -> Lobby:
    """The channel of the lists that show this room when they may."""
    return "lobby:adult" if room.is_adult else "lobby"


def lobby_knowing(room: Room) -> Lobby | None:
    """The same, or None while the room exists for nobody but its host and staff."""
    return lobby_of(room) if can_know_of(VISITOR, room) else None


def is_host(member: Member | None, room: Room) -> bool:
    """Needs `room.host` loaded."""
    return member is not None and room.host.member_id == member.pk


def can_know_of(viewer: Viewer, room: Room, *, is_admitted: bool = False) -> bool:
    """A private room exists for its host and those admitted alone, staff are not among them; one whose host is
    suspended or gone, for its host and staff.
    """
    if is_host(viewer.member, room):
        return True
    if room.state == State.PRIVATE:
        return is_admitted
    return not room.host.is_barred or (viewer.member is not None and viewer.member.acts_as_staff)


def can_see_content(viewer: Viewer, room: Room) -> bool:
    return not room.is_adult or viewer.is_age_confirmed or is_host(viewer.member, room)


def can_see_thumbnail(viewer: Viewer, room: Room) -> bool:
    return can_know_of(viewer, room) and can_see_content(viewer, room)


def can_broadcast(member: Member | None, room: Room) -> bool:
    return is_host(member, room) and not room.host.is_barred


def can_moderate(role: Role) -> bool:
    return role in {"host", "moderator"}


def can_ban(actor: Role, target: Role) -> bool:
    """A host bans anyone but themselves; a moderator bans members only."""
    return (actor == "host" and target != "host") or (actor == "moderator" and target == "member")


def is_in_force(ban: Ban, at: datetime) -> bool:
    return ban.until is None or ban.until > at
