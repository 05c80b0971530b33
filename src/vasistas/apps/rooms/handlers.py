"""Tell the pages that are open. Network, after commit, best effort: a page that missed it reads its snapshot again."""

from django.utils import timezone
from msgspec import structs

from vasistas import realtime
from vasistas.apps.rooms import events
from vasistas.realtime import events as wire


def push_state(event: events.StateChanged) -> None:
    told = wire.RoomStateChanged(room_id=event.room_id, slug=event.slug, state=event.state, at=event.at.timestamp())
    for channel in (_room(event.room_id), _studio(event.room_id)):
        realtime.publish(channel, told)
    realtime.publish(event.lobby, structs.replace(told, state="offline") if event.state == "private" else told)


def push_details(event: events.DetailsChanged) -> None:
    told = wire.RoomDetailsChanged(room_id=event.room_id, title=event.title)
    realtime.publish(_studio(event.room_id), told)
    _publish_to_room_and_lobby(event.room_id, event.lobby, told)


def push_viewers(event: events.ViewersCounted) -> None:
    told = wire.ViewersCounted(room_id=event.room_id, count=event.count)
    _publish_to_room_and_lobby(event.room_id, event.lobby, told)


def push_thumbnail(event: events.ThumbnailChanged) -> None:
    told = wire.ThumbnailChanged(room_id=event.room_id, url=event.url)
    _publish_to_room_and_lobby(event.room_id, event.lobby, told)


def push_ban(event: events.MemberBanned) -> None:
    """Tell the member, and take the room's channel from their pages: a grant outlives the ban by minutes."""
    member = f"member:{event.member_id}"
    realtime.publish(member, wire.MemberBanned(room_id=event.room_id))
    realtime.revoke(_room(event.room_id), member, now=timezone.now().timestamp())


def push_health(event: events.HealthMeasured) -> None:
    layers = [
        wire.Layer(rid=rid, bitrate_bps=bitrate_bps, width=width, height=height)
        for rid, bitrate_bps, width, height in event.layers
    ]
    told = wire.HealthMeasured(
        bitrate_bps=event.bitrate_bps,
        loss_ratio=event.loss_ratio,
        rtt_ms=event.rtt_ms,
        viewers=event.viewers,
        layers=layers,
        limited_by=event.limited_by,
    )
    realtime.publish(_studio(event.room_id), told)


def _publish_to_room_and_lobby(room_id: int, lobby: events.Lobby | None, told: wire.Event) -> None:
    realtime.publish(_room(room_id), told)
    if lobby is not None:
        realtime.publish(lobby, told)


def _room(room_id: int) -> str:
    return f"room:{room_id}"


def _studio(room_id: int) -> str:
    return f"studio:{room_id}"
