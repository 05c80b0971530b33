import struct

from hypothesis import given
from hypothesis import strategies as st

from vasistas.media.sfu import rtcp


def test_reports_come_back_as_written():
    block = rtcp.Block(ssrc=7, fraction_lost=12, lost=-3, highest=70_000, jitter=9, last_sr=5, delay=6)

    feedback = rtcp.parse(rtcp.receiver_report(1, [block]) + rtcp.source_description(1))

    assert feedback.blocks == [block]


def test_sender_reports_come_back_as_written():
    data = rtcp.sender_report(7, ntp=rtcp.ntp_time(1_000.5), timestamp=99, packets=3, size_bytes=4)

    assert rtcp.parse(data).sender_reports == [rtcp.SenderReport(7, rtcp.ntp_time(1_000.5), 99)]


def test_nack_packs_neighbours_and_wraps():
    data = rtcp.nack(1, 7, [65_534, 65_535, 3, 100])

    assert len(data) == 12 + 2 * 4
    assert rtcp.parse(data).nacks == [(7, 65_534), (7, 65_535), (7, 3), (7, 100)]


def test_picture_loss_and_full_intra_requests_are_read():
    full = struct.pack("!BBHIIIBBH", 0x84, 206, 4, 1, 0, 8, 1, 0, 0)

    assert rtcp.parse(rtcp.picture_loss(1, 7) + full).key_frame_ssrcs == [7, 8]


def test_remb_is_read():
    exponent, mantissa = 3, 150_000
    value = (exponent << 18 | mantissa).to_bytes(3)
    body = struct.pack("!II", 1, 0) + b"REMB" + b"\x01" + value + struct.pack("!I", 7)
    data = struct.pack("!BBH", 0x8F, 206, len(body) // 4) + body

    assert rtcp.parse(data).remb_bps == 1_200_000


def test_reference_times_are_echoed():
    body = struct.pack("!IBBH", 1, 5, 0, 3) + struct.pack("!III", 9, 1234, 65_536)
    data = struct.pack("!BBH", 0x80, 207, len(body) // 4) + body

    assert rtcp.parse(data).reference_echoes == [(1234, 65_536)]
    assert rtcp.parse(rtcp.reference_time(1, 5)).reference_echoes is None


@given(st.binary(max_size=120))
def test_parse_survives_anything(data):
    rtcp.parse(data)


@given(st.binary(max_size=60), st.sampled_from([0x80, 0x81, 0x84, 0x8F, 0x9F]), st.integers(200, 207))
def test_parse_survives_any_body(body, first, kind):
    body = body[: len(body) // 4 * 4]
    rtcp.parse(struct.pack("!BBH", first, kind, len(body) // 4) + body)


def test_transport_feedback_is_what_the_draft_says():
    """Three packets at 64 ms, 65 ms and (late) 164 ms; one lost between."""
    data = rtcp.transport_feedback(1, 2, 5, [(10, 0.064), (11, 0.065), (12, None), (13, 0.164)])

    first, kind, words = struct.unpack_from("!BBH", data)
    assert (first & 0x1F, kind, 4 + 4 * words) == (15, 205, len(data))
    sequence, count = struct.unpack_from("!HH", data, 12)
    assert (sequence, count) == (10, 4)
    assert int.from_bytes(data[16:19]) == 1  # 64 ms
    assert data[19] == 5
    assert struct.unpack_from("!H", data, 20)[0] == 0b11_01_01_00_10_00_00_00
    assert data[22:24] == bytes((0, 4))  # 0 and 1 ms in 250 µs
    assert struct.unpack_from("!h", data, 24)[0] == 396  # 99 ms
    assert first & 0x20
    assert data[-1] == 2


def test_ntp_middle_counts_in_65536ths():
    assert rtcp.middle(rtcp.ntp_time(10.5)) - rtcp.middle(rtcp.ntp_time(10.0)) == 32_768
