"""One viewer of a room: what it gets, what it reports, what it is sent again. Runs in the room's thread."""

import dataclasses
from dataclasses import dataclass

from vasistas.media.sfu import limits, rtcp, rtp, sdp, vp8
from vasistas.media.sfu.layers import Chooser, Figures
from vasistas.media.sfu.output import FRAME_TICKS, Group, Kept, Output, Send, Variant

VIDEO_SSRC, AUDIO_SSRC, RETRANSMISSION_SSRC = 0x5641_0001, 0x5641_0002, 0x5641_0003
RESEND_BURST_BYTES = 30_000
RESENT_REMEMBERED = 2_048
PROBE_PACKETS_MAX = 40  # per tick
REPORT_FRESH_S = 10.0
LOSS_WINDOW_S = 0.9
EXPECTED_MAX = 1_000_000
LOSS_UNDELIVERED = 0.5  # a second with this much lost does not count as delivered


@dataclass(slots=True)
class Track:
    """One outgoing track. send: into the native library."""

    choice: sdp.Choice
    send: Send

    def variant(self, ssrc: int) -> Variant:
        return Variant(
            payload_type=self.choice.codec.payload_type,
            ssrc=ssrc,
            abs_send_time_id=self.choice.extension(sdp.ABS_SEND_TIME),
            orientation_id=self.choice.extension(sdp.ORIENTATION),
        )


