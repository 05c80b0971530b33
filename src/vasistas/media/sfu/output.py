"""One stream as viewers get it: renumbered so that it never jumps, kept for resending, sent once per variant of viewer.

Everything here runs in the room's thread. The loop in `Output.send` is the hot path of the whole engine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vasistas.media.sfu import limits, rtcp, rtp, vp8
from vasistas.media.sfu.uplink import Rate

RING_MASK = limits.RING_PACKETS - 1
FRAME_TICKS = 1_500  # of 90 kHz, half a frame at 30 per second: the least step between two streams or publishers

type Send = Callable[[bytes], bool]


@dataclass(slots=True)
class Kept:
    """A packet in outgoing terms. sequence: extended. values: what is known for header extensions."""

    sequence: int
    timestamp: int
    is_marked: bool
    payload: bytes
    orientation: bytes
    is_key: bool
    frame: vp8.Numbers | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Viewers with equal ones get the same bytes. Shifts differ after changes of layer; ids are 0 when not agreed."""

    payload_type: int
    ssrc: int
    abs_send_time_id: int
    orientation_id: int
    sequence_shift: int = 0
    timestamp_shift: int = 0
    frame_shift: vp8.Shift = vp8.Shift()  # noqa: RUF009 — frozen

    def build(self, kept: Kept, abs_send_time: bytes) -> bytes:
        values = []
        if self.abs_send_time_id:
            values.append((self.abs_send_time_id, abs_send_time))
        if self.orientation_id and kept.orientation:
            values.append((self.orientation_id, kept.orientation))
        block = rtp.extension_block(values)
        return (
            rtp.HEADER.pack(
                rtp.VERSION_BITS | (rtp.EXTENSION_BIT if block else 0),
                self.payload_type | (rtp.MARKER_BIT if kept.is_marked else 0),
                (kept.sequence + self.sequence_shift) & rtp.SEQUENCE_MASK,
                (kept.timestamp + self.timestamp_shift) & rtp.TIMESTAMP_MASK,
                self.ssrc,
            )
            + block
            + self._payload(kept)
        )

    def _payload(self, kept: Kept) -> bytes:
        if kept.frame is None or not (self.frame_shift.picture or self.frame_shift.tl0):
            return kept.payload
        return vp8.shifted(kept.payload, kept.frame, self.frame_shift)


@dataclass(slots=True)
class Group:
    """The viewers of one variant. sends: `track.send` of each. bytes: handed to each member since the group began."""

    variant: Variant
    sends: dict[str, Send] = field(default_factory=dict)
    packets: int = 0
    bytes: int = 0


