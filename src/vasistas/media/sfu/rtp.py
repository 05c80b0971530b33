"""RTP packets (RFC 3550) with one-byte header extensions (RFC 8285), and where key frames begin. Pure."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct("!BBHII")
HEADER_BYTES = 12
VERSION_BITS = 0x80
MARKER_BIT = 0x80
EXTENSION_BIT = 0x10
PADDING_BIT = 0x20
ONE_BYTE_PROFILE = 0xBEDE
SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFF_FFFF
VIDEO_HZ = 90_000
AUDIO_HZ = 48_000

H264_IDR, H264_SPS, H264_STAP_A, H264_FU_A = 5, 7, 24, 28


class PacketMalformed(ValueError):  # noqa: N818 — reads as a fact
    """Not RTP, or cut off."""


@dataclass(slots=True)
class Packet:
    """One received packet. extensions: id -> value. payload: without padding (b"" when it was all padding)."""

    payload_type: int
    is_marked: bool
    sequence: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    payload: bytes


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP on one port (RFC 5761 section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def parse(data: bytes) -> Packet:
    """Raises: PacketMalformed."""
    size = len(data)
    if size < HEADER_BYTES or data[0] & 0xC0 != VERSION_BITS:
        raise PacketMalformed
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start = HEADER_BYTES + 4 * (first & 0x0F)
    extensions: dict[int, bytes] = {}
    if first & EXTENSION_BIT:
        if size < start + 4:
            raise PacketMalformed
        profile, words = struct.unpack_from("!HH", data, start)
        start += 4
        end = start + 4 * words
        if end > size:
            raise PacketMalformed
        if profile == ONE_BYTE_PROFILE:
            extensions = _extensions(data, start, end)
        start = end
    stop = size
    if first & PADDING_BIT:
        stop -= data[-1]
    if start > stop:
        raise PacketMalformed
    return Packet(second & 0x7F, second >= MARKER_BIT, sequence, timestamp, ssrc, extensions, data[start:stop])


def _extensions(data: bytes, start: int, end: int) -> dict[int, bytes]:
    found = {}
    while start < end:
        head = data[start]
        start += 1
        if head == 0:  # padding
            continue
        number, size = head >> 4, (head & 0x0F) + 1
        if number == 15 or start + size > end:
            break
        found[number] = data[start : start + size]
        start += size
    return found


def extension_block(values: list[tuple[int, bytes]]) -> bytes:
    """The header extension for these (id, value) pairs, b"" for none."""
    if not values:
        return b""
    body = b"".join(bytes(((number << 4) | (len(value) - 1),)) + value for number, value in values)
    words = (len(body) + 3) // 4
    return struct.pack("!HH", ONE_BYTE_PROFILE, words) + body.ljust(4 * words, b"\0")


def abs_send_time(seconds: float) -> bytes:
    """24 bits of 6.18 fixed point seconds."""
    return (int(seconds * 262_144) & 0xFF_FFFF).to_bytes(3)


def begins_key_frame(codec: str, payload: bytes) -> bool:
    """Whether a decoder can begin with this packet."""
    if codec == "vp8":
        start = _vp8_frame(payload)
        return start is not None and not payload[start] & 0x01
    return _h264_begins_key_frame(payload)


def _vp8_frame(payload: bytes) -> int | None:
    """Where the frame's own header starts (RFC 7741 section 4.2), None in the middle of a frame."""
    if not payload or not payload[0] & 0x10 or payload[0] & 0x07:
        return None
    start = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return None
        flags = payload[1]
        start = 2
        if flags & 0x80:
            if len(payload) < 3:
                return None
            start += 2 if payload[2] & 0x80 else 1
        start += bool(flags & 0x40) + bool(flags & 0x30)
    return start if start < len(payload) else None


def _h264_begins_key_frame(payload: bytes) -> bool:
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == H264_STAP_A:
        return len(payload) > 3 and payload[3] & 0x1F in {H264_SPS, H264_IDR}
    if kind == H264_FU_A:
        return bool(payload[1] & 0x80) and payload[1] & 0x1F == H264_IDR
    return kind in {H264_SPS, H264_IDR}


def vp8_size(payload: bytes) -> tuple[int, int] | None:
    """Width and height from the first packet of a VP8 key frame (RFC 6386 section 9.1)."""
    start = _vp8_frame(payload)
    if start is None or payload[start] & 0x01 or len(payload) < start + 10:
        return None
    if payload[start + 3 : start + 6] != b"\x9d\x01\x2a":
        return None
    width, height = struct.unpack_from("<HH", payload, start + 6)
    return width & 0x3FFF, height & 0x3FFF
