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


class BalanceChanged(msgspec.Struct, frozen=True, tag="wallet.balance.changed"):
    """On the member's own channel. balance_minor: minor units of the site's currency."""

    balance_minor: int


class TipGiven(msgspec.Struct, frozen=True, tag="tips.tip.given"):
    """name, ref: empty for a tip given as nobody. amount_minor: minor units. item: of the menu. at: unix seconds."""

    id: int
    name: str
    ref: str
    amount_minor: int
    item: str
    text: str
    at: float


class ShowRequested(msgspec.Struct, frozen=True, tag="shows.requested"):
    """On the studio channel: a request came or is gone. open: how many wait now; read the list again."""

    key: str
    kind: str
    state: str
    open: int


class ShowStarted(msgspec.Struct, frozen=True, tag="shows.started"):
    """On the channels of its people, of the studio and of the room. state: accepted (announced) or running."""

    key: str
    kind: str
    state: str


class ShowTicked(msgspec.Struct, frozen=True, tag="shows.ticked"):
    """On the channels of whoever pays and of the studio. left_s: of the budget; None for a ticket."""

    key: str
    ref: str
    delivered_s: int
    spent_minor: int
    left_s: int | None


class ShowWarned(msgspec.Struct, frozen=True, tag="shows.warned"):
    """The budget ends soon."""

    key: str
    left_s: int


class PresenceChanged(msgspec.Struct, frozen=True, tag="shows.presence.changed"):
    """Somebody came or left; told to everyone present. ref: good in this show alone."""

    key: str
    ref: str
    name: str
    role: str
    is_present: bool


class ShowEnded(msgspec.Struct, frozen=True, tag="shows.ended"):
    """state: ended, declined, expired or cancelled."""

    key: str
    state: str
    reason: str


class ShowLineSaid(msgspec.Struct, frozen=True, tag="shows.line.said"):
    """On the channels of those who take part. at: unix seconds."""

    key: str
    ref: str
    name: str
    role: str
    text: str
    at: float


class TipSilenced(msgspec.Struct, frozen=True, tag="tips.tip.silenced"):
    """The words of a tip leave the page."""

    id: int


class GoalMoved(msgspec.Struct, frozen=True, tag="tips.goal.moved"):
    """goal_id: None when there is none any more. is_first: by the tip that reached it."""

    goal_id: int | None
    title: str
    target_minor: int
    reached_minor: int
    is_first: bool


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
    | BalanceChanged
    | TipGiven
    | TipSilenced
    | GoalMoved
    | ShowRequested
    | ShowStarted
    | ShowTicked
    | ShowWarned
    | PresenceChanged
    | ShowEnded
    | ShowLineSaid
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