class Output:
    """One outgoing stream.

    Args: codec: to find key frames; "" for audio. began_at: when time stamps are 0; all layers of a room share it.
    """

    def __init__(self, *, rid: str, clock_hz: int, codec: str, began_at: float) -> None:
        self.rid = rid
        self.codec = codec
        self.clock_hz = clock_hz
        self.groups: dict[Variant, Group] = {}
        self.rate = Rate()
        self.bitrate_bps = 0
        self.size: tuple[int, int] | None = None
        self.latest_sequence = 0x1_0000
        self.latest_timestamp = 0
        self.latest_at: float | None = None
        self.latest_frame: vp8.Numbers | None = None
        self.is_key_wanted = False
        self.key_asked_at = 0.0
        self.sent = 0
        self.failed = 0
        self._began_at = began_at
        self._ring: list[Kept | None] = [None] * limits.RING_PACKETS
        self._sequence_shift: int | None = None
        self._timestamp_shift = 0
        self._frame_shift = vp8.Shift()
        self._first_sequence = 0
        self._clock: tuple[int, int, float] | None = None  # NTP, outgoing time stamp, when it came

    # -- in ----------------------------------------------------------------------------------------------------------

    def rebase(self) -> None:
        """Another sender follows: continue numbers and time from where they are."""
        self._sequence_shift = None
        self._clock = None

    def take(self, packet: rtp.Packet, extended: int, orientation: bytes, at: float) -> Kept | None:
        """Renumber a packet and keep it. None: it belongs before the beginning of this sender."""
        if self._sequence_shift is None:
            self._begin(packet, extended, at)
        shift = self._sequence_shift or 0
        sequence = extended + shift
        if sequence < self._first_sequence:
            return None
        timestamp = (packet.timestamp + self._timestamp_shift) & rtp.TIMESTAMP_MASK
        is_key = bool(self.codec) and rtp.begins_key_frame(self.codec, packet.payload)
        payload, frame = self._number_frames(packet.payload)
        kept = Kept(sequence, timestamp, packet.is_marked, payload, orientation, is_key, frame)
        self._ring[sequence & RING_MASK] = kept
        if sequence > self.latest_sequence:
            self.latest_sequence, self.latest_timestamp, self.latest_at = sequence, timestamp, at
            self.latest_frame = frame or self.latest_frame
        if is_key:
            self.is_key_wanted = False
            if self.codec == "vp8":
                self.size = rtp.vp8_size(packet.payload) or self.size
        self.rate.add(len(packet.payload))
        return kept

    def _begin(self, packet: rtp.Packet, extended: int, at: float) -> None:
        self._first_sequence = self.latest_sequence + 1
        self._sequence_shift = self._first_sequence - extended
        if self.latest_at is None:
            self._timestamp_shift = int((at - self._began_at) * self.clock_hz) - packet.timestamp
        else:
            elapsed = max(FRAME_TICKS, int((at - self.latest_at) * self.clock_hz))
            self._timestamp_shift = self.latest_timestamp + elapsed - packet.timestamp
        if self.codec == "vp8":
            self._frame_shift = vp8.following(self.latest_frame, vp8.numbers(packet.payload), before=vp8.Shift())

    def _number_frames(self, payload: bytes) -> tuple[bytes, vp8.Numbers | None]:
        frame = vp8.numbers(payload) if self.codec == "vp8" else None
        if frame is None or not (self._frame_shift.picture or self._frame_shift.tl0):
            return payload, frame
        payload = vp8.shifted(payload, frame, self._frame_shift)
        return payload, vp8.numbers(payload)

    def note_clock(self, ntp: int, timestamp: int, at: float) -> None:
        """Remember the sender's own pair of wall clock and time stamp: receivers sync lips by it."""
        if self._sequence_shift is not None:
            self._clock = (ntp, (timestamp + self._timestamp_shift) & rtp.TIMESTAMP_MASK, at)

    def clock_at(self, now: float) -> tuple[int, int] | None:
        """The pair (NTP, outgoing time stamp) for this moment; by our own clock until the sender told its."""
        if self.latest_at is None:
            return None
        ours = (rtcp.ntp_time(time.time() - (now - self.latest_at)), self.latest_timestamp, self.latest_at)
        ntp, timestamp, at = self._clock or ours
        elapsed = now - at
        return (
            (ntp + int(elapsed * 4_294_967_296)) & 0xFFFF_FFFF_FFFF_FFFF,
            (timestamp + int(elapsed * self.clock_hz)) & rtp.TIMESTAMP_MASK,
        )

    # -- out ---------------------------------------------------------------------------------------------------------

    def send(self, kept: Kept) -> None:
        """Hand one packet to every viewer of this stream."""
        abs_send_time = rtp.abs_send_time(time.monotonic())
        for group in self.groups.values():
            data = group.variant.build(kept, abs_send_time)
            for send in group.sends.values():
                try:
                    send(data)
                except RuntimeError:  # closed a moment ago: its removal is under way
                    self.failed += 1
            group.packets += 1
            group.bytes += len(data)
            self.sent += len(group.sends)

    def kept(self, sequence: int, shift: int) -> Kept | None:
        """The packet a viewer knows by these 16 bits, if it is still kept."""
        near = self.latest_sequence
        wanted = (sequence - shift) & rtp.SEQUENCE_MASK
        extended = near + ((wanted - near + 0x8000) & 0xFFFF) - 0x8000
        kept = self._ring[extended & RING_MASK]
        return kept if kept is not None and kept.sequence == extended else None

    def recent(self, count: int) -> list[Kept]:
        """Up to `count` of the latest packets that carry something, newest first."""
        found = []
        for sequence in range(self.latest_sequence, max(0, self.latest_sequence - count), -1):
            kept = self._ring[sequence & RING_MASK]
            if kept is not None and kept.sequence == sequence and kept.payload:
                found.append(kept)
        return found

    def join(self, session: str, variant: Variant, send: Send) -> Group:
        group = self.groups.get(variant)
        if group is None:
            group = self.groups[variant] = Group(variant)
        group.sends[session] = send
        return group

    def leave(self, session: str, group: Group) -> None:
        group.sends.pop(session, None)
        if not group.sends:
            self.groups.pop(group.variant, None)
