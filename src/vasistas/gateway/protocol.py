"""What goes over the wire, and the limits: pure functions and plain values. No socket, no clock, no hub.

Client → server: `subscribe`, `unsubscribe`, `ping`. Server → client: events as they were encoded at publishing, one
or an array of them per frame, and the answers below. Examples that Python and JavaScript both check: tests/wire/.
Frames: RFC 6455; the server's are text, unmasked, never fragmented, never compressed (docs/decisions/0004).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import msgspec

from vasistas.lib.errors import DomainError

GRANTS_PER_MESSAGE_MAX = 8


@dataclass(frozen=True)
class Limits:
    """Everything a stranger could make large, with its unit. Tests and benchmarks pass their own."""

    sockets_max: int = 20_000
    sockets_per_address_max: int = 200  # an IPv4 address or an IPv6 /64; a school behind one address still fits
    channels_per_socket_max: int = 16
    message_bytes_max: int = 16_384
    frames_burst_max: int = 30  # incoming frames at once, pings included
    frames_per_s: float = 3.0
    refusals_max: int = 5  # bad grants on one socket
    queue_bytes_max: int = 262_144  # waiting for one socket; more is "slow"
    kernel_queue_bytes: int = 65_536  # SO_SNDBUF, so that the kernel does not hide a slow socket for megabytes
    idle_s: float = 10.0  # without any subscription
    heartbeat_s: float = 20.0
    heartbeats_missed_max: int = 2
    close_s: float = 5.0  # for the other side to answer a close frame


class Close(IntEnum):
    """Why the gateway ends a socket. 4000-4499: connect again, with jitter. 4500-4999: do not."""

    RESTARTING = 4000  # the process stops; another is there soon
    SLOW = 4001  # the socket's queue is full
    SILENT = 4002  # heartbeats unanswered
    IDLE = 4003  # nothing subscribed for Limits.idle_s
    MALFORMED = 4500  # not a message of this protocol
    TOO_FAST = 4501  # more frames than Limits.frames_per_s
    TOO_MANY_CHANNELS = 4502
    REFUSED = 4503  # bad grants again and again

    @property
    def reason(self) -> str:
        return self.name.lower()


class Malformed(DomainError):  # noqa: N818 — see lib.errors
    """The message is none of this protocol."""

    code = "realtime.malformed"


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe"):
    """positions: channel -> [epoch, offset] the client knows everything up to; without one it starts now."""

    grants: Annotated[list[str], msgspec.Meta(min_length=1, max_length=GRANTS_PER_MESSAGE_MAX)]
    positions: dict[str, tuple[str, int]] = {}


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    channels: list[str]


class Ping(msgspec.Struct, frozen=True, tag_field="op", tag="ping"):
    """A browser cannot see the server's pings; it asks itself."""


class Subscribed(msgspec.Struct, frozen=True, tag_field="op", tag="subscribed"):
    """offset: the channel stands here. recovered: what was missed follows now (or nothing was); else: load the snapshot
    again, at a random moment within spread_ms. expires_in_s: ask for a fresh grant before.
    """

    channel: str
    epoch: str
    offset: int
    recovered: bool
    expires_in_s: int
    spread_ms: int


class Reset(msgspec.Struct, frozen=True, tag_field="op", tag="reset"):
    """The gateway lost events of the channel: load the snapshot again within spread_ms; live from here."""

    channel: str
    epoch: str
    offset: int
    spread_ms: int


class Expired(msgspec.Struct, frozen=True, tag_field="op", tag="expired"):
    """The grant ended and with it the subscriptions. A fresh grant with the position loses nothing."""

    channels: list[str]


class Refused(msgspec.Struct, frozen=True, tag_field="op", tag="refused"):
    """grants: indices in the list that was sent."""

    code: str
    message: str
    grants: list[int]


class Pong(msgspec.Struct, frozen=True, tag_field="op", tag="pong"):
    """Answers Ping."""


type FromClient = Subscribe | Unsubscribe | Ping
type FromServer = Subscribed | Reset | Expired | Refused | Pong

_decoder: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(Subscribe | Unsubscribe | Ping)
_encoder = msgspec.json.Encoder()


def parse(payload: bytes) -> FromClient:
    """Read one message of a client.

    Raises: Malformed: it is no JSON, no known message, or does not have its shape.
    """
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Malformed("This is no message of the realtime protocol. Load the page again.") from fault


_TEXT, _PING = 0x81, 0x89  # FIN and opcode, RFC 6455 section 5.2
_SHORT_MAX, _MEDIUM_MAX = 125, 65_535


def text_frame(payload: bytes) -> bytes:
    """Frame a text message as a server does: one piece, no mask."""
    size = len(payload)
    if size <= _SHORT_MAX:
        return struct.pack("!BB", _TEXT, size) + payload
    if size <= _MEDIUM_MAX:
        return struct.pack("!BBH", _TEXT, 126, size) + payload
    return struct.pack("!BBQ", _TEXT, 127, size) + payload


def events_frame(messages: list[bytes]) -> bytes:
    """Frame encoded events, oldest first: one as it is, more as an array."""
    return text_frame(messages[0] if len(messages) == 1 else b"[%s]" % b",".join(messages))


def answers_frame(answers: Iterable[FromServer]) -> bytes:
    """Frame answers, one as it is, more as an array."""
    return events_frame([_encoder.encode(answer) for answer in answers])


PING_FRAME = struct.pack("!BB", _PING, 0)


class Pace:
    """A bucket of tokens: `burst` at once, `per_s` in the long run. now: monotonic seconds."""

    __slots__ = ("_at", "_burst", "_per_s", "_tokens")

    def __init__(self, *, burst: float, per_s: float, now: float) -> None:
        self._burst, self._per_s, self._tokens, self._at = burst, per_s, burst, now

    def take(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
