"""Tell the pages of those concerned, each on their own channel; and what other apps tell shows."""

from collections.abc import Iterable

from django.utils import timezone
from msgspec import structs

from vasistas import realtime
from vasistas.apps.rooms import events as rooms
from vasistas.apps.shows import events, operations
from vasistas.guard.purposes import processing
from vasistas.realtime import events as wire


def push_request(event: events.ShowRequested) -> None:
    """To the host's studio."""
    told = wire.ShowRequested(key=str(event.show), kind=event.kind, state=event.state, open=event.open)
    realtime.publish(_studio(event.room_id), told)


def push_start(event: events.ShowStarted) -> None:
    """To its people, the studio, and the room: who watches may join a group or ticket show, or spy where allowed."""
    told = wire.ShowStarted(key=str(event.show), kind=event.kind, state=event.state)
    _publish(event.members, told)
    realtime.publish(_studio(event.room_id), told)
    realtime.publish(f"room:{event.room_id}", told)


def push_tick(event: events.ShowTicked) -> None:
    """To whoever pays, and to the host."""
    told = wire.ShowTicked(
        key=str(event.show),
        ref=event.ref,
        delivered_s=event.delivered_s,
        spent_minor=event.spent,
        left_s=event.seconds_left,
    )
    _publish([event.member_id], told)
    realtime.publish(_studio(event.room_id), told)


def push_warning(event: events.ShowWarned) -> None:
    told = wire.ShowWarned(key=str(event.show), left_s=event.seconds_left)
    _publish([event.member_id], told)
    realtime.publish(_studio(event.room_id), told)


def push_presence(event: events.PresenceChanged) -> None:
    told = wire.PresenceChanged(
        key=str(event.show), ref=event.ref, name=event.name, role=event.role, is_present=event.is_present
    )
    _publish(event.members, told)
    realtime.publish(_studio(event.room_id), told)


def push_end(event: events.ShowEnded) -> None:
    """Why it ended is for its people alone."""
    told = wire.ShowEnded(key=str(event.show), state=event.state, reason=event.reason)
    _publish(event.members, told)
    realtime.publish(_studio(event.room_id), told)
    if event.is_known:
        realtime.publish(f"room:{event.room_id}", structs.replace(told, reason=""))


def push_line(event: events.LineSaid) -> None:
    """To those who take part, on their own channels: nobody else hears them."""
    told = wire.ShowLineSaid(
        key=str(event.show), ref=event.ref, name=event.name, role=event.role, text=event.text, at=event.at
    )
    _publish(event.members, told)


def _publish(members: Iterable[int], told: wire.Event) -> None:
    for member in members:
        realtime.publish(f"member:{member}", told)


def _studio(room_id: int) -> str:
    return f"studio:{room_id}"


# -- What rooms tell ---------------------------------------------------------------------------------------------------


def note_delivered(event: rooms.Delivered) -> None:
    with processing("shows"):
        operations.note_delivered(session=event.session, delivered_s=event.delivered_s)


def end_of_banned(event: rooms.MemberBanned) -> None:
    operations.end_of_banned(event.room_id, event.member_id, timezone.now())
