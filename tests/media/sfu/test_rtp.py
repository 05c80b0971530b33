import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.media.sfu import rtp


def build(first=0x80, *, second=96, payload=b"abc", extension=b""):
    return struct.pack("!BBHII", first, second, 7, 1000, 42) + extension + payload


def test_parse_reads_header_and_payload():
    packet = rtp.parse(build(second=0x80 | 96))

    assert packet == rtp.Packet(96, is_marked=True, sequence=7, timestamp=1000, ssrc=42, extensions={}, payload=b"abc")


def test_parse_reads_one_byte_extensions():
    block = rtp.extension_block([(3, b"\x00\x09"), (10, b"h")])

    packet = rtp.parse(build(0x90, extension=block))

    assert packet.extensions == {3: b"\x00\x09", 10: b"h"}
    assert packet.payload == b"abc"


def test_parse_strips_padding():
    assert rtp.parse(build(0xA0, payload=b"abc\x00\x02")).payload == b"abc"
    assert rtp.parse(build(0xA0, payload=b"\x00\x00\x03")).payload == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80" * 11,
        build(0x00),
        build(0xA0, payload=b"\xff"),
        build(0x90, payload=b"\xbe\xde\xff\xff"),
        build(0x8F, payload=b""),
    ],
)
def test_parse_refuses_what_is_cut_off(data):
    with pytest.raises(rtp.PacketMalformed):
        rtp.parse(data)


@given(st.binary(max_size=80))
def test_parse_survives_anything(data):
    try:
        rtp.parse(data)
    except rtp.PacketMalformed:
        return


@given(st.binary(max_size=60), st.sampled_from(["vp8", "h264"]))
def test_key_frame_search_survives_anything(payload, codec):
    assert rtp.begins_key_frame(codec, payload) in {True, False}
    rtp.vp8_size(payload)


@pytest.mark.parametrize(
    ("codec", "payload", "begins"),
    [
        ("vp8", b"\x10\x00", True),
        ("vp8", b"\x10\x01", False),  # an inter frame
        ("vp8", b"\x00\x00", False),  # the middle of a frame
        ("vp8", b"\x90\x80\x05\x00", True),  # picture id of one byte
        ("vp8", b"\x90\x80\x85\x05\x01", False),  # picture id of two bytes, inter frame
        ("vp8", b"\x11\x00", False),  # another partition
        ("h264", b"\x67\x42", True),  # parameter set
        ("h264", b"\x78\x00\x10\x67", True),  # the same in an aggregate
        ("h264", b"\x7c\x85", True),  # first fragment of a key frame
        ("h264", b"\x7c\x05", False),  # a later fragment
        ("h264", b"\x41\x9a", False),
        ("h264", b"", False),
    ],
)
def test_begins_key_frame(codec, payload, begins):
    assert rtp.begins_key_frame(codec, payload) is begins


def test_vp8_size_reads_the_first_packet():
    frame = b"\x10" + b"\x00\x00\x00" + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 360)

    assert rtp.vp8_size(frame) == (640, 360)
    assert rtp.vp8_size(frame[:8]) is None


def test_abs_send_time_wraps_after_64_seconds():
    assert rtp.abs_send_time(65.5) == rtp.abs_send_time(1.5) == bytes.fromhex("060000")


def test_rtcp_is_told_from_rtp():
    assert rtp.is_rtcp(b"\x80\xc8")
    assert not rtp.is_rtcp(build(second=0x80 | 96))
