"""What the site may ask of a media node, and what a node says of itself. Adapters: `node_client`, `fake`.

The words here cross the wire between site and node as JSON (msgspec); both sides share this one file. A node knows
rooms and sessions by opaque strings only: no names, members, cookies or addresses.
"""

from typing import Literal, Protocol

import msgspec

from vasistas.lib.errors import DomainError

type SessionKind = Literal["publisher", "viewer", "probe"]
type NodeEventType = Literal[
    "node.started", "publisher.joined", "publisher.left", "viewer.joined", "viewer.left", "delivered"
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The node's reply to an offer. session: the id the site chose. sdp: the answer, complete with candidates."""

    session: str
    sdp: str


class LayerStats(msgspec.Struct, frozen=True, kw_only=True):
    """One video encoding as it reaches the node. rid: "" when the publisher sends a single one."""

    rid: str
    bitrate_bps: int
    width: int | None = None
    height: int | None = None


class SessionStats(msgspec.Struct, frozen=True, kw_only=True):
    """One session, measured over the last seconds.

    connected: media can flow. bitrate_bps: received from a publisher or probe, sent to a viewer. loss_ratio: 0..1, on
    the way publisher → node, or node → viewer. rtt_ms: None until measured. layers: what the publisher sends, low to
    high; for a viewer the one it gets. estimate_bps: what a viewer's browser thinks its way can carry. delivered_s:
    whole seconds of video handed over (viewers). limited_by: "bandwidth" when a higher layer did not fit, or None.
    """

    session: str
    room: str
    kind: SessionKind
    connected: bool
    codec: str | None = None
    bitrate_bps: int = 0
    loss_ratio: float = 0.0
    rtt_ms: int | None = None
    layers: tuple[LayerStats, ...] = ()
    viewers: int = 0
    delivered_s: int = 0
    bytes: int = 0
    duration_s: float = 0.0
    estimate_bps: int | None = None
    limited_by: str | None = None


class NodeStats(msgspec.Struct, frozen=True, kw_only=True):
    """The whole node. cpu_s: process time since start. packets_*: since start; forwarded counts each viewer's copy."""

    started_at: float
    rooms: int
    publishers: int
    viewers: int
    probes: int
    peers_open: int
    packets_received: int
    packets_forwarded: int
    packets_resent: int
    packets_dropped: int
    cpu_s: float
    rss_bytes: int
    threads: int


class NodeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A past fact. at: unix seconds. delivered_s, lost_ratio, bytes: cumulative figures of the session (viewers).

    reason: why a session ended: "closed", "kicked", "room_closed", "lost", "taken_over", "over_budget",
    "codec_changed", "timed_out", "stopped".
    """

    type: NodeEventType
    at: float
    room: str = ""
    session: str = ""
    delivered_s: int = 0
    lost_ratio: float = 0.0
    bytes: int = 0
    reason: str = ""


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Events after a cursor, oldest first. Pass `cursor` back as `after`.

    is_gap: events were lost between the two (the node restarted, or the reader was away for too long): read the
    stats of what is still there instead of trusting the row of events.
    """

    cursor: str
    events: list[NodeEvent]
    is_gap: bool = False


class MediaPort(Protocol):
    """All calls block, for 5 s at most (`events`: `wait_s` more), and raise the errors below."""

    def publish(self, *, room: str, session: str, offer: str, takeover: bool = False) -> Answer:
        """Let `session` send into `room`, which begins when it does. A room has one publisher at a time.

        Raises: SdpMalformed, CodecUnsupported, RoomBusy (unless takeover), SessionUsed, NodeFull, NodeUnreachable.
        """

    def play(self, *, room: str, session: str, offer: str) -> Answer:
        """Let `session` watch `room`.

        Raises: SdpMalformed, CodecUnsupported, RoomNotLive, SessionUsed, NodeFull, NodeUnreachable.
        """

    def probe(self, *, session: str, offer: str) -> Answer:
        """Measure an uplink: what `session` sends for at most 20 s is counted and thrown away."""

    def close_session(self, session: str) -> None:
        """End a session of any kind. Repeating it, or naming one that is gone, is no error."""

    def close_room(self, room: str) -> None:
        """End a room with all its sessions, at once. Repeating it is no error."""

    def session_stats(self, session: str) -> SessionStats:
        """Raises: SessionUnknown: there is none, or not any more."""

    def node_stats(self) -> NodeStats: ...

    def events(self, *, after: str, wait_s: float) -> EventBatch:
        """Events after the cursor ("" = all still kept), waiting up to `wait_s` for the first one."""


class MediaError(DomainError):
    """A media node refused or could not be asked."""

    status = 503
    code = "media.failed"


class SdpMalformed(MediaError):  # noqa: N818 — refusals read as facts, see lib.errors
    status = 400
    code = "media.sdp_malformed"


class CodecUnsupported(MediaError):  # noqa: N818 — see above
    """The two ends share no codec (the node never transcodes)."""

    status = 406
    code = "media.codec_unsupported"


class RoomBusy(MediaError):  # noqa: N818 — see above
    status = 409
    code = "media.room_busy"


class SessionUsed(MediaError):  # noqa: N818 — see above
    """The session id was used before; each grant opens one session."""

    status = 409
    code = "media.session_used"


class RoomNotLive(MediaError):  # noqa: N818 — see above
    status = 404
    code = "media.room_not_live"


class SessionUnknown(MediaError):  # noqa: N818 — see above
    status = 404
    code = "media.session_unknown"


class NodeFull(MediaError):  # noqa: N818 — see above
    """A named limit of the node; the code says which: media.limit_rooms, media.limit_viewers, media.limit_probes."""

    status = 503
    code = "media.limit_viewers"


class NodeUnreachable(MediaError):  # noqa: N818 — see above
    status = 503
    code = "media.node_unreachable"


_KINDS: tuple[type[MediaError], ...] = (
    SdpMalformed,
    CodecUnsupported,
    RoomBusy,
    SessionUsed,
    RoomNotLive,
    SessionUnknown,
    NodeFull,
    NodeUnreachable,
)
ERRORS = {error.code: error for error in _KINDS} | {"media.limit_rooms": NodeFull, "media.limit_probes": NodeFull}
