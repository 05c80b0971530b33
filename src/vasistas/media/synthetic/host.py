"""The synthetic host: paints, codes and publishes over WHIP (RFC 9725) until told to stop; comes back by itself."""

import datetime as dt
import logging
import random
import secrets
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import Self

import httpx

from vasistas.media.certificate import make_certificate
from vasistas.media.synthetic import chime, rtp, sdp, video
from vasistas.media.synthetic.overlay import Overlay
from vasistas.media.synthetic.peer import Peer, PeerFailed
from vasistas.media.synthetic.scenes import SCENES

SIZE = (768, 432)
FPS = 20
BITRATE_BPS = 1_100_000
REQUEST_S, CONNECT_S = 10.0, 10.0
REPORT_S = 1.0
SILENCE_S_MAX = 3.5  # the node reports every second; after this long it has gone
KEY_PAUSE_S = 0.5  # between two key frames, however often they are asked for
GOODBYE_S = 2.0
BACKOFF_S, BACKOFF_S_MAX = 0.5, 4.0
AUDIO_MID, VIDEO_MID = "0", "1"
AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ = 48_000, 90_000
LATE_S_MAX = 0.5  # behind schedule by more than this, frames are skipped instead of hurried

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """whip_url, key: as a host gives them to OBS. title: drawn on the picture, may be empty."""

    whip_url: str
    key: str
    scene: str = "aquarium"
    title: str = ""
    codec: video.Codec = "VP8"


def run(options: Options, stop: threading.Event) -> None:
    """Publish until `stop` is set; reconnect with growing pauses when node or site go away."""
    studio = Studio(options)
    pause_s = BACKOFF_S
    while not stop.is_set():
        began = time.monotonic()
        try:
            with Session(options, studio) as session:
                session.publish(stop)
        except (httpx.HTTPError, PeerFailed) as error:
            logger.warning("synthetic.interrupted kind=%s", type(error).__name__)
        if time.monotonic() - began > BACKOFF_S_MAX:
            pause_s = BACKOFF_S
        stop.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 — so that many hosts do not come back at once
        pause_s = min(pause_s * 2, BACKOFF_S_MAX)


class Studio:
    """What outlives a connection: the scene, the tune, the certificate, the number of the frame."""

    def __init__(self, options: Options) -> None:
        self.scene = SCENES[options.scene](SIZE)
        self.overlay = Overlay(SIZE, options.title)
        self.tune = chime.packets(seed=sum(options.scene.encode()))
        self.certificate = make_certificate()
        self.frame_number = 0


