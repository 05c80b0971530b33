"""RTP and RTCP as a sending and a receiving client need them: pure functions and one counter per stream, no I/O.

RFC 3550 (RTP, RTCP), RFC 4585 (NACK, PLI), RFC 4588 (RTX), RFC 5104 (FIR), RFC 6184 (H264), RFC 7741 (VP8).
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

PAYLOAD_BYTES_MAX = 1_150  # below every MTU met in the wild, with SRTP, TURN and IPv6 headers to spare
HISTORY_PACKETS = 512  # kept for retransmission: about two seconds of a 2 Mbit/s stream
RTP_HEADER = struct.Struct("!BBHII")
NTP_EPOCH_S = 2_208_988_800  # 1900-01-01 to 1970-01-01
RTCP_SENDER_REPORT, RTCP_RECEIVER_REPORT, RTCP_NACK, RTCP_PAYLOAD_FEEDBACK = 200, 201, 205, 206
H264_FU_A = 28


@dataclass(frozen=True)
class Nack:
    """The receiver misses these sequence numbers of `ssrc`."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True)
class KeyframeWanted:
    """PLI or FIR: nothing before the next key frame helps this receiver."""

    ssrc: int


@dataclass(frozen=True)
class Reception:
    """One report block: how `ssrc` arrives. loss_ratio: since the report before."""

    ssrc: int
    loss_ratio: float
    lost: int


type Feedback = Nack | KeyframeWanted | Reception


@dataclass
class Stream:
    """One outgoing RTP stream: numbers its packets and remembers them for retransmission."""

    ssrc: int
    payload_type: int
    clock_rate: int
    sequence: int = 0
    packets: int = 0
    octets: int = 0
    history: dict[int, bytes] = field(default_factory=dict)
    order: deque[int] = field(default_factory=deque)

    def packet(self, payload: bytes, *, timestamp: int, marker: bool) -> bytes:
        """Return the next packet of this stream."""
        head = RTP_HEADER.pack(
            0x80, self.payload_type | (0x80 if marker else 0), self.sequence, timestamp & 0xFFFFFFFF, self.ssrc
        )
        packet = head + payload
        self.history[self.sequence] = packet
        self.order.append(self.sequence)
        if len(self.order) > HISTORY_PACKETS:
            self.history.pop(self.order.popleft(), None)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return packet

    def report(self, *, at: float, timestamp: int) -> bytes:
        """Return a sender report: `at` (unix seconds) is `timestamp` on this stream's clock."""
        ntp = int((at + NTP_EPOCH_S) * 2**32) & 0xFFFFFFFFFFFFFFFF
        return struct.pack(
            "!BBHIQIII",
            0x80,
            RTCP_SENDER_REPORT,
            6,
            self.ssrc,
            ntp,
            timestamp & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )


def as_retransmission(packet: bytes, stream: Stream) -> bytes:
    """Return `packet` as the next one of the RTX stream `stream`: the old number goes in front of the payload."""
    _, second, sequence, timestamp, _ = RTP_HEADER.unpack_from(packet)
    return stream.packet(sequence.to_bytes(2) + packet[12:], timestamp=timestamp, marker=bool(second & 0x80))


def vp8_payloads(frame: bytes, *, picture_id: int) -> list[bytes]:
    """Cut one VP8 frame into payloads; each starts with a descriptor that carries a 15-bit picture id."""
    number = 0x8000 | (picture_id & 0x7FFF)
    chunks = [frame[start : start + PAYLOAD_BYTES_MAX] for start in range(0, len(frame), PAYLOAD_BYTES_MAX)]
    first = struct.pack("!BBH", 0x90, 0x80, number)  # X and S: extended, start of the first partition
    later = struct.pack("!BBH", 0x80, 0x80, number)
    return [(later if index else first) + chunk for index, chunk in enumerate(chunks)]


def h264_payloads(frame: bytes) -> list[bytes]:
    """Cut one access unit (Annex B) into single NAL unit and FU-A payloads."""
    payloads = []
    for unit in nal_units(frame):
        if len(unit) <= PAYLOAD_BYTES_MAX:
            payloads.append(unit)
            continue
        indicator, kind, body = (unit[0] & 0xE0) | H264_FU_A, unit[0] & 0x1F, unit[1:]
        chunks = [body[start : start + PAYLOAD_BYTES_MAX] for start in range(0, len(body), PAYLOAD_BYTES_MAX)]
        for index, chunk in enumerate(chunks):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(chunks) - 1 else 0)
            payloads.append(bytes((indicator, edge | kind)) + chunk)
    return payloads


def nal_units(frame: bytes) -> list[bytes]:
    """Split an Annex B byte stream at its start codes."""
    parts = frame.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part]


def is_rtcp(packet: bytes) -> bool:
    """Tell RTCP from RTP on one port (RFC 5761, section 4)."""
    return len(packet) >= 8 and 192 <= packet[1] <= 223  # noqa: PLR2004 — bounds of the RFC


def feedback(compound: bytes) -> Iterator[Feedback]:
    """Yield what a receiver says in a compound RTCP packet; what is cut off or unknown is passed over."""
    offset = 0
    while offset + 8 <= len(compound):
        first, kind, words = struct.unpack_from("!BBH", compound, offset)
        body = compound[offset + 4 : offset + 4 + words * 4]
        offset += 4 + words * 4
        count = first & 0x1F
        if kind == RTCP_RECEIVER_REPORT:
            yield from _report_blocks(body[4:], count)
        elif kind == RTCP_SENDER_REPORT:
            yield from _report_blocks(body[24:], count)
        elif kind == RTCP_NACK and count == 1 and len(body) >= 8:  # noqa: PLR2004 — sender and media SSRC
            yield Nack(int.from_bytes(body[4:8]), tuple(_lost_sequences(body[8:])))
        elif kind == RTCP_PAYLOAD_FEEDBACK and count in (1, 4) and len(body) >= 8:  # noqa: PLR2004 — PLI, FIR
            yield KeyframeWanted(int.from_bytes(body[8:12] if count == 4 else body[4:8]))  # noqa: PLR2004 — FIR


def receiver_report(*, ssrc: int, source: int, highest: int, loss_ratio: float = 0.0) -> bytes:
    """Return a receiver report with one block about `source`. highest: extended highest sequence number received."""
    fraction = min(255, int(loss_ratio * 256))
    return struct.pack(
        "!BBHIIIIIII", 0x81, RTCP_RECEIVER_REPORT, 7, ssrc, source, fraction << 24, highest & 0xFFFFFFFF, 0, 0, 0
    )


def keyframe_request(*, ssrc: int, source: int) -> bytes:
    """Return a picture loss indication."""
    return struct.pack("!BBHII", 0x81, RTCP_PAYLOAD_FEEDBACK, 2, ssrc, source)


def _report_blocks(blocks: bytes, count: int) -> Iterator[Reception]:
    for start in range(0, min(count * 24, len(blocks) - 23), 24):
        ssrc, loss = struct.unpack_from("!II", blocks, start)
        yield Reception(ssrc, (loss >> 24) / 256, loss & 0xFFFFFF)


def _lost_sequences(pairs: bytes) -> Iterator[int]:
    for start in range(0, len(pairs) - 3, 4):
        first, mask = struct.unpack_from("!HH", pairs, start)
        yield first
        yield from ((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
