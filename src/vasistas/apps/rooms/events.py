"""Past facts about rooms: ids and plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

type Lobby = Literal["lobby", "lobby:adult"]  # channels of lists; the second is for those who stated their age


@dataclass(frozen=True)
class RoomCreated:
    room_id: int


@dataclass(frozen=True)
class DetailsChanged:
    """lobby: where lists hear of the room; None while strangers may not know of it."""

    room_id: int
    title: str
    lobby: Lobby | None


@dataclass(frozen=True)
class StateChanged:
    room_id: int
    slug: str
    state: str
    at: datetime
    lobby: Lobby


@dataclass(frozen=True)
class ViewersCounted:
    """lobby: as in DetailsChanged."""

    room_id: int
    count: int
    lobby: Lobby | None


@dataclass(frozen=True)
class ThumbnailChanged:
    """url: empty when the picture was removed. lobby: as in DetailsChanged."""

    room_id: int
    url: str
    lobby: Lobby | None


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
class Delivered:
    """The media node told how much of the picture reached a viewer. session: of the media. delivered_s: cumulative."""

    room_id: int
    session: str
    delivered_s: int
    ended: bool


@dataclass(frozen=True)
class MemberBanned:
    room_id: int
    member_id: int


@dataclass(frozen=True)
class MemberUnbanned:
    room_id: int
    member_id: int
