"""A media node in memory: all the rules of rooms and sessions, no media. For tests of what stands above the port."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vasistas.media.port import (
    Answer,
    EventBatch,
    NodeEvent,
    NodeEventType,
    NodeStats,
    RoomBusy,
    RoomNotLive,
    SdpMalformed,
    SessionKind,
    SessionStats,
    SessionUnknown,
    SessionUsed,
)

ROOM_LINGER_S = 30.0
ANSWER_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@dataclass
class _Session:
    room: str
    kind: SessionKind
    delivered_s: int = 0
    lost_ratio: float = 0.0
    bytes: int = 0


@dataclass
class _Room:
    publisher: str | None = None
    left_at: float = 0.0
    viewers: list[str] = field(default_factory=list)


class FakeMedia:
    """Works as a node does. `deliver` and `lose` play the part of the network; `clock` gives unix seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._started_at = clock()
        self._rooms: dict[str, _Room] = {}
        self._sessions: dict[str, _Session] = {}
        self._used: set[str] = set()
        self._events: list[NodeEvent] = []
        self._emit("node.started")

    # -- the port ----------------------------------------------------------------------------------------------------

    def publish(self, *, room: str, session: str, offer: str, takeover: bool = False) -> Answer:
        self._check(session, offer)
        entry = self._rooms.setdefault(room, _Room())
        if entry.publisher:
            if not takeover:
                raise RoomBusy("Somebody is live in this room already. End that broadcast first.")
            self._end(entry.publisher, reason="taken_over")
            entry = self._rooms.setdefault(room, _Room())
        entry.publisher = session
        return self._open(session, _Session(room=room, kind="publisher"))

    def play(self, *, room: str, session: str, offer: str) -> Answer:
        self._check(session, offer)
        self._forget_left_rooms()
        if room not in self._rooms:
            raise RoomNotLive("Nobody is live in this room. Try again when the room is live.")
        self._rooms[room].viewers.append(session)
        return self._open(session, _Session(room=room, kind="viewer"))

    def probe(self, *, session: str, offer: str) -> Answer:
        self._check(session, offer)
        return self._open(session, _Session(room="", kind="probe"))

    def close_session(self, session: str) -> None:
        self._end(session, reason="kicked")

    def close_room(self, room: str) -> None:
        entry = self._rooms.pop(room, None)
        for session in [*entry.viewers, *([entry.publisher] if entry.publisher else [])] if entry else []:
            self._end(session, reason="room_closed")

    def session_stats(self, session: str) -> SessionStats:
        entry = self._sessions.get(session)
        if entry is None:
            raise SessionUnknown("There is no such media session, or not any more.")
        room = self._rooms.get(entry.room)
        return SessionStats(
            session=session,
            room=entry.room,
            kind=entry.kind,
            connected=True,
            codec="VP8",
            bitrate_bps=1_000_000,
            loss_ratio=entry.lost_ratio,
            rtt_ms=20,
            viewers=len(room.viewers) if room else 0,
            delivered_s=entry.delivered_s,
            bytes=entry.bytes,
        )

    def node_stats(self) -> NodeStats:
        kinds = [entry.kind for entry in self._sessions.values()]
        return NodeStats(
            started_at=self._started_at,
            rooms=len(self._rooms),
            publishers=kinds.count("publisher"),
            viewers=kinds.count("viewer"),
            probes=kinds.count("probe"),
            peers_open=len(kinds),
            packets_received=0,
            packets_forwarded=0,
            packets_resent=0,
            packets_dropped=0,
            cpu_s=0.0,
            rss_bytes=0,
            threads=1,
        )

    def events(self, *, after: str, wait_s: float) -> EventBatch:  # noqa: ARG002 — memory has nothing to wait for
        offset = int(after) if after.isdecimal() else 0
        return EventBatch(cursor=str(len(self._events)), events=self._events[offset:])

    # -- what the network would do -----------------------------------------------------------------------------------

    def deliver(self, session: str, *, seconds: int, lost_ratio: float = 0.0, size_bytes: int = 0) -> None:
        """Have `session` receive `seconds` more of video."""
        entry = self._sessions[session]
        entry.delivered_s += seconds
        entry.lost_ratio = lost_ratio
        entry.bytes += size_bytes
        self._emit("delivered", session=session, entry=entry)

    def lose(self, session: str) -> None:
        """Have `session` vanish from the network."""
        self._end(session, reason="lost")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check(self, session: str, offer: str) -> None:
        if not offer.startswith("v=0"):
            raise SdpMalformed("The offer is no session description (SDP).")
        if session in self._used:
            raise SessionUsed("This media session was used before. Load the page again.")

    def _open(self, session: str, entry: _Session) -> Answer:
        self._used.add(session)
        self._sessions[session] = entry
        if entry.kind == "publisher":
            self._emit("publisher.joined", session=session, entry=entry)
        elif entry.kind == "viewer":
            self._emit("viewer.joined", session=session, entry=entry)
        return Answer(session=session, sdp=ANSWER_SDP)

    def _end(self, session: str, *, reason: str) -> None:
        entry = self._sessions.pop(session, None)
        if entry is None:
            return
        room = self._rooms.get(entry.room)
        if entry.kind == "publisher":
            if room and room.publisher == session:
                room.publisher, room.left_at = None, self._clock()
            self._emit("publisher.left", session=session, entry=entry, reason=reason)
        elif entry.kind == "viewer":
            if room:
                room.viewers.remove(session)
            self._emit("viewer.left", session=session, entry=entry, reason=reason)

    def _forget_left_rooms(self) -> None:
        gone = [
            name
            for name, room in self._rooms.items()
            if room.publisher is None and self._clock() - room.left_at > ROOM_LINGER_S
        ]
        for name in gone:
            self.close_room(name)

    def _emit(self, kind: NodeEventType, *, session: str = "", entry: _Session | None = None, reason: str = "") -> None:
        self._events.append(
            NodeEvent(
                type=kind,
                at=self._clock(),
                room=entry.room if entry else "",
                session=session,
                delivered_s=entry.delivered_s if entry else 0,
                lost_ratio=entry.lost_ratio if entry else 0.0,
                bytes=entry.bytes if entry else 0,
                reason=reason,
            )
        )
