"""The end of a show, or of one seat in it: the last reading of the node, the last charge, the rest given back."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.shows import queries
from vasistas.apps.shows.events import PresenceChanged, ShowEnded
from vasistas.apps.shows.models import OPEN_STATES, Kind, Role, Seat, Show, State
from vasistas.apps.shows.operations import asking, money, readings, rows
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone
from vasistas.lib import events
from vasistas.lib.errors import NotAllowed
from vasistas.media.port import MediaError

logger = logging.getLogger(__name__)


def end(*, show: Show, by: Member, at: datetime) -> None:
    """End a show, by the host or whoever pays a private session; a repeat does nothing.

    Raises: NotAllowed. Publishes: ShowEnded, StateChanged, BalanceChanged.
    """
    hosts = queries.is_host(by, show)
    seat = queries.seat_of(show, by)
    if not hosts and (seat is None or seat.role != Role.PAYER or show.kind != Kind.PRIVATE):
        raise NotAllowed(_("Only its host can end this show. You can leave it."), code="shows.not_yours")
    reason = Show.EndReason.HOST if hosts else Show.EndReason.VIEWER
    finish(show, reason, at)


def finish(show: Show, reason: str, at: datetime) -> None:
    """End a show for whatever reason, whatever its state; a repeat does nothing. May run from anywhere but inside a
    transaction. Publishes: as `end`.
    """
    figures = readings.read(show, at)
    with transaction.atomic():
        locked = rows.lock(show)
        if locked.state == State.RUNNING:
            seats = readings.apply(locked, figures)
            settle_all(locked, seats, reason, at)
        elif locked.is_open:
            asking.close_unbegun(locked, State.CANCELLED, at, reason)
    close_media(locked)


def settle_all(show: Show, seats: list[Seat], reason: str, at: datetime) -> None:
    """Close the books of a running show. Needs the show locked, and its deliveries applied.

    Publishes: ShowEnded, StateChanged, BalanceChanged.
    """
    told = {show.room.host.member_id, *queries.audience(seats)}
    show.state, show.ended_at, show.end_reason = State.ENDED, at, reason
    show.save(update_fields=["state", "ended_at", "end_reason"])
    if reason == Show.EndReason.VIEWER:
        for seat in seats:
            seat.has_left = seat.has_left or seat.role == Role.PAYER
    for seat in seats:
        settle(seat, at)
    rooms.reopen(room=show.room, show=show.key, at=at)
    members = tuple(sorted(told))
    events.publish(ShowEnded(show.key, show.room_id, show.state, reason, is_known=True, members=members))


def settle(seat: Seat, at: datetime) -> None:
    """Take the last of what is due, give the rest back. Needs the show locked."""
    if seat.hold is not None and seat.settled_at is None:
        try:
            with transaction.atomic():
                money.take(seat, rows.host_of(seat.show), at, is_over=True)
        except SubjectGone:  # the host is being erased, and nothing is written about them any more
            logger.info("shows.not_charged", extra={"seat": seat.pk})
        money.give_back(seat, at)
    seat.left_at = seat.left_at or at
    seat.save(update_fields=["left_at", "has_left"])


def dismiss(show: Show, seat_ids: Iterable[int], at: datetime, *, by_themselves: bool = False) -> None:
    """Let some out while the show goes on; a repeat does nothing. Publishes: PresenceChanged, BalanceChanged."""
    wanted = set(seat_ids)
    figures = readings.read(show, at)
    with transaction.atomic():
        locked = rows.lock(show)
        seats = readings.apply(locked, figures) if locked.state == State.RUNNING else rows.seats_of(locked)
        for seat in seats:
            if seat.pk not in wanted or seat.left_at is not None or not locked.is_open:
                continue
            seat.has_left = by_themselves
            settle(seat, at)
            rooms.dismiss(room=locked.room, subject_id=seat.subject_id, show=locked.key)
            _tell_gone(locked, seats, seat)
    rooms.end_unadmitted(room=locked.room)


def _tell_gone(show: Show, seats: list[Seat], seat: Seat) -> None:
    person = Member.objects.shown().filter(subject=seat.subject_id).first()
    if person is None:
        return
    told = (*queries.audience(seats), person.pk)
    ref = queries.ref_for(person, show)
    events.publish(
        PresenceChanged(show.key, show.room_id, ref, person.display_name, seat.role, is_present=False, members=told)
    )


def close_media(show: Show) -> None:
    """End the cam of a show at the node. What it does not hear ends with the node's room, and is tried by `recover`."""
    if not show.allows_cam or show.started_at is None:
        return
    try:
        media.get_port().close_room(show.cam)
    except MediaError:
        logger.warning("shows.cam_not_closed", extra={"show": show.pk})


# -- When somebody is kept out, or erased ------------------------------------------------------------------------------


@processing("shows")
def end_of_banned(room_id: int, member_id: int, at: datetime) -> None:
    """Whoever is banned from a room is out of its shows."""
    subject = Member.objects.filter(pk=member_id).values_list("subject_id", flat=True).first()
    for seat in Seat.objects.filter(
        subject=subject, left_at=None, show__room=room_id, show__state__in=OPEN_STATES
    ).select_related("show"):
        _out(seat, Show.EndReason.HOST, at)


@processing("shows")
def end_all_of(subject_id: int, at: datetime) -> None:
    """End all shows somebody hosts or pays, and their seats in others; see `wiring.STOP_OF_THE_ERASED`."""
    for show in Show.objects.filter(room__host__member__subject=subject_id, state__in=OPEN_STATES):
        finish(show, Show.EndReason.STAFF, at)
    here = Seat.objects.filter(subject=subject_id, left_at=None, show__state__in=OPEN_STATES)
    for seat in here.select_related("show"):
        _out(seat, Show.EndReason.STAFF, at)


def _out(seat: Seat, reason: str, at: datetime) -> None:
    if (seat.role == Role.PAYER and seat.show.kind == Kind.PRIVATE) or seat.show.state == State.REQUESTED:
        finish(seat.show, reason, at)
    else:
        dismiss(seat.show, [seat.pk], at)
