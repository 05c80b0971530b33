"""The publisher of the bench: a stream shaped like VP8 with Opus, paced, that answers key frame requests and NACKs.

Video leaves frame by frame (five packets at once), audio every 20 ms. The pictures mean nothing: nobody decodes them.
"""

import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from vasistas.media.certificate import make_certificate
from vasistas.media.synthetic import rtp, sdp
from vasistas.media.synthetic.peer import Peer

AUDIO_MID, VIDEO_MID = "0", "1"
AUDIO_SSRC, VIDEO_SSRC, RETRANSMISSION_SSRC = 11, 22, 33
AUDIO_PER_S = 50
AUDIO_BYTES = 100  # about 40 kbit/s of Opus
FRAME_PACKETS = 5
KEY_FRAME_S = 2.0
REPORT_S = 1.0
CONNECT_S = 10.0
# RFC 6386 section 9.1: a key frame's tag, start code, 1280 x 720; and a tag of a frame in between
KEY_HEAD = b"\x10\x02\x00\x9d\x01\x2a" + (1280).to_bytes(2, "little") + (720).to_bytes(2, "little")
BETWEEN_HEAD = b"\x11\x02\x00"
BODY = bytes(range(256)) * (FRAME_PACKETS * rtp.PAYLOAD_BYTES_MAX // 256 + 1)


def sections() -> list[tuple[str, str]]:
    picture = sdp.video_section(direction="sendonly", ssrc=VIDEO_SSRC, rtx_ssrc=RETRANSMISSION_SSRC, mid=VIDEO_MID)
    return [(AUDIO_MID, sdp.audio_section(direction="sendonly", ssrc=AUDIO_SSRC, mid=AUDIO_MID)), (VIDEO_MID, picture)]


class Publisher:
    """Sends in a thread of its own from the beginning. packets_per_s: video and audio together; may be set any time."""

    def __init__(self, door: Any, packets_per_s: int) -> None:
        self.packets_per_s = packets_per_s
        self._peer = Peer(make_certificate())
        answer = door.open().publish(self._peer, sections())
        picture, sound = sdp.agreed_codec(answer, "video", "VP8"), sdp.agreed_codec(answer, "audio", "opus")
        if picture is None or sound is None:
            raise RuntimeError("The engine takes no VP8 with Opus.")
        self._video = rtp.Stream(VIDEO_SSRC, picture.payload_type, 90_000)
        self._audio = rtp.Stream(AUDIO_SSRC, sound.payload_type, 48_000)
        self._repair = rtp.Stream(RETRANSMISSION_SSRC, picture.rtx or 97, 90_000)
        self._is_key_wanted = False
        self._peer.wait_connected(CONNECT_S)
        threading.Thread(target=self._send, daemon=True).start()

    @property
    def sent(self) -> int:
        return self._video.packets + self._audio.packets

    def _send(self) -> None:
        frames, audio_at, report_at = self._frames(), 0.0, 0.0
        frame_at, began = 0.0, time.monotonic()
        while True:
            now = time.monotonic() - began
            if now >= frame_at:
                frame_at += FRAME_PACKETS / (self.packets_per_s - AUDIO_PER_S)
                for index, payload in enumerate(payloads := next(frames)):
                    packet = self._video.packet(payload, timestamp=int(now * 90_000), marker=index == len(payloads) - 1)
                    self._peer.send(VIDEO_MID, packet)
            if now >= audio_at:
                audio_at += 1 / AUDIO_PER_S
                packet = self._audio.packet(BODY[:AUDIO_BYTES], timestamp=int(audio_at * 48_000), marker=False)
                self._peer.send(AUDIO_MID, packet)
            if now >= report_at:
                report_at += REPORT_S
                for mid, stream in ((AUDIO_MID, self._audio), (VIDEO_MID, self._video)):
                    stamp = int(now * stream.clock_rate)
                    self._peer.send(mid, stream.report(at=time.time(), timestamp=stamp))
            self._heed()
            time.sleep(max(0.0, began + min(frame_at, audio_at) - time.monotonic()))

    def _frames(self) -> Iterator[list[bytes]]:
        number, key_at = 0, 0.0
        while True:
            number += 1
            now = time.monotonic()
            if self._is_key_wanted or now >= key_at:
                self._is_key_wanted, key_at, head = False, now + KEY_FRAME_S, KEY_HEAD
            else:
                head = BETWEEN_HEAD
            frame = (head + BODY)[: FRAME_PACKETS * rtp.PAYLOAD_BYTES_MAX]
            yield rtp.vp8_payloads(frame, picture_id=number)

    def _heed(self) -> None:
        for inbox in self._peer.inboxes.values():
            while inbox:
                packet = inbox.popleft()
                for said in rtp.feedback(packet) if rtp.is_rtcp(packet) else ():
                    if isinstance(said, rtp.KeyframeWanted):
                        self._is_key_wanted = True
                    elif isinstance(said, rtp.Nack) and said.ssrc == VIDEO_SSRC:
                        lost = (self._video.history.get(sequence) for sequence in said.sequences)
                        for one in filter(None, lost):
                            self._peer.send(VIDEO_MID, rtp.as_retransmission(one, self._repair))


def publish(door: Any, packets_per_s: int, orders: Connection) -> None:
    """A child process: ("rate", packets/s) → what was sent so far; None ends it."""
    publisher = Publisher(door, packets_per_s)
    orders.send("ready")
    while (order := orders.recv()) is not None:
        publisher.packets_per_s = order[1]
        orders.send(publisher.sent)
