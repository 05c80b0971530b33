import struct

from hypothesis import given
from hypothesis import strategies as st

from vasistas.media.sfu import rtp as node_rtp
from vasistas.media.synthetic import rtp


def test_a_stream_numbers_its_packets_and_wraps():
    stream = rtp.Stream(ssrc=7, payload_type=96, clock_rate=90_000, sequence=0xFFFF)

    first = stream.packet(b"one", timestamp=1, marker=False)
    second = stream.packet(b"two", timestamp=2**32 + 5, marker=True)

    assert node_rtp.parse(first) == node_rtp.Packet(
        96, is_marked=False, sequence=0xFFFF, timestamp=1, ssrc=7, extensions={}, payload=b"one"
    )
    assert node_rtp.parse(second) == node_rtp.Packet(
        96, is_marked=True, sequence=0, timestamp=5, ssrc=7, extensions={}, payload=b"two"
    )
    assert stream.history == {0xFFFF: first, 0: second}


def test_a_stream_forgets_old_packets():
    stream = rtp.Stream(ssrc=7, payload_type=96, clock_rate=90_000)

    for number in range(rtp.HISTORY_PACKETS + 3):
        stream.packet(b"", timestamp=number, marker=False)

    assert sorted(stream.history) == list(range(3, rtp.HISTORY_PACKETS + 3))


@given(st.binary(min_size=1, max_size=5_000), st.integers(0, 2**20))
def test_vp8_payloads_join_to_the_frame(frame, picture_id):
    payloads = rtp.vp8_payloads(frame, picture_id=picture_id)

    assert b"".join(payload[4:] for payload in payloads) == frame
    assert [bool(payload[0] & 0x10) for payload in payloads] == [True] + [False] * (len(payloads) - 1)
    assert {struct.unpack("!H", payload[2:4])[0] & 0x7FFF for payload in payloads} == {picture_id & 0x7FFF}
    assert max(map(len, payloads)) <= rtp.PAYLOAD_BYTES_MAX + 4


def test_h264_payloads_cut_large_units_only():
    small, large = b"\x67" + b"a" * 20, b"\x65" + b"b" * 3_000

    payloads = rtp.h264_payloads(b"\0\0\0\1" + small + b"\0\0\1" + large)

    assert payloads[0] == small
    assert [payload[:2].hex() for payload in payloads[1:]] == ["7c85", "7c05", "7c45"]
    assert b"".join(payload[2:] for payload in payloads[1:]) == large[1:]


def test_feedback_reads_reports_nacks_and_key_frame_requests():
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 22, 100, 0b101)
    compound = rtp.receiver_report(ssrc=1, source=22, highest=9, loss_ratio=0.25) + nack
    compound += rtp.keyframe_request(ssrc=1, source=22)

    assert list(rtp.feedback(compound)) == [
        rtp.Reception(22, 0.25, 0),
        rtp.Nack(22, (100, 101, 103)),
        rtp.KeyframeWanted(22),
    ]


def test_feedback_reads_a_full_intra_request():
    request = struct.pack("!BBHIIIBBH", 0x84, 206, 4, 1, 0, 22, 1, 0, 0)

    assert list(rtp.feedback(request)) == [rtp.KeyframeWanted(22)]


@given(st.binary(max_size=200))
def test_feedback_survives_any_bytes(noise):
    for said in rtp.feedback(noise):
        assert said.ssrc >= 0


def test_retransmission_carries_the_old_number_first():
    packet = rtp.Stream(22, 96, 90_000, sequence=513).packet(b"abc", timestamp=9, marker=True)

    again = node_rtp.parse(rtp.as_retransmission(packet, rtp.Stream(23, 97, 90_000)))

    assert (again.ssrc, again.payload_type, again.timestamp, again.payload) == (23, 97, 9, b"\x02\x01abc")


def test_rtcp_is_told_from_rtp():
    stream = rtp.Stream(22, 96, 90_000)

    assert rtp.is_rtcp(stream.report(at=0.0, timestamp=0))
    assert not rtp.is_rtcp(stream.packet(b"abc", timestamp=0, marker=True))
