"""RTCP as the engine reads and writes it (RFC 3550, 3611, 4585, 5104; transport-wide feedback, REMB). Pure."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, BYE = 200, 201, 202, 203
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK, EXTENDED_REPORT = 205, 206, 207
NACK, TRANSPORT_WIDE = 1, 15
PLI, FIR, APPLICATION = 1, 4, 15
REFERENCE_TIME, DELAY_SINCE = 4, 5  # XR blocks

NTP_EPOCH_S = 2_208_988_800
TWCC_TICKS_PER_S = 4_000  # deltas count 250 µs
TWCC_REFERENCE_TICKS = 256  # reference times count 64 ms
TWCC_SYMBOLS_PER_CHUNK = 7  # of two bits


@dataclass(frozen=True, slots=True)
class Block:
    """One report block. fraction_lost: 0..255 of the last interval. last_sr, delay: 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int
    timestamp: int


@dataclass(slots=True)
class Feedback:
    """What one compound packet said."""

    sender_reports: list[SenderReport]
    blocks: list[Block]
    nacks: list[tuple[int, int]]  # (ssrc, sequence)
    key_frame_ssrcs: list[int]
    remb_bps: int | None = None
    reference_echoes: list[tuple[int, int]] | None = None  # (our reference time, delay), 1/65536 s


def parse(data: bytes) -> Feedback:
    """Read a compound packet; what is cut off or unknown is skipped."""
    feedback = Feedback([], [], [], [])
    for count, kind, body in _packets(data):
        if kind in {SENDER_REPORT, RECEIVER_REPORT}:
            _read_report(feedback, kind, count, body)
        elif kind == TRANSPORT_FEEDBACK and count == NACK and len(body) >= 8:
            _read_nacks(feedback, body)
        elif kind == PAYLOAD_FEEDBACK and len(body) >= 8:
            _read_payload_feedback(feedback, count, body)
        elif kind == EXTENDED_REPORT:
            _read_extended(feedback, body)
    return feedback


def _packets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    while start + 4 <= len(data):
        first, kind, words = struct.unpack_from("!BBH", data, start)
        end = start + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        yield first & 0x1F, kind, data[start + 4 : end]
        start = end


def _read_report(feedback: Feedback, kind: int, count: int, body: bytes) -> None:
    start = 4
    if kind == SENDER_REPORT:
        if len(body) < 24:
            return
        ssrc, ntp, timestamp = struct.unpack_from("!IQI", body)
        feedback.sender_reports.append(SenderReport(ssrc, ntp, timestamp))
        start = 24
    for offset in range(start, min(start + 24 * count, len(body) - 23), 24):
        ssrc, losses, highest, jitter, last_sr, delay = struct.unpack_from("!IIIIII", body, offset)
        lost = losses & 0xFF_FFFF
        lost -= (lost & 0x80_0000) << 1
        feedback.blocks.append(Block(ssrc, losses >> 24, lost, highest, jitter, last_sr, delay))


def _read_nacks(feedback: Feedback, body: bytes) -> None:
    (ssrc,) = struct.unpack_from("!I", body, 4)
    for offset in range(8, len(body) - 3, 4):
        first, mask = struct.unpack_from("!HH", body, offset)
        feedback.nacks.append((ssrc, first))
        feedback.nacks += [(ssrc, (first + 1 + bit) & 0xFFFF) for bit in range(16) if mask >> bit & 1]


def _read_payload_feedback(feedback: Feedback, kind: int, body: bytes) -> None:
    (ssrc,) = struct.unpack_from("!I", body, 4)
    if kind == PLI:
        feedback.key_frame_ssrcs.append(ssrc)
    elif kind == FIR:
        feedback.key_frame_ssrcs += [struct.unpack_from("!I", body, at)[0] for at in range(8, len(body) - 7, 8)]
    elif kind == APPLICATION and body[8:12] == b"REMB" and len(body) >= 16:
        packed = int.from_bytes(body[13:16])
        feedback.remb_bps = (packed & 0x3_FFFF) << (packed >> 18)


def _read_extended(feedback: Feedback, body: bytes) -> None:
    start = 4
    while start + 4 <= len(body):
        kind, _, words = struct.unpack_from("!BBH", body, start)
        end = start + 4 + 4 * words
        if kind == DELAY_SINCE:
            echoes = feedback.reference_echoes or []
            for offset in range(start + 4, min(end, len(body)) - 11, 12):
                _, reference, delay = struct.unpack_from("!III", body, offset)
                echoes.append((reference, delay))
            feedback.reference_echoes = echoes
        start = end


# -- writing -----------------------------------------------------------------------------------------------------------


