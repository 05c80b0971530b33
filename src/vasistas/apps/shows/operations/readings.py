"""What the media node says was delivered to the people of a show, and how it moves their rows forward."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vasistas import media
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.shows.models import PAYING, Delivery, Role, Seat, Show, State
from vasistas.apps.shows.operations import rows
from vasistas.media.port import MediaError, SessionUnknown

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """One session of one person. delivered_s: cumulative, of this session."""

    subject_id: int
    session: str
    delivered_s: int
    is_connected: bool


@dataclass(frozen=True)
class Readings:
    """is_host_connected: the host's picture reaches the node."""

    at: datetime
    sessions: tuple[Reading, ...] = ()
    is_host_connected: bool = False
    by_subject: Mapping[int, list[Reading]] = field(default_factory=dict)


def read(show: Show, at: datetime) -> Readings:
    """Ask the node for every session that was opened in the room since the show began. Network; no rows change.

    What the node does not know any more, or cannot be asked for, stands at what our rows know of it.
    """
    show = Show.objects.get(pk=show.pk)  # the caller's may be older than the start
    if show.state != State.RUNNING or show.started_at is None:
        return Readings(at)
    found = []
    is_reachable = True
    for watched in rooms.watching_since(show.room_id, show.started_at):
        delivered_s, is_connected = watched.delivered_s, False
        if watched.is_open and is_reachable:
            try:
                stats = media.get_port().session_stats(watched.session)
                delivered_s, is_connected = max(delivered_s, stats.delivered_s), stats.connected
            except SessionUnknown:
                pass
            except MediaError:
                is_reachable = False
        found.append(Reading(watched.subject_id, watched.session, delivered_s, is_connected))
    by_subject: dict[int, list[Reading]] = {}
    for reading in found:
        by_subject.setdefault(reading.subject_id, []).append(reading)
    return Readings(at, tuple(found), is_reachable and _is_host_connected(show), by_subject)


def _is_host_connected(show: Show) -> bool:
    session = rooms.publishing_session(show.room_id)
    if session is None:
        return False
    try:
        return media.get_port().session_stats(session).connected
    except MediaError:
        return False


def apply(show: Show, readings: Readings) -> list[Seat]:
    """Move deliveries and seats forward, never back, and return all seats. Needs the show locked.

    Several sessions of one person at once are one picture: more seconds than passed are not counted.
    """
    seats = rows.seats_of(show)
    known = {row.session: row for row in Delivery.objects.filter(seat__show=show)}
    for seat in seats:
        own, before = readings.by_subject.get(seat.subject_id, []), seat.delivered_s
        if seat.settled_at is None and seat.role != Role.HOST:
            _note(seat, own, known)
            total = sum(row.delivered_s for row in known.values() if row.seat_id == seat.pk)
            seat.delivered_s = max(before, min(total, _passed_s(show, seat, readings.at)))
        is_here = readings.is_host_connected if seat.role == Role.HOST else any(one.is_connected for one in own)
        # What was delivered is what a viewer's own reports confirm: whoever confirms nothing is not there for long.
        is_here = is_here and (seat.role not in PAYING or seat.delivered_s > before)
        if is_here and (seat.present_at is None or seat.present_at < readings.at):
            seat.present_at = readings.at
        seat.save(update_fields=["delivered_s", "present_at"])
    return seats


def _passed_s(show: Show, seat: Seat, at: datetime) -> int:
    """Seconds since somebody came in, at most since the start."""
    since = [moment for moment in (show.started_at, seat.joined_at) if moment is not None]
    return max(0, int((at - max(since)).total_seconds())) if since else 0


def _note(seat: Seat, own: list[Reading], known: dict[str, Delivery]) -> None:
    for reading in own:
        row = known.get(reading.session)
        if row is None:
            known[reading.session] = Delivery.objects.create(
                seat=seat, session=reading.session, delivered_s=reading.delivered_s
            )
        elif row.seat_id == seat.pk and reading.delivered_s > row.delivered_s:
            row.delivered_s = reading.delivered_s
            row.save(update_fields=["delivered_s"])
