"""What the media node tells: who publishes, who watches, for how long. And what time takes away.

Events may come twice, late or after a gap (the follower starts again, the node restarts), so each only moves a row
forward: a session joins once, leaves once, and its seconds are cumulative.
"""

import functools
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from vasistas import media
from vasistas.apps.rooms import queries, rules
from vasistas.apps.rooms.events import Delivered, HealthMeasured, ViewersCounted
from vasistas.apps.rooms.models import Ban, Broadcast, Room, State, WatchSession
from vasistas.apps.rooms.operations import broadcasts, pictures
from vasistas.lib import events
from vasistas.media.port import MediaError, NodeEvent, SessionUnknown

AWAY_LOST_MAX = timedelta(seconds=60)  # the publisher is gone
AWAY_CHOSEN_MAX = timedelta(minutes=30)  # the host pauses
STARTING_MAX = timedelta(seconds=60)
DELETE_BATCH = 1_000  # rows

logger = logging.getLogger(__name__)


def apply_node_event(event: NodeEvent, *, at: datetime) -> int | None:
    """Move our rows forward by one fact of the node. Returns the room whose number of viewers may have changed.

    Args: at: now, by our clock; `event.at` is the node's, compared with the node's own times only.
    """
    node_at = datetime.fromtimestamp(event.at, UTC)
    match event.type:
        case "publisher.joined":
            broadcasts.mark_live(session=event.session, joined_at=node_at, at=at)
        case "publisher.left" if event.reason != "taken_over":  # then the next one is here already
            broadcasts.mark_away(session=event.session, at=at)
        case "viewer.joined":
            WatchSession.objects.filter(session=event.session, joined_at=None, ended_at=None).update(joined_at=node_at)
        case "viewer.left" | "delivered":
            _note_delivery(event, at)
        case "node.started":
            _forget_before(node_at, at)
    is_about_viewers = event.type in {"viewer.joined", "viewer.left"} and event.room.isdecimal()
    return int(event.room) if is_about_viewers else None


def apply_node_events(batch: Iterable[NodeEvent], *, at: datetime) -> set[int]:
    """Apply a batch in order; an event that fails is logged and skipped. Returns rooms to count again.

    Locks: one transaction per event. A longer one would hold rows of watch sessions while it waits for a room, and
    `end_broadcast` takes them the other way round.
    """
    touched: set[int] = set()
    for event in batch:
        try:
            with transaction.atomic():
                room_id = apply_node_event(event, at=at)
        except Exception:
            logger.exception("A media event could not be applied.", extra={"event_type": event.type})
        else:
            touched |= {room_id} if room_id is not None else set()
    return touched


def _note_delivery(event: NodeEvent, at: datetime) -> None:
    rows = WatchSession.objects.filter(session=event.session)
    figures = {"delivered_s": Greatest("delivered_s", event.delivered_s), "lost_ratio": event.lost_ratio}
    if event.type == "viewer.left":
        rows.update(**figures)
        rows.filter(ended_at=None).update(ended_at=at)
        _tell_delivered(event)
    elif rows.filter(room__state=State.OFFLINE).exists():
        # It should have ended with the broadcast: the node missed that.
        transaction.on_commit(functools.partial(media.get_port().close_session, event.session), robust=True)
    else:
        rows.update(**figures)
        _tell_delivered(event)


def _tell_delivered(event: NodeEvent) -> None:
    if event.room.isdecimal():
        ended = event.type == "viewer.left"
        events.publish(Delivered(int(event.room), event.session, event.delivered_s, ended))


def _forget_before(node_at: datetime, at: datetime) -> None:
    """The node is new: nothing of its former life is connected."""
    for session in Broadcast.objects.filter(ended_at=None, joined_at__lt=node_at).values_list("session", flat=True):
        broadcasts.mark_away(session=session, at=at)
    WatchSession.objects.filter(ended_at=None, joined_at__lt=node_at).update(ended_at=at)


def reconcile(*, at: datetime) -> None:
    """Ask the node for every session that we believe connected. Needed when events were lost (`EventBatch.is_gap`)."""
    port = media.get_port()
    for session in Broadcast.objects.filter(ended_at=None, lost_at=None).exclude(joined_at=None):
        try:
            port.session_stats(session.session)
        except SessionUnknown:
            broadcasts.mark_away(session=session.session, at=at)
    for row in WatchSession.objects.filter(ended_at=None).exclude(joined_at=None).only("session"):
        try:
            port.session_stats(row.session)
        except SessionUnknown:
            WatchSession.objects.filter(pk=row.pk).update(ended_at=at)


