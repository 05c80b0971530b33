"""Tell the pages that are open. Network, after commit, best effort: a page that missed it reads its snapshot again."""

from vasistas import realtime
from vasistas.apps.rooms import events
from vasistas.realtime import events as wire

LOBBY = "lobby"


def push_state(event: events.StateChanged) -> None:
    told = wire.RoomStateChanged(room_id=event.room_id, slug=event.slug, state=event.state, at=event.at.timestamp())
    for channel in (_room(event.room_id), _studio(event.room_id), LOBBY):
        realtime.publish(channel, told)


def push_details(event: events.DetailsChanged) -> None:
    told = wire.RoomDetailsChanged(room_id=event.room_id, title=event.title)
    for channel in (_room(event.room_id), _studio(event.room_id), LOBBY):
        realtime.publish(channel, told)


def push_viewers(event: events.ViewersCounted) -> None:
    told = wire.ViewersCounted(room_id=event.room_id, count=event.count)
    for channel in (_room(event.room_id), LOBBY):
        realtime.publish(channel, told)


def push_thumbnail(event: events.ThumbnailChanged) -> None:
    """The picture of an adult room is not told to the lobby: people there may not have stated their age."""
    told = wire.ThumbnailChanged(room_id=event.room_id, url=event.url)
    realtime.publish(_room(event.room_id), told)
    if not event.is_adult:
        realtime.publish(LOBBY, told)


def push_ban(event: events.MemberBanned) -> None:
    realtime.publish(f"member:{event.member_id}", wire.MemberBanned(room_id=event.room_id))


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


def _room(room_id: int) -> str:
    return f"room:{room_id}"


def _studio(room_id: int) -> str:
    return f"studio:{room_id}"
