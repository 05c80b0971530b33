"""Many viewers as one process. `viewers.py KIND URL ROOM KEY COUNT`.

Prints {"joined": n, "failed": n} when all are in; then one line for each line read: totals since the line before as
{"packets", "video", "lost", "quiet", "gap_s"}. quiet: viewers without a video packet. Ends when its standard input does.
"""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import httpx

from peers import janus, join
from vasistas.media.synthetic import rtp
from vasistas.media.synthetic.peer import PeerFailed

JOINERS = 6
LOOK_S, REPORT_S = 0.1, 1.0


class Ear:
    """What one viewer hears on one track."""

    def __init__(self, peer: join.Peer, mid: str) -> None:
        self._peer, self._mid, self._inbox = peer, mid, peer.inboxes[mid]
        self._source = self._highest = self._lowest = -1
        self.received = self._received_before = self._expected_before = 0
        self._heard_at = time.monotonic()
        self.gap_s = 0.0  # the longest silence since the last totals, to the resolution of LOOK_S

    def look(self, now: float) -> None:
        """Take what has come."""
        inbox, count = self._inbox, 0
        while inbox:
            packet = inbox.popleft()
            if 192 <= packet[1] <= 223:  # RTCP
                continue
            count += 1
            sequence = int.from_bytes(packet[2:4])
            if self._highest < 0:
                self._highest = self._lowest = sequence
            else:
                step = (sequence - self._highest) & 0xFFFF
                self._highest += step if step < 0x8000 else 0
            self._source = int.from_bytes(packet[8:12])
        self.received += count
        self.gap_s = max(self.gap_s, now - self._heard_at)
        if count:
            self._heard_at = now

    def report(self) -> None:
        if self._source >= 0:
            self._peer.send(self._mid, rtp.receiver_report(ssrc=1, source=self._source, highest=self._highest))

    def totals(self) -> tuple[int, int, float]:
        """Return packets received and lost, and the longest silence, since the last call."""
        expected = self._highest - self._lowest + 1 if self._highest >= 0 else 0
        received = self.received - self._received_before
        lost = max(0, expected - self._expected_before - received)
        self._received_before, self._expected_before = self.received, expected
        gap_s, self.gap_s = self.gap_s, 0.0
        return received, lost, gap_s


def main() -> None:
    """Join, count and answer until standard input ends."""
    kind, url, room, key, count = sys.argv[1:6]
    door = join.open_door(kind, url, room, key)
    failed = 0
    ears: list[Ear] = []
    asked: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(ears, asked), daemon=True).start()

    def enter(_: int) -> join.Peer | None:
        try:
            peer = door.play()
        except (PeerFailed, janus.Unavailable, httpx.HTTPError) as error:
            print(f"viewers: {error}", file=sys.stderr)
            return None
        ears.extend(Ear(peer, mid) for mid in peer.inboxes)
        return peer

    with ThreadPoolExecutor(JOINERS) as pool:
        peers = [peer for peer in pool.map(enter, range(int(count))) if peer is not None]
    failed = int(count) - len(peers)
    print(json.dumps({"joined": len(peers), "failed": failed}), flush=True)
    for line in sys.stdin:
        asked.put(line)
    for peer in peers:
        peer.close()
    os._exit(0)


def _listen(ears: list[Ear], asked: "SimpleQueue[str | None]") -> None:
    report_due = time.monotonic()
    while True:
        time.sleep(LOOK_S)
        now = time.monotonic()
        for ear in list(ears):
            ear.look(now)
        if now >= report_due:
            report_due = now + REPORT_S
            for ear in list(ears):
                ear.report()
        while not asked.empty():
            asked.get()
            print(json.dumps(_totals(ears)), flush=True)


def _totals(ears: list[Ear]) -> dict[str, float]:
    packets = video = lost = quiet = 0
    gap_s = 0.0
    for ear in ears:
        received, missing, silence_s = ear.totals()
        packets += received
        lost += missing
        if ear._mid == "1" or ear._mid == "video":
            video += received
            quiet += received == 0
            gap_s = max(gap_s, silence_s)
    return {"packets": packets, "video": video, "lost": lost, "quiet": quiet, "gap_s": round(gap_s, 2)}


if __name__ == "__main__":
    main()