class Session:
    """One WHIP session, from the offer to the DELETE."""

    def __init__(self, options: Options, studio: Studio) -> None:
        self._options, self._studio = options, studio
        self._http = httpx.Client(timeout=REQUEST_S, trust_env=False)
        self._headers = {"Authorization": f"Bearer {options.key}"}
        self._location: str | None = None
        self._peer = Peer(studio.certificate)
        self._ssrcs = [secrets.randbits(31) + 1 for _ in range(3)]

    def __enter__(self) -> Self:
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Tell the site that we go, and end the connection."""
        if self._location is not None:
            try:
                self._http.delete(self._location, headers=self._headers, timeout=GOODBYE_S)
            except httpx.HTTPError:
                logger.info("synthetic.goodbye_unheard")
        self._http.close()
        self._peer.close()

    def publish(self, stop: threading.Event) -> None:
        """Send picture and tune on time until `stop` is set.

        Raises: PeerFailed: the node has gone.
        """
        sender = _Sender(self._peer, *self._streams, self._rtx)
        coder = video.Coder(self._options.codec, size=SIZE, fps=FPS, bitrate_bps=BITRATE_BPS)
        tick_s = chime.PACKET_S
        frame_due_s, tick, began = 0.0, 0, time.monotonic()
        while not stop.is_set():
            late_s = time.monotonic() - began - tick * tick_s
            if late_s < 0:
                stop.wait(-late_s)
            elif late_s > LATE_S_MAX:
                began += late_s
            at_s = tick * tick_s
            sender.send_audio(self._studio.tune[tick % len(self._studio.tune)], at_s=at_s)
            if at_s + tick_s / 2 >= frame_due_s:
                frame_due_s += 1 / FPS
                sender.send_video(self._frame(coder, is_key=sender.is_key_wanted()), at_s=at_s)
            sender.serve(at_s=at_s)
            tick += 1
            if not self._peer.is_connected() or sender.silent_s() > SILENCE_S_MAX:
                raise PeerFailed("The media node is silent.")

    def _frame(self, coder: video.Coder, *, is_key: bool) -> list[bytes]:
        studio = self._studio
        studio.frame_number += 1
        picture = studio.scene.frame(studio.frame_number / FPS)
        studio.overlay.stamp(picture, at=dt.datetime.now().astimezone(), number=studio.frame_number)
        return coder.payloads(picture, is_key=is_key)

    def _connect(self) -> None:
        audio_ssrc, video_ssrc, rtx_ssrc = self._ssrcs
        codec = self._options.codec
        audio = sdp.audio_section(direction="sendonly", ssrc=audio_ssrc, mid=AUDIO_MID)
        picture = sdp.video_section(
            direction="sendonly", codec=codec, ssrc=video_ssrc, rtx_ssrc=rtx_ssrc, mid=VIDEO_MID
        )
        offer = self._peer.offer([(AUDIO_MID, audio), (VIDEO_MID, picture)])
        headers = {**self._headers, "Content-Type": "application/sdp"}
        response = self._http.post(self._options.whip_url, content=offer, headers=headers)
        if response.is_error:
            logger.warning("synthetic.refused status=%s", response.status_code)
        response.raise_for_status()
        if location := response.headers.get("location"):
            self._location = urllib.parse.urljoin(self._options.whip_url, location)
        agreed = sdp.agreed_codec(response.text, "video", codec)
        sound = sdp.agreed_codec(response.text, "audio", "opus")
        if agreed is None or sound is None:
            raise PeerFailed(f"The media node takes no {codec} with Opus.")
        self._streams = (
            rtp.Stream(audio_ssrc, sound.payload_type, AUDIO_CLOCK_HZ),
            rtp.Stream(video_ssrc, agreed.payload_type, VIDEO_CLOCK_HZ),
        )
        self._rtx = None if agreed.rtx is None else rtp.Stream(rtx_ssrc, agreed.rtx, VIDEO_CLOCK_HZ)
        self._peer.accept(response.text)
        self._peer.wait_connected(CONNECT_S)
        logger.info("synthetic.live scene=%s codec=%s", self._options.scene, codec)


class _Sender:
    """The wire side of a session: packets out, reports out, requests in."""

    def __init__(self, peer: Peer, audio: rtp.Stream, picture: rtp.Stream, rtx: rtp.Stream | None) -> None:
        self._peer, self._audio, self._video, self._rtx = peer, audio, picture, rtx
        self._is_key_wanted, self._key_at = True, -KEY_PAUSE_S
        self._reported_s = -REPORT_S
        self._heard_at = time.monotonic()

    def is_key_wanted(self) -> bool:
        """Tell whether the next frame has to be a key frame; a true answer settles the requests so far."""
        now = time.monotonic()
        if not self._is_key_wanted or now - self._key_at < KEY_PAUSE_S:
            return False
        self._is_key_wanted, self._key_at = False, now
        return True

    def silent_s(self) -> float:
        return time.monotonic() - self._heard_at

    def send_audio(self, payload: bytes, *, at_s: float) -> None:
        stamp = round(at_s * AUDIO_CLOCK_HZ)
        self._peer.send(AUDIO_MID, self._audio.packet(payload, timestamp=stamp, marker=False))

    def send_video(self, payloads: list[bytes], *, at_s: float) -> None:
        stamp = round(at_s * VIDEO_CLOCK_HZ)
        for index, payload in enumerate(payloads):
            packet = self._video.packet(payload, timestamp=stamp, marker=index == len(payloads) - 1)
            self._peer.send(VIDEO_MID, packet)

    def serve(self, *, at_s: float) -> None:
        """Answer what the node asked since the last call, and send a report when one is due."""
        for inbox in self._peer.inboxes.values():
            while inbox:
                packet = inbox.popleft()
                if rtp.is_rtcp(packet):
                    self._heard_at = time.monotonic()
                    for said in rtp.feedback(packet):
                        self._heed(said)
        if at_s - self._reported_s >= REPORT_S:
            self._reported_s = at_s
            now = time.time()
            for mid, stream in ((AUDIO_MID, self._audio), (VIDEO_MID, self._video)):
                self._peer.send(mid, stream.report(at=now, timestamp=round(at_s * stream.clock_rate)))

    def _heed(self, said: rtp.Feedback) -> None:
        if isinstance(said, rtp.KeyframeWanted):
            self._is_key_wanted = True
        elif isinstance(said, rtp.Nack) and said.ssrc == self._video.ssrc:
            for sequence in said.sequences:
                packet = self._video.history.get(sequence)
                if packet is not None:
                    again = packet if self._rtx is None else rtp.as_retransmission(packet, self._rtx)
                    self._peer.send(VIDEO_MID, again)
