"""Past facts about rooms: ids and plain values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RoomCreated:
    room_id: int


@dataclass(frozen=True)
class DetailsChanged:
    room_id: int
    title: str


@dataclass(frozen=True)
class StateChanged:
    room_id: int
    slug: str
    state: str
    at: datetime


@dataclass(frozen=True)
class ViewersCounted:
    room_id: int
    count: int


@dataclass(frozen=True)
class ThumbnailChanged:
    """url: empty when the picture was removed. is_adult: then it is nobody's but the room's own page to show."""

    room_id: int
    url: str
    is_adult: bool


@dataclass(frozen=True)
class HealthMeasured:
    """What the media node sees of the publisher. layers: (rid, bitrate_bps, width, height)."""

    room_id: int
    bitrate_bps: int
    loss_ratio: float
    rtt_ms: int | None
    viewers: int
    layers: tuple[tuple[str, int, int | None, int | None], ...]
    limited_by: str | None


@dataclass(frozen=True)
class MemberBanned:
    room_id: int
    member_id: int


@dataclass(frozen=True)
class MemberUnbanned:
    room_id: int
    member_id: int
