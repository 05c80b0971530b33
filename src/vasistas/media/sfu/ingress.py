"""What one publisher sends: finds out which stream a packet belongs to, mends losses, reports back. No I/O of its own.

Runs in the room's thread. Packets of all streams come in one row; a stream is known by its SSRC, and a new SSRC by its
payload type and, for simulcast, by the rid extension of its first packets (RFC 8852).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from vasistas.media.sfu import limits, rtcp, rtp, sdp
from vasistas.media.sfu.output import Kept, Output
from vasistas.media.sfu.uplink import Arrivals, Rate, Receiver

OUR_SSRC = 0x5641_5349  # the sender of our reports
FEEDBACK_PAUSE_S = 0.1
REPORT_PAUSE_S = 1.0
REFERENCES_REMEMBERED = 5
NUMBER_BYTES = 2  # of a sequence number


@dataclass(slots=True)
class Stream:
    """One SSRC of a publisher. repairs: the stream whose packets it sends again, for RTX."""

    receiver: Receiver
    output: Output
    is_video: bool
    repairs: "Stream | None" = None
    restarts: int = 0


class Ingress:
    """Args: video, audio: what was agreed. outputs: finds or makes the output of (kind, rid). send: RTCP to the
    publisher. forward: takes each renumbered packet.
    """

    def __init__(
        self,
        *,
        video: sdp.Choice | None,
        audio: sdp.Choice | None,
        outputs: Callable[[sdp.Kind, str], Output],
        send: Callable[[bytes], object],
        forward: Callable[[Output, Kept], None],
    ) -> None:
        self._video, self._audio = video, audio
        self._outputs, self._send, self._forward = outputs, send, forward
        self._streams: dict[int, Stream] = {}
        self._by_output: dict[int, Stream] = {}
        self._arrivals = Arrivals()
        self._references: dict[int, float] = {}  # our clock in reports -> when it was sent
        self._feedback_at = self._report_at = 0.0
        choice = video or audio
        self._transport_id = choice.extension(sdp.TRANSPORT_CC) if choice else 0
        self._rid_id = video.extension(sdp.RID) if video else 0
        self._repaired_id = video.extension(sdp.REPAIRED_RID) if video else 0
        self._orientation_id = video.extension(sdp.ORIENTATION) if video else 0
        self.rate = Rate()
        self.bitrate_bps = 0
        self.packets = 0
        self.malformed = 0
        self.is_ended = False  # what is still in the queue is dropped: another publisher may be sending
        self.latest_at: float | None = None
        self.rtt_s: float | None = None
        self.loss_ratio = 0.0

    @property
    def video_outputs(self) -> list[Output]:
        return [stream.output for stream in self._by_output.values() if stream.is_video]

    def receive(self, data: bytes, at: float) -> None:
        """Take one packet, RTP or RTCP, as it came from the network at `at` (monotonic seconds)."""
        if self.is_ended:
            return
        self.latest_at = at
        if rtp.is_rtcp(data):
            self._read_reports(data, at)
            return
        try:
            packet = rtp.parse(data)
        except rtp.PacketMalformed:
            self.malformed += 1
            return
        self.packets += 1
        self.rate.add(len(data))
        if self._transport_id and (number := packet.extensions.get(self._transport_id)) and len(number) == NUMBER_BYTES:
            self._arrivals.note(int.from_bytes(number), at)
        stream = self._streams.get(packet.ssrc) or self._meet(packet)
        if stream is not None:
            self._take(stream, packet, at)

    def _take(self, stream: Stream, packet: rtp.Packet, at: float) -> None:
        if stream.repairs is not None:
            if len(packet.payload) < NUMBER_BYTES:  # padding that measures the uplink
                return
            original = int.from_bytes(packet.payload[:NUMBER_BYTES])
            packet.payload = packet.payload[NUMBER_BYTES:]
            stream = stream.repairs
            extended = stream.receiver.recover(original)
        else:
            extended = stream.receiver.receive(packet.sequence, packet.timestamp, at)
            if stream.receiver.restarts != stream.restarts:
                stream.restarts = stream.receiver.restarts
                stream.output.rebase()
        if extended is None:
            return
        orientation = packet.extensions.get(self._orientation_id, b"")
        kept = stream.output.take(packet, extended, orientation, at)
        if kept is not None:
            self._forward(stream.output, kept)
        if stream.receiver.is_hole_too_large and stream.is_video:
            stream.receiver.is_hole_too_large = False
            stream.output.is_key_wanted = True
        if stream.is_video and stream.receiver.missing:
            self._ask_again(stream, at)

    def _meet(self, packet: rtp.Packet) -> Stream | None:
        """Find out what an unknown SSRC is; None while that cannot be told."""
        if len(self._streams) >= limits.PUBLISHER_SSRCS_MAX:
            return None
        stream: Stream | None = None
        if self._audio and packet.payload_type == self._audio.codec.payload_type:
            stream = self._begin("audio", "", packet.ssrc)
        elif self._video and packet.payload_type == self._video.codec.payload_type:
            rid = packet.extensions.get(self._rid_id, b"").decode("ascii", "replace")
            rids = self._video.section.rids
            if not rids or rid in rids:
                stream = self._begin("video", rid if rids else "", packet.ssrc)
        elif self._video and packet.payload_type == self._video.retransmission:
            stream = self._begin_repair(packet)
        if stream is not None:
            self._streams[packet.ssrc] = stream
        return stream

    def _begin(self, kind: sdp.Kind, rid: str, ssrc: int) -> Stream:
        output = self._outputs(kind, rid)
        output.rebase()
        stream = Stream(Receiver(ssrc, output.clock_hz), output, is_video=kind == "video")
        self._by_output[id(output)] = stream
        return stream

    def _begin_repair(self, packet: rtp.Packet) -> Stream | None:
        repaired: Stream | None = None
        if self._video and self._video.section.rids:
            rid = packet.extensions.get(self._repaired_id, b"").decode("ascii", "replace")
            repaired = next((s for s in self._by_output.values() if s.is_video and s.output.rid == rid), None)
        elif self._video:
            repaired = self._streams.get(self._video.section.repairs.get(packet.ssrc, 0)) or next(
                (s for s in self._by_output.values() if s.is_video), None
            )
        if repaired is None:
            return None
        return Stream(repaired.receiver, repaired.output, is_video=True, repairs=repaired)

    def _read_reports(self, data: bytes, at: float) -> None:
        feedback = rtcp.parse(data)
        for report in feedback.sender_reports:
            stream = self._streams.get(report.ssrc)
            if stream is not None and stream.repairs is None:
                stream.receiver.note_sender_report(report.ntp, at)
                stream.output.note_clock(report.ntp, report.timestamp, at)
        for reference, delay in feedback.reference_echoes or ():
            sent_at = self._references.pop(reference, None)
            if sent_at is not None:
                self.rtt_s = max(0.0, at - sent_at - delay / 65_536)

    # -- back to the publisher ---------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Send what is due; call it every 50 ms or so."""
        for stream in self._by_output.values():
            if stream.is_video:
                self._ask_again(stream, now)
                self._ask_key_frame(stream, now)
        if now - self._feedback_at >= FEEDBACK_PAUSE_S:
            self._feedback_at = now
            ssrc = next(iter(self._streams), 0)
            if report := self._arrivals.feedback(OUR_SSRC, ssrc):
                self._send(report)
        if now - self._report_at >= REPORT_PAUSE_S:
            self._report_at = now
            self._report(now)

    def ask_key_frame(self, output: Output, now: float) -> None:
        """Want a key frame on this output: asked for now, or as soon as the last request is 0.5 s old."""
        output.is_key_wanted = True
        stream = self._by_output.get(id(output))
        if stream is not None:
            self._ask_key_frame(stream, now)

    def _ask_key_frame(self, stream: Stream, now: float) -> None:
        output = stream.output
        if output.is_key_wanted and now - output.key_asked_at >= limits.KEY_FRAME_PAUSE_S:
            output.key_asked_at = now
            self._send(rtcp.receiver_report(OUR_SSRC, ()) + rtcp.picture_loss(OUR_SSRC, stream.receiver.ssrc))

    def _ask_again(self, stream: Stream, now: float) -> None:
        pause_s = max(0.05, min(0.2, (self.rtt_s or 0.0) * 1.2))
        if wanted := stream.receiver.wanted(now, pause_s):
            self._send(rtcp.receiver_report(OUR_SSRC, ()) + rtcp.nack(OUR_SSRC, stream.receiver.ssrc, wanted))

    def _report(self, now: float) -> None:
        self.bitrate_bps = self.rate.bits_per_s(now)
        streams = list(self._by_output.values())
        blocks = [stream.receiver.report(now) for stream in streams]
        videos = [stream.receiver.loss_ratio for stream in streams if stream.is_video]
        losses = videos or [stream.receiver.loss_ratio for stream in streams]
        self.loss_ratio = max(losses, default=0.0)
        ntp = rtcp.ntp_time(time.time())
        self._references[rtcp.middle(ntp)] = now
        while len(self._references) > REFERENCES_REMEMBERED:
            self._references.pop(next(iter(self._references)))
        report = rtcp.receiver_report(OUR_SSRC, blocks) + rtcp.source_description(OUR_SSRC)
        self._send(report + rtcp.reference_time(OUR_SSRC, ntp))
