import struct

import pytest

from vasistas.media.sfu import rtp
from vasistas.media.sfu.output import Output, Variant

KEY, INTER = b"\x10\x00key", b"\x10\x01inter"


def packet(sequence, timestamp, payload=INTER, *, is_marked=False):
    return rtp.Packet(96, is_marked, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, 42, {}, payload)


@pytest.fixture
def output():
    return Output(rid="", clock_hz=90_000, codec="vp8", began_at=10.0)


def take(output, extended, timestamp, at, payload=INTER):
    return output.take(packet(extended, timestamp, payload), extended, b"", at)


def variant(**over):
    return Variant(**{"payload_type": 100, "ssrc": 7, "abs_send_time_id": 2, "orientation_id": 13, **over})


def test_numbers_begin_where_the_room_is(output):
    first = take(output, 70_000, 555, 12.0)
    second = take(output, 70_001, 555 + 3_000, 12.03)

    assert first.timestamp == 180_000
    assert (second.sequence - first.sequence, second.timestamp - first.timestamp) == (1, 3_000)


def test_another_sender_continues_numbers_and_time(output):
    before = take(output, 70_000, 555, 12.0)
    output.rebase()
    after = take(output, 300_000, 4_000_000_000, 14.0)

    assert after.sequence == before.sequence + 1
    assert (after.timestamp - before.timestamp) % 2**32 == 180_000


def test_packets_from_before_the_beginning_are_dropped(output):
    take(output, 70_000, 0, 12.0)
    output.rebase()
    take(output, 500, 0, 13.0)

    assert take(output, 499, 0, 13.0) is None


def test_kept_packets_are_found_by_the_viewers_numbers(output):
    kept = [take(output, 70_000 + number, number, 12.0) for number in range(2_000)]

    assert output.kept(kept[-1].sequence & 0xFFFF, 0) is kept[-1]
    assert output.kept((kept[-1].sequence + 5) & 0xFFFF, 5) is kept[-1]
    assert output.kept(kept[0].sequence & 0xFFFF, 0) is None


def test_each_variant_is_built_once_and_sent_to_all_of_its_viewers(output):
    got = {"vi": [], "max": [], "bo": []}
    for name, form in (("vi", variant()), ("max", variant()), ("bo", variant(payload_type=120, sequence_shift=5))):
        output.join(name, form, got[name].append)

    output.send(take(output, 70_000, 0, 12.0, KEY))

    assert got["vi"][0] is got["max"][0]
    vi, bo = rtp.parse(got["vi"][0]), rtp.parse(got["bo"][0])
    assert (vi.payload_type, bo.payload_type) == (100, 120)
    assert bo.sequence - vi.sequence == 5
    assert vi.payload == bo.payload == KEY
    assert list(vi.extensions) == [2]
    assert output.sent == 3


def test_a_closed_track_stops_nobody_else(output):
    def closed(_data):
        raise RuntimeError

    got = []
    output.join("max", variant(), closed)
    output.join("vi", variant(), got.append)

    output.send(take(output, 70_000, 0, 12.0))

    assert len(got) == 1
    assert output.failed == 1


def test_the_last_viewer_takes_the_group_along(output):
    group = output.join("vi", variant(), lambda _: True)

    output.leave("vi", group)

    assert output.groups == {}


def test_orientation_is_passed_on(output):
    kept = output.take(packet(1, 0), 70_000, b"\x01", 12.0)

    assert rtp.parse(variant().build(kept, b"abc")).extensions == {2: b"abc", 13: b"\x01"}
    assert rtp.parse(variant(abs_send_time_id=0, orientation_id=0).build(kept, b"abc")).extensions == {}


def test_a_key_frame_answers_the_request_and_tells_the_size(output):
    output.is_key_wanted = True
    frame = b"\x10" + b"\x00\x00\x00" + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 360)

    assert take(output, 70_000, 0, 12.0, frame).is_key
    assert not output.is_key_wanted
    assert output.size == (640, 360)


def test_the_senders_clock_is_told_forward(output):
    kept = take(output, 70_000, 1_000, 12.0)
    output.note_clock(5 << 32, 1_000, 12.0)

    assert output.clock_at(12.5) == ((5 << 32) + 2**31, kept.timestamp + 45_000)
