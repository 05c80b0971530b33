"""One WebRTC client connection on libdatachannel, used by the rules that keep the binding from deadlocking.

The rules (docs/decisions, the media engine's notes): one certificate per process as PEM text; tracks are made by us,
never by `on_track`; callbacks only append to a deque or set an event; tracks are closed before the connection, the
connection before the references go, these a grace time later, and all of that outside every callback.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

import libdatachannel.libdatachannel_ext as ldc

INBOX_PACKETS_MAX = 8_192  # per track, between two looks of its owner; older ones fall out
POLL_S = 0.005
CLOSE_GRACE_S = 3.0  # between close and the last reference: callbacks under way must end

_closed: deque[tuple[float, object]] = deque()  # when, and the native objects kept alive; oldest first
_closed_lock = threading.Lock()


class PeerFailed(Exception):  # noqa: N818 — reads as a fact
    """The connection did not come up, or has gone."""


class Peer:
    """A connection of some media sections. `inboxes[mid]` collects what arrives: RTP and RTCP as bytes."""

    def __init__(self, certificate: tuple[str, str]) -> None:
        _release_closed()
        config = ldc.Configuration()
        config.disable_auto_negotiation = True
        config.certificate_pem_file, config.key_pem_file = certificate
        self._gathered = threading.Event()
        self._ended = threading.Event()
        self._connected = threading.Event()
        self._close_lock = threading.Lock()
        self._connection: ldc.PeerConnection | None = ldc.PeerConnection(config)
        self._connection.on_gathering_state_change(self._gathering_changed)
        self._connection.on_state_change(self._state_changed)
        self.tracks: dict[str, ldc.Track] = {}
        self.inboxes: dict[str, deque[bytes]] = {}

    def offer(self, sections: Sequence[tuple[str, str]], *, timeout_s: float = 5.0) -> str:
        """Return an offer with these (mid, media section) pairs, its candidates gathered."""
        connection = self._open_connection()
        self._add_tracks(sections)
        connection.set_local_description(ldc.Description.Type.Offer)
        return self._local_description(timeout_s)

    def accept(self, answer: str) -> None:
        """Take the answer to our offer."""
        self._open_connection().set_remote_description(ldc.Description(answer, "answer"))

    def answer(self, offer: str, sections: Sequence[tuple[str, str]], *, timeout_s: float = 5.0) -> str:
        """Return our answer; the sections' mids are the offer's."""
        connection = self._open_connection()
        self._add_tracks(sections)
        connection.set_remote_description(ldc.Description(offer, "offer"))
        connection.set_local_description()
        return self._local_description(timeout_s)

    def wait_connected(self, timeout_s: float) -> None:
        """Return once every track can send. Raises: PeerFailed: the connection failed or took too long."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not self._ended.is_set():
            if self._connected.wait(POLL_S) and all(track.is_open() for track in self.tracks.values()):
                return
        raise PeerFailed("The connection did not come up in time.")

    def is_connected(self) -> bool:
        return self._connected.is_set() and not self._ended.is_set()

    def send(self, mid: str, packet: bytes) -> bool:
        """Send one packet; false when the connection is gone."""
        track = self.tracks.get(mid)
        try:
            return track is not None and track.send(packet)
        except RuntimeError:  # the binding's word for a track that closed meanwhile
            return False

    def close(self) -> None:
        """End the connection; harmless twice. Never call it from a callback."""
        with self._close_lock:
            connection, self._connection = self._connection, None
            tracks, self.tracks = self.tracks, {}
            if connection is None:
                return
            self._ended.set()
            for track in tracks.values():
                track.close()
            connection.close()
            with _closed_lock:
                _closed.append((time.monotonic(), (connection, tracks)))

    def _add_tracks(self, sections: Sequence[tuple[str, str]]) -> None:
        connection = self._open_connection()
        for mid, section in sections:
            track = connection.add_track(ldc.Description.Media(section))
            inbox: deque[bytes] = deque(maxlen=INBOX_PACKETS_MAX)
            track.on_message(inbox.append)  # in C: no Python frame per packet
            self.tracks[mid], self.inboxes[mid] = track, inbox

    def _open_connection(self) -> ldc.PeerConnection:
        if self._connection is None:
            raise PeerFailed("The connection is closed.")
        return self._connection

    def _local_description(self, timeout_s: float) -> str:
        if not self._gathered.wait(timeout_s):
            raise PeerFailed("No network address was found to connect from.")
        return str(self._open_connection().local_description())

    def _gathering_changed(self, state: ldc.PeerConnection.GatheringState) -> None:
        if state == ldc.PeerConnection.GatheringState.Complete:
            self._gathered.set()

    def _state_changed(self, state: ldc.PeerConnection.State) -> None:
        if state == ldc.PeerConnection.State.Connected:
            self._connected.set()
        elif state in (
            ldc.PeerConnection.State.Disconnected,
            ldc.PeerConnection.State.Failed,
            ldc.PeerConnection.State.Closed,
        ):
            self._ended.set()


def _release_closed() -> None:
    """Drop what was closed a grace time ago; the next connection does it, the process' end the rest."""
    with _closed_lock:
        while _closed and time.monotonic() - _closed[0][0] > CLOSE_GRACE_S:
            _closed.popleft()
