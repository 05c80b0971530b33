"""Going on air, away and off again, and watching.

Rows first, then the node: an event of the node always finds the row of its session. What the node refuses is taken
back. The node alone decides whether a room has a publisher; the site never guesses.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.rooms import queries, rules
from vasistas.apps.rooms.events import StateChanged, ViewersCounted
from vasistas.apps.rooms.models import Admission, Broadcast, Room, State, WatchSession
from vasistas.apps.rooms.operations import pictures
from vasistas.apps.rooms.operations.pictures import NotOnAir
from vasistas.apps.verification import queries as verification
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import DomainError, NotAllowed
from vasistas.media.port import Answer, RoomBusy, RoomNotLive

type Condition = Callable[[Room, datetime], None]  # raises a DomainError with a sentence for the host

_conditions: list[Condition] = []


def wire_conditions(conditions: Sequence[Condition]) -> None:
    """Set what apps above ask before a broadcast begins. One that runs goes on, and its publisher may come back."""
    _conditions[:] = conditions


class OnAirAlready(DomainError):  # noqa: N818 — refusals read as facts
    status = 409
    code = "rooms.busy"


# -- The host ----------------------------------------------------------------------------------------------------------


def go_live(*, room: Room, session: str, offer: str, ingest: str, takeover: bool, at: datetime) -> Answer:
    """Open a publisher's session: its row, then the node. The room is live when the node says that media flows.

    Raises: OnAirAlready: the room has a publisher, and `takeover` is not asked for; NotAllowed: suspended, not cleared,
    or a condition that was wired; all of `MediaPort.publish`.
    """
    if room.host.is_barred:
        raise NotAllowed(_("You cannot broadcast while your host account is suspended."), code="rooms.suspended")
    if not _is_coming_back(room):
        verification.require_cleared(room.host_id, at)
        for check in _conditions:
            check(room, at)
    start_broadcast(room=room, session=session, ingest=ingest, at=at)
    try:
        return media.get_port().publish(room=str(room.pk), session=session, offer=offer, takeover=takeover)
    except RoomBusy:
        _drop(session, at)
        raise OnAirAlready(_("This room is on air already. End that broadcast first, or take it over.")) from None
    except BaseException:
        _drop(session, at)
        raise


def _is_coming_back(room: Room) -> bool:
    """Whether the broadcast runs already: its line was cut, or it moves to another device."""
    return Broadcast.objects.filter(room=room, ended_at=None).exclude(joined_at=None).exists()


def start_broadcast(*, room: Room, session: str, ingest: str, at: datetime) -> Broadcast:
    """Note a publisher that is about to come; an offline room becomes "starting". Publishes: StateChanged.

    Raises: SubjectGone: the host is being erased.
    """
    with transaction.atomic():
        locked = lock(room.pk)
        subjects.hold(locked.host.member.subject_id)
        broadcast = Broadcast.objects.create(room=locked, session=session, ingest=ingest, started_at=at)
        if locked.state == State.OFFLINE:
            change_state(locked, State.STARTING, at)
    return broadcast


def mark_live(*, session: str, joined_at: datetime, at: datetime) -> None:
    """Media of a publisher flows. A broadcast still open in the room goes on in this row. Unknown sessions: nothing.

    Args: joined_at: by the node's clock. Publishes: StateChanged.
    """
    with transaction.atomic():
        broadcast = _lock_broadcast(session)
        if broadcast is None or broadcast.joined_at is not None or broadcast.ended_at is not None:
            return
        broadcast.joined_at = joined_at
        earlier = Broadcast.objects.filter(room=broadcast.room, ended_at=None).exclude(pk=broadcast.pk)
        for row in earlier.exclude(joined_at=None):
            broadcast.started_at = min(broadcast.started_at, row.started_at)
            broadcast.peak_viewers = max(broadcast.peak_viewers, row.peak_viewers)
            row.delete()
        broadcast.save(update_fields=["joined_at", "started_at", "peak_viewers"])
        if broadcast.room.state != State.PRIVATE:  # a closed room stays closed whoever comes and goes
            change_state(broadcast.room, State.LIVE, at)


def mark_away(*, session: str, at: datetime) -> None:
    """The publisher is gone and may come back; `sweep` ends the broadcast when it does not. Publishes: StateChanged."""
    with transaction.atomic():
        broadcast = _lock_broadcast(session)
        if broadcast is None or broadcast.ended_at is not None or broadcast.lost_at is not None:
            return
        if broadcast.joined_at is None:  # it never had a picture
            _drop(session, at)
            return
        broadcast.lost_at = at
        broadcast.save(update_fields=["lost_at"])
        if broadcast.room.state != State.PRIVATE:
            change_state(broadcast.room, State.AWAY, at)


def set_away(*, room: Room, is_away: bool, at: datetime) -> None:
    """The host pauses, or is back; media stays connected.

    Raises: NotOnAir: nobody publishes, or the room is closed to the public. Publishes: StateChanged.
    """
    with transaction.atomic():
        locked = lock(room.pk)
        if locked.state == State.PRIVATE:
            raise NotOnAir(_("End the private session first."))
        connected = Broadcast.objects.filter(room=locked, ended_at=None, lost_at=None).exclude(joined_at=None)
        if not connected.exists():
            raise NotOnAir(_("This room is not on air."))
        change_state(locked, State.AWAY if is_away else State.LIVE, at)


def end_broadcast(*, room: Room, reason: str, at: datetime) -> None:
    """Take the room off the air in our books; see `cut` for the media. Publishes: StateChanged, ViewersCounted."""
    with transaction.atomic():
        locked = lock(room.pk)
        rows = Broadcast.objects.filter(room=locked, ended_at=None)
        rows.filter(joined_at=None).delete()
        rows.update(ended_at=at, end_reason=reason)
        WatchSession.objects.filter(room=locked, ended_at=None).exclude(joined_at=None).update(ended_at=at)
        Admission.objects.filter(room=locked).delete()
        change_state(locked, State.OFFLINE, at)
        if locked.viewer_count:
            Room.objects.filter(pk=locked.pk).update(viewer_count=0)
            events.publish(ViewersCounted(room_id=locked.pk, count=0, lobby=rules.lobby_knowing(locked)))
        pictures.clear_thumbnail(room=locked)


def cut(*, room: Room, at: datetime, reason: str = Broadcast.EndReason.CUT) -> None:
    """End all media of the room at once, then the broadcast; the broadcast ends also when the node does not answer.

    Raises: NodeUnreachable: after the broadcast was ended here; nobody new is let in.
    """
    try:
        media.get_port().close_room(str(room.pk))
    finally:
        end_broadcast(room=room, reason=reason, at=at)


def end_session(*, room: Room, session: str, at: datetime) -> None:
    """End a publisher's session; if it is the one on air, the broadcast ends with it. A repeat does nothing."""
    rows = Broadcast.objects.filter(room=room, ended_at=None)
    row = rows.filter(session=session).first()
    # Another open row is a publisher who takes over: the former page closes late, and must not take the new one along.
    if row is not None and row.joined_at is not None and not rows.exclude(pk=row.pk).exists():
        cut(room=room, at=at, reason=Broadcast.EndReason.ENDED)
    elif row is not None:
        media.get_port().close_session(session)
        _drop(session, at)