class Viewer:
    """Args: joined_at: monotonic seconds."""

    def __init__(self, session: str, *, video: Track | None, audio: Track | None, joined_at: float) -> None:
        self.session = session
        self.video, self.audio = video, audio
        self.joined_at = joined_at
        self.chooser = Chooser()
        self.output: Output | None = None  # the video it gets
        self.waiting: Output | None = None  # the video it gets from the next key frame on
        self.group: Group | None = None
        self.audio_group: Group | None = None
        self._heard: Output | None = None
        self.reported_at = joined_at
        self.loss_ratio = 0.0
        self.rtt_s: float | None = None
        self.estimate_bps: int | None = None
        self.delivered_s = 0
        self.resent = 0
        self._loss_sum, self._loss_count = 0.0, 0
        self._fresh_loss: float | None = None
        self._has_reported = False
        self._counted: tuple[float, int, int] | None = None  # when, highest number and lost packets of a report
        self._first_sequence = 0
        self._before: tuple[Output, Variant] | None = None  # what it got before the latest change of layer
        self._bytes = 0
        self._since = (0, 0)  # the groups' byte counts when it joined them
        self._packets_counted = 0
        self._resends: dict[int, tuple[int, float]] = {}
        self._credit_bytes = float(RESEND_BURST_BYTES)
        self._credit_at = joined_at
        self._probe_sequence = 0

    # -- what it gets ------------------------------------------------------------------------------------------------

    @property
    def size_bytes(self) -> int:
        total = self._bytes
        total += self.group.bytes - self._since[0] if self.group else 0
        return total + (self.audio_group.bytes - self._since[1] if self.audio_group else 0)

    @property
    def lost_ratio(self) -> float:
        """Mean over the session."""
        return self._loss_sum / self._loss_count if self._loss_count else 0.0

    def hear(self, output: Output) -> None:
        if self.audio is not None and self.audio_group is None:
            self._heard = output
            self.audio_group = output.join(self.session, self.audio.variant(AUDIO_SSRC), self.audio.send)
            self._since = (self._since[0], self.audio_group.bytes)

    def await_key_frame(self, output: Output) -> None:
        self.waiting = output

    def switch(self, kept: Kept) -> None:
        """Begin with this key frame of the output it waits for; numbers and time go on as if nothing had changed."""
        if self.video is None or self.waiting is None:
            return
        variant = self.video.variant(VIDEO_SSRC)
        self._before = None
        if self.output is not None and self.group is not None:
            self._before = (self.output, self.group.variant)
            variant = _continued(variant, self.output, self.group.variant, kept)
        self._leave_video()
        self.output, self.waiting = self.waiting, None
        self._first_sequence = kept.sequence
        self.group = self.output.join(self.session, variant, self.video.send)
        self._since = (self.group.bytes, self._since[1])
        self._packets_counted = self.group.packets

    def leave(self) -> None:
        """Drop out of every group, and let go of the native tracks: only their peer may hold them to the end."""
        self._leave_video()
        self.waiting = None
        if self.audio_group is not None and self._heard is not None:
            self._bytes += self.audio_group.bytes - self._since[1]
            self._heard.leave(self.session, self.audio_group)
            self._heard = self.audio_group = None
        self.video = self.audio = None

    def _leave_video(self) -> None:
        if self.group is not None and self.output is not None:
            self._bytes += self.group.bytes - self._since[0]
            self.output.leave(self.session, self.group)
        self.group = self.output = None

    # -- what it says ------------------------------------------------------------------------------------------------

    def read(self, data: bytes, at: float, report_sent_at: dict[int, float]) -> bool:
        """Take one of its RTCP packets; True when it needs a key frame.

        Args: report_sent_at: middle of the NTP time in our sender reports -> when they were sent.
        """
        self.reported_at = at
        feedback = rtcp.parse(data)
        for block in feedback.blocks:
            sent_at = report_sent_at.get(block.last_sr)
            if sent_at is not None:
                self.rtt_s = max(0.0, at - sent_at - block.delay / 65_536)
            if block.ssrc == VIDEO_SSRC:
                self._count_losses(block, at)
        if feedback.remb_bps is not None:
            self.estimate_bps = feedback.remb_bps
        if feedback.nacks:
            asked = feedback.nacks[: limits.VIEWER_REQUESTS_MAX]
            self._resend([sequence for ssrc, sequence in asked if ssrc == VIDEO_SSRC], at)
        return VIDEO_SSRC in feedback.key_frame_ssrcs

    def _count_losses(self, block: rtcp.Block, at: float) -> None:
        """Losses per second. A report's own fraction may be about three packets: one comes with each request."""
        self._has_reported = True
        before, self._counted = self._counted, self._counted or (at, block.highest, block.lost)
        if before is None or at - before[0] < LOSS_WINDOW_S:
            return
        self._counted = (at, block.highest, block.lost)
        expected = (block.highest - before[1]) & 0xFFFF_FFFF
        if expected > EXPECTED_MAX:  # the receiver began to count anew
            return
        self.loss_ratio = self._fresh_loss = min(1.0, max(0, block.lost - before[2]) / expected) if expected else 0.0
        self._loss_sum += self.loss_ratio
        self._loss_count += 1

    def take_figures(self) -> Figures:
        """What it reported since the last call."""
        loss, self._fresh_loss = self._fresh_loss, None
        return Figures(estimate_bps=self.estimate_bps, loss=loss, rtt_s=self.rtt_s)

    def count_second(self, now: float) -> None:
        """Count the last second as delivered, if it was (docs/apps/media.md)."""
        packets = self.group.packets if self.group else 0
        was_sent, self._packets_counted = packets > self._packets_counted, packets
        is_fresh = self._has_reported and now - self.reported_at < REPORT_FRESH_S
        if was_sent and is_fresh and self.loss_ratio < LOSS_UNDELIVERED:
            self.delivered_s += 1

    def _resend(self, sequences: list[int], at: float) -> None:
        if self.video is None or self.group is None or self.output is None:
            return
        output = self.output
        per_s = max(12_500.0, output.bitrate_bps / 8 * limits.RESEND_RATIO_MAX)
        self._credit_bytes = min(RESEND_BURST_BYTES, self._credit_bytes + (at - self._credit_at) * per_s)
        self._credit_at = at
        if len(self._resends) > RESENT_REMEMBERED:
            self._resends.clear()
        for sequence in sequences:
            count, latest = self._resends.get(sequence, (0, 0.0))
            if count >= limits.RESENDS_PER_PACKET_MAX or at - latest < limits.RESEND_PAUSE_S:
                continue
            kept, variant = self._find(sequence, output, self.group.variant)
            if kept is None or self._credit_bytes < len(kept.payload):
                continue
            self._resends[sequence] = (count + 1, at)
            self._credit_bytes -= len(kept.payload)
            self._try_send(variant.build(kept, rtp.abs_send_time(at)))
            self.resent += 1

    def _find(self, sequence: int, output: Output, variant: Variant) -> tuple[Kept | None, Variant]:
        """What it was, or would have been, sent under this number; before the latest change of layer, too."""
        kept = output.kept(sequence, variant.sequence_shift)
        if kept is not None and kept.sequence >= self._first_sequence:
            return kept, variant
        if self._before is None:
            return None, variant
        output, variant = self._before
        return output.kept(sequence, variant.sequence_shift), variant

    def probe(self, elapsed_s: float, now: float) -> None:
        """Send duplicates (as RTX, which receivers drop) to see whether a higher layer would fit."""
        budget = self.chooser.probe_bps / 8 * elapsed_s
        if budget <= 0 or self.video is None or self.group is None or self.output is None:
            return
        payload_type = self.video.choice.retransmission
        if payload_type is None:
            return
        variant = self.group.variant
        again = Variant(payload_type, RETRANSMISSION_SSRC, variant.abs_send_time_id, 0)
        for kept in self.output.recent(PROBE_PACKETS_MAX):
            if budget <= 0:
                break
            original = (kept.sequence + variant.sequence_shift) & rtp.SEQUENCE_MASK
            self._probe_sequence += 1
            copy = Kept(
                self._probe_sequence,
                (kept.timestamp + variant.timestamp_shift) & rtp.TIMESTAMP_MASK,
                kept.is_marked,
                original.to_bytes(2) + kept.payload,
                b"",
                is_key=False,
            )
            self._try_send(again.build(copy, rtp.abs_send_time(now)))
            budget -= len(kept.payload)

    def _try_send(self, data: bytes) -> None:
        if self.video is None:
            return
        try:
            self.video.send(data)
        except RuntimeError:  # closed a moment ago: its removal is under way
            self.loss_ratio = 1.0


def _continued(variant: Variant, output: Output, before: Variant, kept: Kept) -> Variant:
    """The variant in which `kept` follows what the viewer got of `output` in the variant `before`."""
    latest = output.latest_timestamp + before.timestamp_shift
    step = (kept.timestamp + before.timestamp_shift - latest + 0x8000_0000) & rtp.TIMESTAMP_MASK
    return dataclasses.replace(
        variant,
        sequence_shift=output.latest_sequence + before.sequence_shift + 1 - kept.sequence,
        timestamp_shift=before.timestamp_shift + max(0, FRAME_TICKS - (step - 0x8000_0000)),
        frame_shift=vp8.following(output.latest_frame, kept.frame, before=before.frame_shift),
    )
