"""A swarm of viewers in one process: they join, count what arrives, and report back each second as browsers do."""

import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from peers.publisher import AUDIO_MID, VIDEO_MID
from vasistas.media.certificate import make_certificate
from vasistas.media.synthetic import rtp, sdp
from vasistas.media.synthetic.peer import Peer, PeerFailed

CONNECT_S = 2.0  # on loopback it takes milliseconds
JOIN_TRIES = 6
ACTIVE_S = 20.0
LOOK_S = 0.1  # between two looks into the inboxes
LOOKS_PER_REPORT = 10
REPORTS_PER_AUDIO_REPORT = 5  # Chrome reports on video each second, on audio every five
OWN_SSRC = 1
TYPES = (sdp.AUDIO_PAYLOAD_TYPE, sdp.VIDEO_PAYLOAD_TYPES["VP8"][0])


@dataclass
class Counted:
    """One stream of a viewer. highest, base: extended sequence numbers, the latest and that of the window's start."""

    mid: str
    highest: int
    base: int
    received: int = 0


@dataclass
class Viewer:
    peer: Peer
    streams: dict[int, Counted] = field(default_factory=dict)
    has_picture: bool = False
    reports: int = 0

    def look(self) -> None:
        """Count the packets that have come since the last look."""
        for mid, inbox in self.peer.inboxes.items():
            while inbox:
                packet = inbox.popleft()
                if packet[1] & 0x7F not in TYPES or rtp.is_rtcp(packet):
                    continue
                self.has_picture = self.has_picture or mid == VIDEO_MID
                _, _, sequence, _, ssrc = rtp.RTP_HEADER.unpack_from(packet)
                if (stream := self.streams.get(ssrc)) is None:
                    stream = self.streams[ssrc] = Counted(mid, 0x1_0000 + sequence, 0xFFFF + sequence)
                step = (sequence - stream.highest + 0x8000 & 0xFFFF) - 0x8000
                stream.highest += max(0, step)
                stream.received += 1

    def report(self) -> None:
        """Tell the engine what has arrived; call it each second."""
        for source, stream in self.streams.items():
            if stream.mid == VIDEO_MID or self.reports % REPORTS_PER_AUDIO_REPORT == 0:
                self.peer.send(stream.mid, rtp.receiver_report(ssrc=OWN_SSRC, source=source, highest=stream.highest))
        self.reports += 1

    def begin(self) -> None:
        for stream in self.streams.values():
            stream.base, stream.received = stream.highest, 0

    def counted(self) -> tuple[int, int]:
        """(received, expected) since `begin`."""
        streams = self.streams.values()
        return sum(one.received for one in streams), sum(one.highest - one.base for one in streams)


def sections() -> list[tuple[str, str]]:
    direction = "recvonly"
    return [
        (AUDIO_MID, sdp.audio_section(direction=direction, mid=AUDIO_MID)),
        (VIDEO_MID, sdp.video_section(direction=direction, mid=VIDEO_MID)),
    ]


class Swarm:
    def __init__(self, door: Any, count: int) -> None:
        self._entrance, self._certificate = door.open(), make_certificate()
        self.viewers: list[Viewer] = []
        self._looks = 0
        for _ in range(count):
            self.viewers.append(self._join())
            self.look()
        for place in range(count):
            self._connect(place)
        self._wait_for_pictures()

    def _connect(self, place: int) -> None:
        """Wait for a connection; one that does not come up (with Janus some of a hundred) is made anew.

        Raises: PeerFailed: not within JOIN_TRIES either.
        """
        for _ in range(JOIN_TRIES - 1):
            try:
                return self.viewers[place].peer.wait_connected(CONNECT_S)
            except PeerFailed:
                sys.stderr.write("One viewer did not connect and joins again.\n")
                self.viewers[place].peer.close()
                self.viewers[place] = self._join()
        return self.viewers[place].peer.wait_connected(CONNECT_S)

    def _join(self) -> Viewer:
        viewer = Viewer(Peer(self._certificate))
        self._entrance.play(viewer.peer, sections())
        return viewer

    def look(self) -> None:
        """Count what has come, and let a tenth of the viewers report."""
        self._looks += 1
        for index, viewer in enumerate(self.viewers):
            viewer.look()
            if index % LOOKS_PER_REPORT == self._looks % LOOKS_PER_REPORT:
                viewer.report()

    def _wait_for_pictures(self) -> None:
        deadline = time.monotonic() + ACTIVE_S
        while time.monotonic() < deadline:
            self.look()
            if all(viewer.has_picture for viewer in self.viewers):
                return
            time.sleep(LOOK_S)
        without = sum(not viewer.has_picture for viewer in self.viewers)
        raise RuntimeError(f"{without} of {len(self.viewers)} viewers got no picture within {ACTIVE_S:.0f} s.")


def watch(door: Any, count: int, orders: Connection) -> None:
    """A child process: ("start",) → "started"; ("stop",) → (received, expected) of all viewers; None ends it."""
    swarm = Swarm(door, count)
    orders.send("ready")
    while True:
        if not orders.poll(LOOK_S):
            swarm.look()
            continue
        order = orders.recv()
        if order is None:
            return
        for viewer in swarm.viewers:
            viewer.look()
        if order[0] == "start":
            for viewer in swarm.viewers:
                viewer.begin()
            orders.send("started")
        else:
            found = [viewer.counted() for viewer in swarm.viewers]
            orders.send((sum(received for received, _ in found), sum(expected for _, expected in found)))