def ntp_time(unix_s: float) -> int:
    """64 bits: seconds since 1900, and their fraction."""
    return int((unix_s + NTP_EPOCH_S) * 4_294_967_296) & 0xFFFF_FFFF_FFFF_FFFF


def middle(ntp: int) -> int:
    """The middle 32 bits, 1/65536 s."""
    return ntp >> 16 & 0xFFFF_FFFF


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def receiver_report(sender: int, blocks: Sequence[Block]) -> bytes:
    body = struct.pack("!I", sender) + b"".join(
        struct.pack(
            "!IIIIII",
            block.ssrc,
            block.fraction_lost << 24 | block.lost & 0xFF_FFFF,
            block.highest,
            block.jitter,
            block.last_sr,
            block.delay,
        )
        for block in blocks
    )
    return _packet(len(blocks), RECEIVER_REPORT, body)


def sender_report(ssrc: int, *, ntp: int, timestamp: int, packets: int, size_bytes: int) -> bytes:
    """A sender report followed by the CNAME, as a compound packet must have."""
    body = struct.pack("!IQIII", ssrc, ntp, timestamp, packets & 0xFFFF_FFFF, size_bytes & 0xFFFF_FFFF)
    return _packet(0, SENDER_REPORT, body) + source_description(ssrc)


def source_description(ssrc: int, cname: bytes = b"vasistas") -> bytes:
    item = bytes((1, len(cname))) + cname + b"\0"
    return _packet(1, SOURCE_DESCRIPTION, struct.pack("!I", ssrc) + item.ljust((len(item) + 3) // 4 * 4, b"\0"))


def reference_time(sender: int, ntp: int) -> bytes:
    """Ask a sender to echo our clock (RFC 3611 section 4.4): the round trip, as seen by a receiver."""
    return _packet(0, EXTENDED_REPORT, struct.pack("!IBBHQ", sender, REFERENCE_TIME, 0, 2, ntp))


def picture_loss(sender: int, ssrc: int) -> bytes:
    """Ask for a key frame."""
    return _packet(PLI, PAYLOAD_FEEDBACK, struct.pack("!II", sender, ssrc))


def nack(sender: int, ssrc: int, sequences: Sequence[int]) -> bytes:
    """Ask for packets again. sequences: 16 bits each, in sending order."""
    entries: list[list[int]] = []
    for sequence in sequences:
        distance = (sequence - entries[-1][0]) & 0xFFFF if entries else 0
        if entries and 1 <= distance <= 16:
            entries[-1][1] |= 1 << (distance - 1)
        else:
            entries.append([sequence, 0])
    body = b"".join(struct.pack("!HH", first, mask) for first, mask in entries)
    return _packet(NACK, TRANSPORT_FEEDBACK, struct.pack("!II", sender, ssrc) + body)


def transport_feedback(sender: int, ssrc: int, count: int, arrivals: Sequence[tuple[int, float | None]]) -> bytes:
    """When each packet of the connection arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01).

    Args: count: of our feedback packets so far. arrivals: (sequence, seconds or None when it has not come), in order
    and without a hole; at least one of them came.
    """
    begin = next(at for _, at in arrivals if at is not None)
    reference = int(begin * TWCC_TICKS_PER_S) // TWCC_REFERENCE_TICKS
    ticks = reference * TWCC_REFERENCE_TICKS
    symbols: list[int] = []
    deltas = bytearray()
    for _, at in arrivals:
        if at is None:
            symbols.append(0)
            continue
        now = int(at * TWCC_TICKS_PER_S)
        delta = max(-32_768, min(32_767, now - ticks))
        ticks += delta
        if 0 <= delta <= 255:
            symbols.append(1)
            deltas.append(delta)
        else:
            symbols.append(2)
            deltas += struct.pack("!h", delta)
    chunks = b"".join(_chunk(symbols[at : at + TWCC_SYMBOLS_PER_CHUNK]) for at in range(0, len(symbols), 7))
    body = struct.pack("!IIHH", sender, ssrc, arrivals[0][0] & 0xFFFF, len(symbols))
    body += (reference & 0xFF_FFFF).to_bytes(3) + bytes((count & 0xFF,)) + chunks + bytes(deltas)
    padding = -len(body) % 4
    if not padding:
        return _packet(TRANSPORT_WIDE, TRANSPORT_FEEDBACK, body)
    padded = body + bytes(padding - 1) + bytes((padding,))
    return struct.pack("!BBH", 0xA0 | TRANSPORT_WIDE, TRANSPORT_FEEDBACK, len(padded) // 4) + padded


def _chunk(symbols: Sequence[int]) -> bytes:
    """A status vector of two-bit symbols."""
    value = 0xC000
    for index, symbol in enumerate(symbols):
        value |= symbol << (12 - 2 * index)
    return value.to_bytes(2)