# -- Those who watch ---------------------------------------------------------------------------------------------------


def watch(*, room: Room, session: str, offer: str, subject_id: int | None, at: datetime) -> Answer:
    """Open a viewer's session: its row, then the node.

    A room closed to the public is asked for twice, see `admissions`. Raises: RoomNotLive, SubjectGone, and all of
    `MediaPort.play`.
    """
    _check_may_watch(room, subject_id)
    with transaction.atomic():
        if subject_id is not None:
            subjects.hold(subject_id)
        row = WatchSession.objects.create(room=room, session=session, subject_id=subject_id, started_at=at)
    try:
        now = Room.objects.only("state", "state_at").get(pk=room.pk)
        _check_may_watch(now, subject_id)
        if now.state == State.PRIVATE and at < now.state_at:
            WatchSession.objects.filter(pk=row.pk).update(started_at=now.state_at)
        answer = media.get_port().play(room=str(room.pk), session=session, offer=offer)
    except BaseException:
        row.delete()
        raise
    later = Room.objects.only("state", "state_at").get(pk=room.pk)
    if later.state == State.PRIVATE and (later.state_at != now.state_at or not _is_admitted(later, subject_id)):
        media.get_port().close_session(session)  # it was closed meanwhile
        raise RoomNotLive(_("Nobody is live in this room. Try again when the room is live."))
    return answer


def _check_may_watch(room: Room, subject_id: int | None) -> None:
    """Raises: RoomNotLive: off the air, or closed to the public and not admitted."""
    if not room.is_on_air and not (room.state == State.PRIVATE and _is_admitted(room, subject_id)):
        raise RoomNotLive(_("Nobody is live in this room. Try again when the room is live."))


def _is_admitted(room: Room, subject_id: int | None) -> bool:
    return subject_id is not None and Admission.objects.filter(room=room, subject=subject_id).exists()


def leave(*, slug: str, session: str) -> None:
    """End a viewer's session. Whoever names it may end it: the name is 128 random bits. A repeat does nothing."""
    if WatchSession.objects.filter(room__slug=slug, session=session).exists():
        media.get_port().close_session(session)


# -- The uplink test ---------------------------------------------------------------------------------------------------


def probe(*, session: str, offer: str) -> Answer:
    """Have the node measure what `session` sends, for 20 s at most. Raises: all of `MediaPort.probe`."""
    return media.get_port().probe(session=session, offer=offer)


def end_probe(*, session: str) -> None:
    """Raises: SessionUnknown: it is no uplink test, or ended."""
    queries.probe_stats(session)
    media.get_port().close_session(session)


# -- Inside ------------------------------------------------------------------------------------------------------------


def lock(room_id: int) -> Room:
    return Room.objects.with_host().select_for_update(no_key=True, of=("self",)).get(pk=room_id)


def _lock_broadcast(session: str) -> Broadcast | None:
    """Lock the room of a session, then read its row: all writers take the room first."""
    room_id = Broadcast.objects.filter(session=session).values_list("room", flat=True).first()
    if room_id is None:
        return None
    room = lock(room_id)
    broadcast = Broadcast.objects.filter(session=session).first()
    if broadcast is not None:
        broadcast.room = room
    return broadcast


def change_state(room: Room, state: State, at: datetime) -> None:
    if room.state == state:
        return
    room.state, room.state_at = state, at
    room.save(update_fields=["state", "state_at"])
    events.publish(StateChanged(room_id=room.pk, slug=room.slug, state=state, at=at, lobby=rules.lobby_of(room)))


def _drop(session: str, at: datetime) -> None:
    """Forget a session that never had a picture; a room that waited for it alone is offline again."""
    with transaction.atomic():
        broadcast = _lock_broadcast(session)
        if broadcast is None or broadcast.joined_at is not None:
            return
        broadcast.delete()
        if broadcast.room.state == State.STARTING and not broadcast.room.broadcasts.filter(ended_at=None).exists():
            change_state(broadcast.room, State.OFFLINE, at)
