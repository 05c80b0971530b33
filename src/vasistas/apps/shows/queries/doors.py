"""The doors to offers and shows, and who is in one."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import SHOWN, Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.shows import rules
from vasistas.apps.shows.models import TALKING, Offer, Role, Seat, Show, State
from vasistas.apps.shows.rules import ShowNotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet

_ROOM = tuple(f"room__{name}" for name in SHOWN)
LOADED = (*(field.name for field in Show._meta.concrete_fields), *_ROOM)

# -- Offers ------------------------------------------------------------------------------------------------------------


def offer_of(room: Room) -> Offer:
    """What the host of a room offers; a room without a row offers nothing."""
    return Offer.objects.filter(room=room).first() or Offer(room=room)


# -- One show ----------------------------------------------------------------------------------------------------------


def get_show_for(viewer: Viewer, key: UUID) -> Show:
    """Return a show, with room and host loaded, to its people; while it may be joined, to those who may watch rooms.

    Raises: ShowNotFound: none, or not theirs to know of, staff and moderators included. Banned, AgeUnconfirmed.
    """
    show = _with_room().filter(key=key).first()
    if show is None or viewer.member is None:
        raise ShowNotFound(_("There is no such show."))
    member = viewer.member
    if is_host(member, show) or seat_of(show, member) is not None:
        return show
    if not rules.is_joinable(show):
        raise ShowNotFound(_("There is no such show."))
    rooms.check_entry(viewer, show.room)
    return show


def current_of(room: Room) -> Show | None:
    """The show that is announced or runs in a room."""
    return _with_room().filter(room=room, state__in=[State.ACCEPTED, State.RUNNING]).first()


def request_of(member: Member, room: Room) -> Show | None:
    """The open request a member has in a room."""
    mine = Seat.objects.filter(subject=member.subject_id, role=Role.PAYER).values("show")
    return _with_room().filter(room=room, state=State.REQUESTED, pk__in=mine).first()


def seat_of(show: Show, member: Member) -> Seat | None:
    return Seat.objects.filter(show=show, subject=member.subject_id).first()


def is_host(member: Member, show: Show) -> bool:
    """Needs `show.room.host` loaded."""
    return show.room.host.member_id == member.pk


def running_ids() -> list[int]:
    return list(Show.objects.filter(state=State.RUNNING).order_by("pk").values_list("pk", flat=True))


def _with_room() -> "QuerySet[Show]":
    return Show.objects.select_related("room__host__member").only(*LOADED)


# -- Who is there ------------------------------------------------------------------------------------------------------


def audience_of(show: Show) -> str:
    """The audience for which `accounts.alias_for` names the people of a show."""
    return f"show:{show.key}"


def ref_for(member: Member, show: Show) -> str:
    return accounts.alias_for(member, audience_of(show))


def audience(seats: Iterable[Seat], *, talking: bool = False) -> tuple[int, ...]:
    """The members who are told what happens in a show: those of seats that nobody left."""
    here = [seat.subject_id for seat in seats if seat.left_at is None and (not talking or seat.role in TALKING)]
    return tuple(Member.objects.filter(subject__in=here).order_by("pk").values_list("pk", flat=True))


def people_of(seats: Iterable[Seat]) -> Mapping[int, Member]:
    """Who sits there, by subject, with the name shown; the erased are missing."""
    wanted = [seat.subject_id for seat in seats]
    return {member.subject_id: member for member in Member.objects.shown().filter(subject__in=wanted)}