def measure_health(*, at: datetime) -> None:
    """Ask the node how each publisher does, and tell the studios. Publishes: HealthMeasured; StateChanged for the lost.

    Raises: MediaError: the node does not answer.
    """
    on_air = Broadcast.objects.filter(ended_at=None, lost_at=None).exclude(joined_at=None)
    for room_id, session in on_air.values_list("room", "session"):
        try:
            stats = media.get_port().session_stats(session)
        except SessionUnknown:
            broadcasts.mark_away(session=session, at=at)
            continue
        events.publish(
            HealthMeasured(
                room_id=room_id,
                bitrate_bps=stats.bitrate_bps,
                loss_ratio=stats.loss_ratio,
                rtt_ms=stats.rtt_ms,
                viewers=stats.viewers,
                layers=tuple((layer.rid, layer.bitrate_bps, layer.width, layer.height) for layer in stats.layers),
                limited_by=stats.limited_by,
            )
        )


def count_viewers(*, room_ids: Iterable[int] | None = None) -> None:
    """Count who watches now; tell where the number changed. Publishes: ViewersCounted.

    Args: room_ids: None for every room.
    """
    rooms, watching = Room.objects.all(), WatchSession.objects.filter(ended_at=None).exclude(joined_at=None)
    if room_ids is not None:
        wanted = set(room_ids)
        rooms, watching = rooms.filter(pk__in=wanted), watching.filter(room__in=wanted)
    counts: dict[int, int] = dict(watching.order_by().values_list("room").annotate(count=Count("pk")))
    told = rooms.filter(Q(viewer_count__gt=0) | Q(pk__in=counts)).with_host()
    for room in told:
        count = counts.get(room.pk, 0)
        if count == room.viewer_count:
            continue
        with transaction.atomic():
            Room.objects.filter(pk=room.pk).update(viewer_count=count)
            Broadcast.objects.filter(room=room, ended_at=None, peak_viewers__lt=count).update(peak_viewers=count)
            events.publish(ViewersCounted(room_id=room.pk, count=count, lobby=rules.lobby_knowing(room)))


def sweep(*, at: datetime) -> None:
    """End what waited too long, and what is left of what never began. Safe to repeat."""
    _end_overdue(at)
    _close_banned(at)
    _close_unadmitted()
    _delete(WatchSession.objects.filter(joined_at=None, started_at__lt=at - STARTING_MAX))
    _delete_orphaned_pictures(at)
    count_viewers()


def _end_overdue(at: datetime) -> None:
    lost = Broadcast.objects.filter(ended_at=None, lost_at__lt=at - AWAY_LOST_MAX)
    paused = Broadcast.objects.filter(
        ended_at=None, lost_at=None, room__state=State.AWAY, room__state_at__lt=at - AWAY_CHOSEN_MAX
    )
    rooms = Room.objects.with_host()
    for rows, reason in ((lost, Broadcast.EndReason.LOST), (paused, Broadcast.EndReason.IDLE)):
        for room in rooms.filter(pk__in=rows.values("room")):
            _cut(room, reason, at)
    never_came = Broadcast.objects.filter(ended_at=None, joined_at=None, started_at__lt=at - STARTING_MAX)
    for broadcast in never_came:
        broadcasts.end_session(room=rooms.get(pk=broadcast.room_id), session=broadcast.session, at=at)
    for room in rooms.barred().exclude(state=State.OFFLINE):
        _cut(room, Broadcast.EndReason.STAFF, at)
    # A room on air without a broadcast: a crash between two writes.
    is_open = Exists(Broadcast.objects.filter(room=OuterRef("pk"), ended_at=None))
    for room in rooms.exclude(state__in=[State.OFFLINE, State.PRIVATE]).exclude(is_open):
        _cut(room, Broadcast.EndReason.LOST, at)


def _cut(room: Room, reason: str, at: datetime) -> None:
    try:
        broadcasts.cut(room=room, at=at, reason=reason)
    except MediaError:
        logger.warning("A room was ended here but its media node does not answer.", extra={"room_id": room.pk})


def _close_banned(at: datetime) -> None:
    """End what banned members still watch: the node was out of reach when they were banned."""
    in_force = Ban.objects.filter(Q(until=None) | Q(until__gt=at), room=OuterRef("room"))
    rows = WatchSession.objects.filter(ended_at=None).filter(
        Exists(in_force.filter(member__subject=OuterRef("subject")))
    )
    for session in rows.values_list("session", flat=True):
        media.get_port().close_session(session)


def _close_unadmitted() -> None:
    """End what others still watch in a closed room: the node was out of reach when it was closed."""
    for session in queries.unadmitted_sessions():
        media.get_port().close_session(session)


def _delete(rows: QuerySet[Any]) -> int:
    """In batches, so that no other writer waits for long."""
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:DELETE_BATCH]):
        count += rows.filter(pk__in=keys).delete()[0]
    return count


def _delete_orphaned_pictures(at: datetime) -> None:
    """Remove files no room names: a crash between file and row."""
    if not default_storage.exists(pictures.FOLDER):
        return
    named = set(Room.objects.exclude(thumbnail="").values_list("thumbnail", flat=True))
    for name in default_storage.listdir(pictures.FOLDER)[1]:
        path = pictures.path_of(name)
        if name not in named and at - default_storage.get_modified_time(path) > STARTING_MAX:
            default_storage.delete(path)
