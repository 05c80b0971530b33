"""A publisher as a process: so many packets a second, VP8 in shape, with key frames on request and every few seconds.

`publisher.py KIND URL ROOM KEY PACKETS_PER_S`; prints "live" once it sends; ends when its standard input does.
"""

import os
import sys
import threading
import time

from peers import join
from vasistas.media.synthetic import rtp

TICK_S = 0.02  # one audio packet, and the video packets of half a frame at 25 frames a second
VIDEO_BYTES, AUDIO_BYTES = 1_000, 80
FRAME_TICKS = 2
KEY_EVERY_S = 4.0
REPORT_TICKS = 50
# A VP8 key frame's first bytes (RFC 7741, 4.3): inverse key bit clear, start code, 640x360.
KEY_HEAD = bytes((0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01))
DELTA_HEAD = bytes((0x11, 0x02, 0x00))


def main() -> None:
    """Publish until standard input ends."""
    kind, url, room, key, rate = sys.argv[1:6]
    peer = join.open_door(kind, url, room, key).publish()
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    print("live", flush=True)
    _publish(peer, int(rate), stop)
    peer.close()
    os._exit(0)


def _publish(peer: join.Peer, packets_per_s: int, stop: threading.Event) -> None:
    audio = rtp.Stream(join.AUDIO_SSRC, 111, 48_000)
    video = rtp.Stream(join.VIDEO_SSRC, 96, 90_000)
    per_frame = max(1, round((packets_per_s * TICK_S - 1) * FRAME_TICKS))
    body, sound = os.urandom(VIDEO_BYTES), os.urandom(AUDIO_BYTES)
    key_due_s, number, tick, began = 0.0, 0, 0, time.monotonic()
    while not stop.is_set() and peer.is_connected():
        wait_s = began + tick * TICK_S - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        at_s = tick * TICK_S
        peer.send("0", audio.packet(sound, timestamp=round(at_s * 48_000), marker=False))
        if tick % FRAME_TICKS == 0:
            is_key = at_s >= key_due_s or _is_key_wanted(peer)
            if is_key:
                key_due_s = at_s + KEY_EVERY_S
            number += 1
            frame = (KEY_HEAD if is_key else DELTA_HEAD) + body * per_frame
            chunk = len(frame) // per_frame + 1
            for index in range(per_frame):
                head = (b"\x90" if index == 0 else b"\x80") + b"\x80" + (0x8000 | (number & 0x7FFF)).to_bytes(2)
                payload = head + frame[index * chunk : (index + 1) * chunk]
                stamp = round(at_s * 90_000)
                peer.send("1", video.packet(payload, timestamp=stamp, marker=index == per_frame - 1))
        if tick % REPORT_TICKS == 0:
            now = time.time()
            peer.send("0", audio.report(at=now, timestamp=round(at_s * 48_000)))
            peer.send("1", video.report(at=now, timestamp=round(at_s * 90_000)))
        tick += 1


def _is_key_wanted(peer: join.Peer) -> bool:
    wanted = False
    for inbox in peer.inboxes.values():
        while inbox:
            packet = inbox.popleft()
            wanted |= rtp.is_rtcp(packet) and any(isinstance(said, rtp.KeyframeWanted) for said in rtp.feedback(packet))
    return wanted


if __name__ == "__main__":
    main()
