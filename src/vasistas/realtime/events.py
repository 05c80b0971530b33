"""The closed set of events a page may receive. Names, plain values and pairwise references; never a member's id.

An event may tell again what the page's snapshot already holds (the row is committed before its event is published),
so pages apply events by id and by value, never by counting them.
"""

from typing import Any, Literal

import msgspec

type Role = Literal["host", "moderator", "member"]


class Said(msgspec.Struct, frozen=True, tag="chat.message.said"):
    """id: of the message, growing within a room. author_ref: pairwise pseudonym. at: unix seconds."""

    id: int
    author: str
    author_ref: str
    role: Role
    text: str
    at: float


class MessageDeleted(msgspec.Struct, frozen=True, tag="chat.message.deleted"):
    id: int


class AuthorCleared(msgspec.Struct, frozen=True, tag="chat.cleared_author"):
    """Every line of this author leaves the page (mute or ban with removal)."""

    author_ref: str


class SlowModeChanged(msgspec.Struct, frozen=True, tag="chat.slow_mode.changed"):
    """seconds: between two lines of one member; 0 is off."""

    seconds: int


class MemberMuted(msgspec.Struct, frozen=True, tag="chat.member.muted"):
    """On the member's own channel. until: unix seconds, None while it lasts."""

    room_id: int
    until: float | None


class RoomStateChanged(msgspec.Struct, frozen=True, tag="rooms.state.changed"):
    """state: offline, starting, live, away or private. at: unix seconds."""

    room_id: int
    slug: str
    state: str
    at: float


class ViewersCounted(msgspec.Struct, frozen=True, tag="rooms.viewers.counted"):
    room_id: int
    count: int


class ThumbnailChanged(msgspec.Struct, frozen=True, tag="rooms.thumbnail.changed"):
    room_id: int
    url: str


class RoomDetailsChanged(msgspec.Struct, frozen=True, tag="rooms.details.changed"):
    room_id: int
    title: str


class MemberBanned(msgspec.Struct, frozen=True, tag="rooms.member.banned"):
    """On the member's own channel."""

    room_id: int


class Layer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One simulcast layer as the node receives it. width, height: pixels, absent until known."""

    rid: str
    bitrate_bps: int
    width: int | None = None
    height: int | None = None


class HealthMeasured(msgspec.Struct, frozen=True, tag="studio.health.measured"):
    """On the studio channel. loss_ratio: 0..1 of the host's packets. limited_by: a stable word, None when well."""

    bitrate_bps: int
    loss_ratio: float
    rtt_ms: int | None
    viewers: int
    layers: list[Layer]
    limited_by: str | None


type Event = (
    Said
    | MessageDeleted
    | AuthorCleared
    | SlowModeChanged
    | MemberMuted
    | RoomStateChanged
    | ViewersCounted
    | ThumbnailChanged
    | RoomDetailsChanged
    | MemberBanned
    | HealthMeasured
)

_TAG_FIELD = "type"  # msgspec's own name for it; on the wire the tag stands beside the data, as "t"


def tag(event: Event) -> str:
    """Name of the event on the wire."""
    return str(type(event).__struct_config__.tag)


def encode(event: Event) -> bytes:
    """Encode tag and data as the tail of a wire message: `"t":"…","d":{…}}`."""
    data = msgspec.json.encode(msgspec.structs.asdict(event))
    return b'"t":"%s","d":%s}' % (tag(event).encode(), data)


def decode(name: str, data: dict[str, Any]) -> Event:
    """Read an event back from its tag and data.

    Raises: msgspec.ValidationError: the tag is unknown, or the data do not have its shape.
    """
    read: Event = msgspec.convert({**data, _TAG_FIELD: name}, Event)
    return read
