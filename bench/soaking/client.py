"""One process of restless clients: `client.py ROLE URL KEY SEED ROOM…`; ends with standard input.

Roles: viewers, publisher (both restless), steady (a publisher that stays), witness (a viewer that stays), hostile.
Prints one word per fact, some with figures: joined, media, published, refused CODE, failed ROLE WHY,
sent PACKETS SECONDS, seen RECEIVED EXPECTED GAP_MS (the witness, twice a second), alive (every second).
Whoever started it kills it with -9 at any moment: the node has to cope.
"""

import os
import random
import secrets
import sys
import threading
import time
from collections import deque

from vasistas.media.certificate import make_certificate
from vasistas.media.node_client import NodeClient
from vasistas.media.port import MediaError
from vasistas.media.synthetic import rtp, sdp
from vasistas.media.synthetic.peer import Peer, PeerFailed

VISITORS = 6  # at one time in a process
CONNECT_S = 8.0
STAY_S, STAY_S_MAX = 0.8, 6.0
ON_AIR_S = (2.0, 10.0)
SILENT_S = 12.0  # how long one that walks away without a word leaves its connection open
TICK_S = 0.02
LOOK_S, TELL_S = 0.005, 0.5  # of the witness
HOSTILE_PACKETS_PER_S, HOSTILE_S, HOSTILE_TICK_S = 30_000, 1.2, 0.005
AUDIO, VIDEO = "0", "1"
CERTIFICATE = make_certificate()
KEY_HEAD = bytes((0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01))  # VP8: a key frame of 640x360
DELTA_HEAD = bytes((0x11, 0x02, 0x00))

said = threading.Lock()
ghosts: deque[tuple[float, Peer]] = deque()  # fell silent at, oldest first


def say(*words: object) -> None:
    with said:
        print(*words, flush=True)


def end_ghosts() -> None:
    """Close what walked away long enough ago."""
    while True:
        time.sleep(0.2)
        while ghosts and time.monotonic() - ghosts[0][0] > SILENT_S:
            ghosts.popleft()[1].close()


class Visitor:
    """One who comes and goes: watches a room for a moment, leaves politely or not, comes to the next."""

    def __init__(self, client: NodeClient, rooms: list[str], chance: random.Random) -> None:
        self._client, self._rooms, self._chance = client, rooms, chance

    def run(self) -> None:
        while True:
            try:
                self._visit(self._chance.choice(self._rooms))
            except MediaError as error:
                say("refused", error.code)
                time.sleep(self._chance.uniform(0.1, 0.4))
            except PeerFailed as error:
                say("failed", "viewer", str(error).replace(" ", "_"))

    def _visit(self, room: str) -> None:
        peer, session, mood = Peer(CERTIFICATE), secrets.token_hex(16), self._chance.random()
        is_silent = False
        try:
            offer = peer.offer(
                [
                    (AUDIO, sdp.audio_section(direction="recvonly", mid=AUDIO)),
                    (VIDEO, sdp.video_section(direction="recvonly", mid=VIDEO)),
                ]
            )
            if mood < 0.03:
                offer = offer[: self._chance.randrange(len(offer))]
            answer = self._client.play(room=room, session=session, offer=offer)
            if mood < 0.06:  # asked, and never came
                return
            peer.accept(answer.sdp)
            peer.wait_connected(CONNECT_S)
            say("joined")
            self._watch(peer)
            is_silent = mood > 0.85
            if 0.4 < mood < 0.85:
                self._client.close_session(session)
        finally:
            if is_silent:
                ghosts.append((time.monotonic(), peer))
            else:
                peer.close()

    def _watch(self, peer: Peer) -> None:
        leave_at = time.monotonic() + min(STAY_S_MAX, self._chance.expovariate(1 / STAY_S))
        has_media, report_at = False, 0.0
        while time.monotonic() < leave_at and peer.is_connected():
            time.sleep(0.05)
            inbox = peer.inboxes[VIDEO]
            packets = [inbox.popleft() for _ in range(len(inbox))]
            latest = next((one for one in reversed(packets) if not rtp.is_rtcp(one)), None)
            if latest is None:
                continue
            if not has_media:
                has_media = True
                say("media")
            if time.monotonic() > report_at:
                report_at = time.monotonic() + 1.0
                highest, source = int.from_bytes(latest[2:4]), int.from_bytes(latest[8:12])
                peer.send(VIDEO, rtp.receiver_report(ssrc=1, source=source, highest=highest))


