"""Rows as the operations lock and load them."""

from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers import queries as providers
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms.models import Room
from vasistas.apps.shows.models import Seat, Show
from vasistas.apps.shows.rules import ShowRefused


def lock(show: Show) -> Show:
    """Lock a show and read it anew, with its room. Every writer takes the show first."""
    locked = Show.objects.select_for_update(no_key=True).get(pk=show.pk)
    locked.room = Room.objects.with_host().get(pk=locked.room_id)
    return locked


def lock_room(room: Room) -> Room:
    return Room.objects.with_host().select_for_update(no_key=True, of=("self",)).get(pk=room.pk)


def lock_person(member: Member) -> None:
    """Two acts of one person at once count as two."""
    Member.objects.select_for_update(no_key=True).only("pk").get(pk=member.pk)


def seats_of(show: Show) -> list[Seat]:
    """All seats, with the accounts they are paid from; the show's lock covers them."""
    seats = list(Seat.objects.filter(show=show).select_related("hold").order_by("pk"))
    for seat in seats:
        seat.show = show
    return seats


def host_of(show: Show) -> Host:
    """Loaded as whom its payments go to."""
    return providers.payee_of(show.room.host_id)


def require(holds: object, message: str) -> None:
    """Raises: ShowRefused: it does not hold."""
    if not holds:
        raise ShowRefused(message)


def over() -> str:
    return _("This show is over.")
