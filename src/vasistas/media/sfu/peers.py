"""The only module that touches the native library. Its rules (docs/decisions/0003-embedded-media-engine.md):

One certificate for all. No `on_track`: tracks are made from the offer's mids. No callbacks set and nothing renegotiated
on a live connection. Nothing is dropped unclosed: tracks, then the connection, in an executor, then a grace time in
which callbacks end, and only then the last references. Callbacks are short and never raise.
"""

import asyncio
import ctypes
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import libdatachannel.libdatachannel_ext as ldc

from vasistas.media.certificate import make_certificate
from vasistas.media.port import MediaError, NodeFull, SdpMalformed
from vasistas.media.sfu import limits, sdp_answer

OPENERS, CLOSERS = 2, 32  # threads; closing a connection whose gathering failed takes the library 30 s

type OnPacket = Callable[[bytes], None]
type OnState = Callable[[str], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Network:
    """Where media flows. ports: (first, last); equal means one port shared by all connections (mux).

    bind: an IPv4 address, "0.0.0.0" for all. public_ip: of a machine behind 1:1 NAT, put into every answer.
    """

    ports: tuple[int, int]
    bind: str = "0.0.0.0"  # noqa: S104 — media must be reachable from everywhere; it is encrypted and authenticated
    public_ip: str | None = None


_kept = threading.local()


def _keep_thread_state() -> None:
    """Let the native thread that calls us keep its Python thread state as long as it lives.

    Else every callback makes one and drops it, stack and all: an mmap, a munmap and a TLB flush on every core, 40 % of
    what a received packet cost. The state is taken once more than it is given back, so its count never comes to zero.
    """
    if not hasattr(_kept, "is_taken"):
        _kept.is_taken = True
        ctypes.pythonapi.PyGILState_Ensure()


class _Tap(ldc.PyMediaHandler):  # type: ignore[misc]  # the native module has no types
    """Sees every packet of a connection, also those of SSRCs that the SDP does not name (simulcast)."""

    def __init__(self, on_packet: OnPacket) -> None:
        super().__init__()
        self._on_packet = on_packet

    def incoming(self, messages: Sequence[Any], send: object) -> None:  # noqa: ARG002 — the library's signature
        try:
            for message in messages:
                self._on_packet(message.to_bytes())
        except Exception:
            logger.exception("media.callback_failed")


class Peer:
    """One connection. Made by `Peers.open`, ended by `Peers.close`, and never dropped before.

    connection, tracks, tap: native objects, for this module only.
    """

    def __init__(self, tap: _Tap | None) -> None:
        self.connection: Any = None
        self.tracks: list[Any] = []
        self.tap = tap
        self.lock = threading.Lock()  # held while it is made, and while it is closed
        self.is_closed = False

    def sender(self, index: int) -> Callable[[bytes], bool]:
        """`send` of the track at this place in the answer."""
        send: Callable[[bytes], bool] = self.tracks[index].send
        return send

    def send(self, data: bytes) -> None:
        """Send RTCP on the first track; lost without a word when the connection is not up."""
        try:
            self.tracks[0].send(data)
        except (RuntimeError, IndexError):
            return

    def local_description(self) -> str:
        return str(self.connection.local_description())

    def close(self) -> None:
        """Blocks until the native side has stopped. Only in an executor, never in a callback."""
        with self.lock:
            if self.is_closed:
                return
            self.is_closed = True
            for track in self.tracks:
                track.close()
            if self.connection is not None:
                self.connection.close()

    def release(self) -> None:
        """Drop the native objects, in an executor, a grace time after `close`."""
        self.tracks = []
        self.connection = None
        self.tap = None


class Peers:
    """All connections of the node. Methods are for the event loop's thread; blocking work runs in executors."""

    def __init__(self, network: Network, loop: asyncio.AbstractEventLoop) -> None:
        self._network, self._loop = network, loop
        self._certificate = make_certificate()
        self._openers = ThreadPoolExecutor(OPENERS, "media-open")
        self._closers = ThreadPoolExecutor(CLOSERS, "media-close")
        self._open: set[Peer] = set()
        self._closed: deque[tuple[float, Peer]] = deque()
        self._closing: set[Peer] = set()

    @property
    def count(self) -> int:
        """Connections that exist natively, those being taken down too."""
        return len(self._open) + len(self._closing) + len(self._closed)

    async def open(
        self, *, offer: str, sections: list[str], on_state: OnState, on_packets: list[OnPacket], is_publisher: bool
    ) -> tuple[Peer, str]:
        """Answer an offer.

        Args: offer: as written by `sdp_answer.offer_text`. sections: ours, in the offer's order. on_state: called in
        the loop with "connected", "disconnected", "failed" or "closed". on_packets: called in native threads with each
        packet, one per section; a publisher's first gets everything.
        Raises: SdpMalformed: the library refuses it. NodeFull: every UDP port of the range is taken. MediaError: no
        local candidates in time.
        """
        first, last = self._network.ports
        if first != last and self.count > last - first:
            raise NodeFull("This media server has no free port. Try again later.", code="media.limit_viewers")
        gathered = asyncio.Event()
        tap = _Tap(on_packets[0]) if is_publisher else None
        peer = Peer(tap)

        def make() -> None:
            with peer.lock:
                if not peer.is_closed:
                    self._make(peer, offer, list(zip(sections, on_packets, strict=True)), on_state, gathered)

        self._open.add(peer)
        try:
            await asyncio.shield(self._loop.run_in_executor(self._openers, make))
        except BaseException:
            self.close(peer)
            raise
        try:
            async with asyncio.timeout(limits.GATHER_S_MAX):
                await gathered.wait()
            answer = await self._loop.run_in_executor(self._openers, peer.local_description)
        except TimeoutError:
            self.close(peer)
            raise MediaError("The media server found no network address to offer. Try again.") from None
        except BaseException:
            self.close(peer)
            raise
        return peer, sdp_answer.with_addresses(answer, public_ip=self._network.public_ip)

    def close(self, peer: Peer) -> None:
        """Begin to take a connection down; repeating it is no error."""
        if peer not in self._open:
            return
        self._open.discard(peer)
        self._closing.add(peer)
        done = self._loop.run_in_executor(self._closers, peer.close)
        done.add_done_callback(lambda _: self._bury(peer))

    def sweep(self) -> None:
        """Release what was closed a grace time ago; call it every second."""
        while self._closed and time.monotonic() - self._closed[0][0] > limits.CLOSE_GRACE_S:
            _, peer = self._closed.popleft()
            self._loop.run_in_executor(self._closers, peer.release)

    async def stop(self) -> None:
        for peer in list(self._open):
            self.close(peer)
        async with asyncio.timeout(limits.CLOSE_GRACE_S):
            while self._closing:  # noqa: ASYNC110 — once, at the very end
                await asyncio.sleep(0.05)

    def _bury(self, peer: Peer) -> None:
        self._closing.discard(peer)
        self._closed.append((time.monotonic(), peer))

    def _make(
        self,
        peer: Peer,
        offer: str,
        sections: list[tuple[str, OnPacket]],
        on_state: OnState,
        gathered: asyncio.Event,
    ) -> None:
        """Make the connection of a peer, in an executor."""
        loop = self._loop
        complete = ldc.PeerConnection.GatheringState.Complete

        def state_changed(state: Any) -> None:
            _keep_thread_state()  # here, because each native thread comes by sooner or later, and seldom
            loop.call_soon_threadsafe(on_state, state.name.lower())

        def gathering(state: object) -> None:
            if state == complete:
                loop.call_soon_threadsafe(gathered.set)

        try:
            connection = peer.connection = ldc.PeerConnection(self._configuration())
            connection.on_state_change(state_changed)
            connection.on_gathering_state_change(gathering)
            if peer.tap is not None:
                connection.set_media_handler(peer.tap)
            for section, on_packet in sections:
                track = connection.add_track(ldc.Description.Media(section))
                peer.tracks.append(track)
                if peer.tap is None:
                    track.on_message(on_packet)
            connection.set_remote_description(ldc.Description(offer, "offer"))
            connection.set_local_description()
        except Exception as error:  # noqa: BLE001 — whatever the native library throws at a strange offer
            logger.info("media.offer_refused kind=%s", type(error).__name__)
            raise SdpMalformed("The session description (SDP) cannot be used: the media engine refuses it.") from None

    def _configuration(self) -> Any:
        first, last = self._network.ports
        configuration = ldc.Configuration()
        configuration.bind_address = self._network.bind
        configuration.disable_auto_negotiation = True
        configuration.enable_ice_udp_mux = first == last
        configuration.port_range_begin, configuration.port_range_end = first, last
        configuration.certificate_pem_file, configuration.key_pem_file = self._certificate
        return configuration