class Broadcaster:
    """Publishes into one room, again and again: ends with a word, without one, or by taking over from itself."""

    def __init__(self, client: NodeClient, room: str, chance: random.Random) -> None:
        self._client, self._room, self._chance = client, room, chance

    def connect(self) -> tuple[Peer, str, rtp.Stream]:
        peer, session = Peer(CERTIFICATE), secrets.token_hex(16)
        audio_ssrc, video_ssrc, rtx_ssrc = (self._chance.randrange(1, 2**31) for _ in range(3))
        try:
            offer = peer.offer(
                [
                    (AUDIO, sdp.audio_section(direction="sendonly", ssrc=audio_ssrc, mid=AUDIO)),
                    (
                        VIDEO,
                        sdp.video_section(direction="sendonly", ssrc=video_ssrc, rtx_ssrc=rtx_ssrc, mid=VIDEO),
                    ),
                ]
            )
            answer = self._client.publish(room=self._room, session=session, offer=offer, takeover=True)
            peer.accept(answer.sdp)
            peer.wait_connected(CONNECT_S)
        except BaseException:
            peer.close()
            raise
        agreed = sdp.agreed_codec(answer.sdp, "video", "VP8")
        if agreed is None:
            peer.close()
            raise PeerFailed("No VP8.")
        say("published")
        return peer, session, rtp.Stream(video_ssrc, agreed.payload_type, 90_000)

    def run(self) -> None:
        previous: Peer | None = None
        while True:
            try:
                peer, session, stream = self.connect()
            except (MediaError, PeerFailed) as error:
                say("failed", "publisher", str(error).replace(" ", "_"))
                time.sleep(0.3)
                continue
            if previous is not None:
                previous.close()
                previous = None
            self._send(peer, stream)
            mood = self._chance.random()
            if mood < 0.33:
                self._client.close_session(session)
            if mood < 0.66:
                peer.close()
                time.sleep(self._chance.uniform(0.0, 0.5))
            else:
                previous = peer

    def _on_air_s(self) -> float:
        return self._chance.uniform(*ON_AIR_S)

    def _send(self, peer: Peer, stream: rtp.Stream) -> None:
        """Send 50 packets a second, a key frame on demand and every two seconds."""
        began, tick, body = time.monotonic(), 0, os.urandom(700)
        ends_at, is_key = began + self._on_air_s(), True
        while time.monotonic() < ends_at and peer.is_connected():
            inbox = peer.inboxes[VIDEO]
            for packet in [inbox.popleft() for _ in range(len(inbox))]:
                is_key |= any(isinstance(one, rtp.KeyframeWanted) for one in rtp.feedback(packet))
            if tick % 2 == 0:
                head = KEY_HEAD if is_key or tick % 100 == 0 else DELTA_HEAD
                is_key = False
                for payload in rtp.vp8_payloads(head + body + body, picture_id=tick // 2):
                    marker = len(payload) < rtp.PAYLOAD_BYTES_MAX
                    peer.send(VIDEO, stream.packet(payload, timestamp=tick * 1_800, marker=marker))
            tick += 1
            time.sleep(max(0.0, began + tick * TICK_S - time.monotonic()))


class Steady(Broadcaster):
    """Publishes without a break."""

    def _on_air_s(self) -> float:
        return float("inf")


class Witness(Visitor):
    """Stays in one room and says what arrived: raw, for it asks for nothing again."""

    def _watch(self, peer: Peer) -> None:
        received, expected, gap_s, highest, source = 0, 0, 0.0, -1, 0
        heard_at = told_at = time.monotonic()
        while True:
            time.sleep(LOOK_S)
            now, inbox = time.monotonic(), peer.inboxes[VIDEO]
            packets = [inbox.popleft() for _ in range(len(inbox))]
            video = [int.from_bytes(one[2:4]) for one in packets if not rtp.is_rtcp(one)]
            source = next((int.from_bytes(one[8:12]) for one in packets if not rtp.is_rtcp(one)), source)
            gap_s = max(gap_s, now - heard_at)
            if video:
                heard_at = now
                received += len(video)
                expected += (video[-1] - (highest if highest >= 0 else video[0] - 1)) & 0xFFFF
                highest = video[-1]
            if now - told_at > TELL_S:
                say("seen", received, expected, round(gap_s * 1_000))
                received, expected, gap_s, told_at = 0, 0, 0.0, now
                peer.send(VIDEO, rtp.receiver_report(ssrc=1, source=source, highest=max(0, highest)))


class Flooder(Broadcaster):
    """Sends ten times what a publisher may; comes back each time it is thrown out."""

    def run(self) -> None:
        while True:
            try:
                peer, _, stream = self.connect()
            except (MediaError, PeerFailed) as error:
                say("failed", "hostile", str(error).replace(" ", "_"))
                continue
            self._flood(peer, stream)
            peer.close()

    def _flood(self, peer: Peer, stream: rtp.Stream) -> None:
        began, sent, body = time.monotonic(), 0, b"\x90\x80\x80\x01" + DELTA_HEAD + os.urandom(200)
        while (elapsed_s := time.monotonic() - began) < HOSTILE_S and peer.is_connected():
            for _ in range(int(elapsed_s * HOSTILE_PACKETS_PER_S) - sent):
                packet = stream.packet(body, timestamp=int(elapsed_s * 90_000), marker=True)
                sent += 1
                if not peer.send(VIDEO, packet):
                    break
            time.sleep(HOSTILE_TICK_S)
        say("sent", sent, round(time.monotonic() - began, 3))


def main() -> None:
    role, url, key, seed, *rooms = sys.argv[1:]
    client = NodeClient(url=url, key=key.encode())
    chance = random.Random(int(seed))
    if role == "viewers":
        acts = [Visitor(client, rooms, random.Random(chance.random())).run for _ in range(VISITORS)]
    elif role == "witness":
        acts = [Witness(client, rooms, chance).run]
    else:
        kind = {"publisher": Broadcaster, "steady": Steady, "hostile": Flooder}[role]
        acts = [kind(client, room, chance).run for room in rooms]
    for act in (*acts, end_ghosts):
        threading.Thread(target=act, daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        say("alive")
        time.sleep(1)


if __name__ == "__main__":
    main()
