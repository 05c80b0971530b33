"""The node: its rooms and sessions, who may come in, and who has to go. Runs in the event loop."""

import asyncio
import contextlib
import logging
import resource
import threading
import time
from collections import OrderedDict
from pathlib import Path

from vasistas.media.port import (
    NodeEvent,
    NodeEventType,
    NodeFull,
    NodeStats,
    RoomBusy,
    RoomNotLive,
    SdpMalformed,
    SessionKind,
    SessionStats,
    SessionUnknown,
    SessionUsed,
)
from vasistas.media.sfu import limits, sdp, sdp_answer, sessions
from vasistas.media.sfu.event_ring import EventRing
from vasistas.media.sfu.ingress import Ingress
from vasistas.media.sfu.peers import Network, OnPacket, Peers
from vasistas.media.sfu.room import Room
from vasistas.media.sfu.sessions import Place, Session
from vasistas.media.sfu.viewer import AUDIO_SSRC, RETRANSMISSION_SSRC, VIDEO_SSRC, Track, Viewer

SWEEP_S = 1.0
ROOM_STUCK_S = 5.0  # a room's thread that has not moved for this long

logger = logging.getLogger(__name__)


class Node:
    def __init__(self, network: Network, bounds: limits.Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._bounds, self._loop = bounds, loop
        self._peers = Peers(network, loop)
        self.events = EventRing()
        self._started_at = time.time()
        self._places: dict[str, Place] = {}
        self._sessions: dict[str, Session] = {}
        self._used: OrderedDict[str, None] = OrderedDict()
        self._past = [0, 0, 0, 0]  # received, forwarded, resent, dropped by rooms that are gone
        self._tell("node.started")

    # -- coming in ---------------------------------------------------------------------------------------------------

    async def publish(
        self, *, room: str, session: str, offer: str, takeover: bool = False, bitrate_bps: int | None = None
    ) -> str:
        """Answer a publisher's offer (errors: `port.MediaPort.publish`)."""
        parsed, choices = _read_published(offer)
        self._check_unused(session)
        self._make_way(room, choices, takeover=takeover)
        limit_bps = min(bitrate_bps or self._bounds.publisher_bitrate_bps, self._bounds.publisher_bitrate_bps)
        place = self._places.get(room)
        if place is None:
            place = self._places[room] = Place(Room(room, bitrate_bps_max=limit_bps, on_lost=self._lost))
        video = next((choice.codec for choice in choices if choice.section.kind == "video"), None)
        place.room.codec = video or place.room.codec
        place.publisher = session
        entry = Session(session, "publisher", place.room, bitrate_bps_max=limit_bps)
        return await self._receive(entry, parsed, choices)

    async def probe(self, *, session: str, offer: str) -> str:
        """Answer an uplink test (errors: `port.MediaPort.probe`)."""
        parsed, choices = _read_published(offer)
        self._check_unused(session)
        if self._count("probe") >= self._bounds.probes:
            raise NodeFull("Too many uplink tests run at once. Try again in 20 s.", code="media.limit_probes")
        limit_bps = self._bounds.publisher_bitrate_bps
        room = Room(f"probe:{session}", bitrate_bps_max=limit_bps, on_lost=self._lost)
        room.codec = next((choice.codec for choice in choices if choice.section.kind == "video"), None)
        entry = Session(session, "probe", room, bitrate_bps_max=limit_bps)
        return await self._receive(entry, parsed, choices)

    async def play(self, *, room: str, session: str, offer: str) -> str:
        """Answer a viewer's offer (errors: `port.MediaPort.play`)."""
        parsed = sdp.parse(offer)
        self._check_unused(session)
        place = self._places.get(room)
        if place is None:
            raise RoomNotLive("Nobody is live in this room. Try again when the room is live.")
        if self._count("viewer") >= self._bounds.viewers or len(place.viewers) >= self._bounds.viewers_per_room:
            raise NodeFull("This room is full. Try again later.", code="media.limit_viewers")
        _check_direction(parsed, {"recvonly", "sendrecv"})
        choices = [_played(section, place.room.codec) for section in parsed.sections]
        sections = []
        for choice in choices:
            is_video = choice.section.kind == "video"
            again = RETRANSMISSION_SSRC if is_video and choice.retransmission is not None else None
            ssrc = VIDEO_SSRC if is_video else AUDIO_SSRC
            sections.append(sdp_answer.sending_section(choice, ssrc=ssrc, retransmission_ssrc=again))
        entry = Session(
            session, "viewer", place.room, codec=place.room.codec.name.upper() if place.room.codec else None
        )
        viewer = entry.viewer = Viewer(session, video=None, audio=None, joined_at=time.monotonic())
        self._remember(entry)
        place.viewers.add(session)
        enter = place.room.entrance(place.room.take_report(viewer))
        answer = await self._open(entry, parsed, choices, sections, enter)
        if entry.peer is not None:
            for index, choice in enumerate(choices):
                track = Track(choice, entry.peer.sender(index))
                if choice.section.kind == "video":
                    viewer.video = track
                else:
                    viewer.audio = track
        return answer

    async def _receive(self, entry: Session, parsed: sdp.Offer, choices: list[sdp.Choice]) -> str:
        kinds = {choice.section.kind: choice for choice in choices}
        entry.codec = kinds["video"].codec.name.upper() if "video" in kinds else None
        self._remember(entry)
        room = entry.room
        ingress = entry.ingress = Ingress(
            video=kinds.get("video"),
            audio=kinds.get("audio"),
            outputs=room.output,
            send=lambda data: entry.peer.send(data) if entry.peer else None,
            forward=room.forward,
        )
        sections = [sdp_answer.receiving_section(choice, bitrate_bps=entry.bitrate_bps_max) for choice in choices]
        enter = room.budgeted_entrance(ingress.receive, entry.id)
        return await self._open(entry, parsed, choices, sections, enter)

    async def _open(
        self,
        entry: Session,
        parsed: sdp.Offer,
        choices: list[sdp.Choice],
        sections: list[str],
        on_packet: OnPacket,
    ) -> str:
        def on_state(state: str) -> None:
            self._state_changed(entry, state)

        try:
            peer, answer = await self._peers.open(
                offer=sdp_answer.offer_text(parsed, choices),
                sections=sections,
                on_state=on_state,
                on_packets=[on_packet] * len(sections),
                is_publisher=entry.kind != "viewer",
            )
        except BaseException:
            self.close_session(entry.id, reason="refused")
            raise
        if entry.is_ended:  # ended while it was being answered
            self._peers.close(peer)
            raise SessionUnknown("This media session was ended.")
        entry.peer = peer
        return answer

    def _check_unused(self, session: str) -> None:
        if session in self._used:
            raise SessionUsed("This media session was used before. Load the page again.")

    def _make_way(self, room: str, choices: list[sdp.Choice], *, takeover: bool) -> None:
        """Refuse, or end whoever must go so that this publisher can come in."""
        place = self._places.get(room)
        if place is None:
            if len(self._places) >= self._bounds.rooms:
                raise NodeFull("This media server has no free room. Try again later.", code="media.limit_rooms")
            return
        if place.publisher is not None:
            if not takeover:
                raise RoomBusy("Somebody is live in this room already. End that broadcast first.")
            self.close_session(place.publisher, reason="taken_over")
        video = next((choice.codec for choice in choices if choice.section.kind == "video"), None)
        before = place.room.codec
        is_other = video and before and (video.name, sdp.h264_profile(video)) != (before.name, sdp.h264_profile(before))
        if is_other:
            self.close_room(room, reason="codec_changed")

    def _remember(self, entry: Session) -> None:
        self._sessions[entry.id] = entry
        self._used[entry.id] = None
        while len(self._used) > limits.SESSIONS_REMEMBERED:
            self._used.popitem(last=False)

    def _state_changed(self, entry: Session, state: str) -> None:
        if state == "connected":
            self._connected(entry)
        elif state in {"disconnected", "failed", "closed"}:
            self.close_session(entry.id, reason="lost")

    def _connected(self, entry: Session) -> None:
        if entry.is_ended or entry.connected_at is not None:
            return
        entry.connected_at = entry.told_at = time.monotonic()
        room = entry.room
        if entry.viewer is not None:
            viewer = entry.viewer
            viewer.joined_at = viewer.reported_at = entry.connected_at
            room.call(lambda: room.join(viewer))
            self._tell("viewer.joined", entry)
        elif entry.ingress is not None:
            ingress = entry.ingress
            room.call(lambda: room.publish(entry.id, ingress))
            if entry.kind == "publisher":
                self._tell("publisher.joined", entry)

    # -- going -------------------------------------------------------------------------------------------------------

    def close_session(self, session: str, *, reason: str = "kicked") -> None:
        entry = self._sessions.pop(session, None)
        if entry is None:
            return
        entry.is_ended = True
        room = entry.room
        if entry.kind == "viewer":
            room.call(lambda: room.leave(session))
            place = self._places.get(room.name)
            if place and place.room is room:
                place.viewers.discard(session)
            self._past[2] += entry.viewer.resent if entry.viewer else 0
        elif entry.ingress is not None:
            ingress = entry.ingress
            room.call(lambda: room.unpublish(ingress))
            self._publisher_left(entry)
        if entry.peer is not None:
            self._peers.close(entry.peer)
        logger.info("media.session_ended kind=%s session=%s reason=%s", entry.kind, session, reason)
        if entry.kind != "probe" and reason != "refused":
            self._tell("viewer.left" if entry.kind == "viewer" else "publisher.left", entry, reason)

    def _publisher_left(self, entry: Session) -> None:
        if entry.kind == "probe":
            self._stop_room(entry.room)
            return
        place = self._places.get(entry.room.name)
        if place is None or place.room is not entry.room or place.publisher != entry.id:
            return
        place.publisher = None
        if entry.connected_at is not None:
            place.left_at = time.monotonic()
        elif not place.viewers:  # it never began
            self.close_room(entry.room.name)

    def close_room(self, room: str, *, reason: str = "room_closed") -> None:
        place = self._places.pop(room, None)
        if place is None:
            return
        for session in [*place.viewers, *([place.publisher] if place.publisher else [])]:
            self.close_session(session, reason=reason)
        self._stop_room(place.room)

    def _stop_room(self, room: Room) -> None:
        self._past[0] += room.received
        self._past[1] += room.forwarded
        self._past[3] += room.dropped
        room.stop()

    def _lost(self, session: str, reason: str) -> None:
        """Called from rooms' and native threads."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(lambda: self.close_session(session, reason=reason))

    async def sweep(self) -> None:
        """End what has waited too long, every second, for as long as the node lives."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                self._sweep_once(time.monotonic())
            except Exception:
                logger.exception("media.sweep_failed")

    def _sweep_once(self, now: float) -> None:
        self._peers.sweep()
        for entry in list(self._sessions.values()):
            if entry.connected_at is None and now - entry.opened_at > limits.CONNECT_S_MAX:
                self.close_session(entry.id, reason="timed_out")
            elif entry.kind == "probe" and now - entry.opened_at > limits.PROBE_S_MAX:
                self.close_session(entry.id, reason="closed")
            elif entry.viewer and now - entry.told_at >= limits.DELIVERED_EVENT_S and entry.connected_at is not None:
                entry.told_at = now
                self._tell("delivered", entry)
        for name, place in list(self._places.items()):
            if place.publisher is None and now - place.left_at > limits.ROOM_LINGER_S:
                self.close_room(name)

    async def stop(self) -> None:
        for name in list(self._places):
            self.close_room(name, reason="stopped")
        for session in list(self._sessions):
            self.close_session(session, reason="stopped")
        with contextlib.suppress(TimeoutError):
            await self._peers.stop()

    # -- telling -----------------------------------------------------------------------------------------------------

    def is_well(self) -> bool:
        """Whether every room's thread moves."""
        now = time.monotonic()
        return all(now - entry.room.moved_at < ROOM_STUCK_S for entry in self._sessions.values())

    def session_stats(self, session: str) -> SessionStats:
        """Raises: SessionUnknown."""
        entry = self._sessions.get(session)
        if entry is None:
            raise SessionUnknown("There is no such media session, or not any more.")
        place = self._places.get(entry.room.name)
        return sessions.stats(entry, place)

    def stats(self) -> NodeStats:
        rooms = {id(entry.room): entry.room for entry in self._sessions.values()}
        rooms |= {id(place.room): place.room for place in self._places.values()}
        used = resource.getrusage(resource.RUSAGE_SELF)
        return NodeStats(
            started_at=self._started_at,
            rooms=len(self._places),
            publishers=self._count("publisher"),
            viewers=self._count("viewer"),
            probes=self._count("probe"),
            peers_open=self._peers.count,
            packets_received=self._past[0] + sum(room.received for room in rooms.values()),
            packets_forwarded=self._past[1] + sum(room.forwarded for room in rooms.values()),
            packets_resent=self._past[2] + sum(s.viewer.resent for s in self._sessions.values() if s.viewer),
            packets_dropped=self._past[3] + sum(room.dropped for room in rooms.values()),
            cpu_s=used.ru_utime + used.ru_stime,
            rss_bytes=_resident_bytes(used.ru_maxrss * 1024),
            threads=threading.active_count(),
        )

    def _count(self, kind: SessionKind) -> int:
        return sum(entry.kind == kind for entry in self._sessions.values())

    def _tell(self, kind: NodeEventType, entry: Session | None = None, reason: str = "") -> None:
        viewer = entry.viewer if entry else None
        self.events.add(
            NodeEvent(
                type=kind,
                at=time.time(),
                room=entry.room.name if entry else "",
                session=entry.id if entry else "",
                delivered_s=viewer.delivered_s if viewer else 0,
                lost_ratio=round(viewer.lost_ratio, 4) if viewer else 0.0,
                bytes=viewer.size_bytes if viewer else 0,
                reason=reason,
            )
        )


def _read_published(offer: str) -> tuple[sdp.Offer, list[sdp.Choice]]:
    parsed = sdp.parse(offer)
    _check_direction(parsed, {"sendonly", "sendrecv"})
    return parsed, [sdp.choose_published(section) for section in parsed.sections]


def _check_direction(offer: sdp.Offer, directions: set[str]) -> None:
    if not all(section.direction in directions for section in offer.sections):
        raise SdpMalformed(f"The session description (SDP) cannot be used: its sections must be {sorted(directions)}.")


def _played(section: sdp.Section, video: sdp.Codec | None) -> sdp.Choice:
    if section.kind == "video" and video is not None:
        return sdp.choose_played(section, video)
    return sdp.choose_published(section)


def _resident_bytes(otherwise: int) -> int:
    """Resident memory now (Linux); elsewhere its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return otherwise
    return pages * resource.getpagesize()
