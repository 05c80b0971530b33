"""The clock of running shows. All of it stands in rows: a worker that was killed goes on where the rows are."""

import functools
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.models import State as RoomState
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.events import ShowTicked, ShowWarned
from vasistas.apps.shows.models import OPEN_STATES, PAYING, Delivery, Kind, Role, Seat, Show, State
from vasistas.apps.shows.operations import asking, ending, money, readings, rows
from vasistas.lib import events

SHOWS_AT_ONCE = 200  # of one tick; a media node has fewer rooms
EXPIRED_AT_ONCE = 100
RECOVERED_AT_ONCE = 100

logger = logging.getLogger(__name__)


def tick(*, at: datetime) -> None:
    """Charge what was delivered, warn, end what is over, expire what waited too long. Safe to repeat, and to run twice.

    Publishes: ShowTicked, ShowWarned, PresenceChanged, ShowEnded, BalanceChanged.
    """
    for show_id in queries.running_ids()[:SHOWS_AT_ONCE]:
        try:
            _meter(show_id, at)
        except Exception:  # one show that fails must not keep the others from ending
            logger.exception("shows.tick_failed", extra={"show": show_id})
    _expire(at)


def _meter(show_id: int, at: datetime) -> None:
    show = Show.objects.get(pk=show_id)
    figures = readings.read(show, at)
    with transaction.atomic():
        show = rows.lock(show)
        if show.state != State.RUNNING:
            return
        before = dict(Seat.objects.filter(show=show).values_list("pk", "delivered_s"))
        seats = readings.apply(show, figures)
        people = queries.people_of(seats)
        paying = [seat for seat in seats if seat.role in PAYING and seat.left_at is None]
        host = rows.host_of(show)
        for seat in paying:
            money.take(seat, host, at)
            if seat.subject_id in people and seat.delivered_s != before.get(seat.pk):
                _tell(show, seat, people[seat.subject_id], at)
        reason = _reason_to_end(show, seats, people, at)
        if reason:
            ending.settle_all(show, seats, reason, at)
            gone = []
        else:
            gone = [seat.pk for seat in paying if _has_to_go(show, seat, people, at)]
    if reason:
        ending.close_media(show)
    elif gone:
        ending.dismiss(show, gone, at)
    rooms.end_unadmitted(room=show.room)


def _tell(show: Show, seat: Seat, person: Member, at: datetime) -> None:
    left, ref = rules.seconds_left(seat), queries.ref_for(person, show)
    spent = rules.due_of(seat)
    events.publish(ShowTicked(show.key, show.room_id, person.pk, ref, seat.delivered_s, spent, left))
    if left is not None and left <= rules.WARNED_LEFT_S and seat.warned_at is None:
        seat.warned_at = at
        seat.save(update_fields=["warned_at"])
        events.publish(ShowWarned(show.key, show.room_id, person.pk, left))


def _reason_to_end(show: Show, seats: list[Seat], people: Mapping[int, Member], at: datetime) -> str:
    """Why a running show is over, or ""."""
    if show.room.host.is_barred:
        return Show.EndReason.STAFF
    if show.room.state != RoomState.PRIVATE:  # the host cut it, or it was lost for too long
        return Show.EndReason.HOST
    host = next((seat for seat in seats if seat.role == Role.HOST), None)
    if host is None or _is_lost(host, at):
        return Show.EndReason.LOST
    paying = [seat for seat in seats if seat.role in PAYING and seat.role != Role.SPY]
    if show.kind == Kind.PRIVATE:
        return _reason_of_payer(next(iter(paying), None), people, at)
    if paying and all(seat.left_at is not None for seat in paying) and show.kind == Kind.GROUP:
        return Show.EndReason.VIEWER
    return ""


def _reason_of_payer(payer: Seat | None, people: Mapping[int, Member], at: datetime) -> str:
    if payer is None or payer.subject_id not in people or not people[payer.subject_id].is_active:
        return Show.EndReason.STAFF
    if rules.is_spent(payer):
        return Show.EndReason.SPENT
    return Show.EndReason.LOST if _is_lost(payer, at) else ""


def _has_to_go(show: Show, seat: Seat, people: Mapping[int, Member], at: datetime) -> bool:
    """Whether one seat ends while the show goes on. A ticket stays good until the end."""
    if seat.subject_id not in people or not people[seat.subject_id].is_active:
        return True
    is_payer_of_it = seat.role == Role.PAYER and show.kind == Kind.PRIVATE
    return not is_payer_of_it and seat.role != Role.TICKET and (rules.is_spent(seat) or _is_lost(seat, at))


def _is_lost(seat: Seat, at: datetime) -> bool:
    return seat.present_at is None or at - seat.present_at >= rules.GRACE


def _expire(at: datetime) -> None:
    """Requests nobody answered, and announced shows that did not begin or whose host went off the air."""
    waiting = Show.objects.filter(state=State.REQUESTED, requested_at__lte=at - rules.REQUEST_LIFE)
    late = Show.objects.filter(state=State.ACCEPTED, accepted_at__lte=at - rules.ANNOUNCED_LIFE)
    dark = Show.objects.filter(state=State.ACCEPTED, room__state=RoomState.OFFLINE)
    for show in (*waiting[:EXPIRED_AT_ONCE], *late[:EXPIRED_AT_ONCE], *dark[:EXPIRED_AT_ONCE]):
        with transaction.atomic():
            locked = rows.lock(show)
            if locked.state in {State.REQUESTED, State.ACCEPTED}:
                asking.close_unbegun(locked, State.EXPIRED, at)


def note_delivered(*, session: str, delivered_s: int) -> None:
    """The node told of a session: its row moves forward, if it is a running show's. In the caller's transaction."""
    Delivery.objects.filter(session=session, seat__settled_at=None, delivered_s__lt=delivered_s).update(
        delivered_s=delivered_s
    )


# -- After a crash -----------------------------------------------------------------------------------------------------


def recover(*, at: datetime, is_start: bool = False) -> None:
    """Close what a crash left open, from rows alone: books of shows that are over, holds without a seat, rooms that
    stay private without a show. Safe to repeat.

    Args: is_start: nobody looked until now, so the grace of who is away counts from here.
    """
    if is_start:
        Seat.objects.filter(show__state=State.RUNNING, left_at=None, present_at__lt=at).update(present_at=at)
    unsettled = Seat.objects.filter(hold__isnull=False, settled_at=None).exclude(show__state__in=OPEN_STATES)
    for seat in unsettled.select_related("show").order_by("pk")[:RECOVERED_AT_ONCE]:
        _try("settle", functools.partial(_settle, seat.show, at))
    for hold in money.orphans()[:RECOVERED_AT_ONCE]:
        _try("give_back", functools.partial(money.give_back_orphan, hold, at))
    for room in room_queries.private_rooms():
        if not Show.objects.filter(room=room.pk, state=State.RUNNING).exists():
            _try("reopen", functools.partial(_reopen, room, at))


def _settle(show: Show, at: datetime) -> None:
    with transaction.atomic():
        for one in rows.seats_of(rows.lock(show)):
            ending.settle(one, at)


def _reopen(room: Room, at: datetime) -> None:
    rooms.reopen(room=room, show=None, at=at)
    rooms.end_unadmitted(room=room)


def _try(what: str, act: Callable[[], None]) -> None:
    """One row that fails must not stop the clock of all others."""
    try:
        act()
    except Exception:
        logger.exception("shows.recover_failed what=%s", what)
