import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.media.sfu import rtcp, uplink


@given(st.integers(0, 1_000_000), st.integers(-30_000, 30_000))
def test_unwrap_finds_the_nearest(near, distance):
    wanted = near + distance
    assert uplink.unwrap(wanted & 0xFFFF, near) == wanted


@pytest.fixture
def receiver():
    return uplink.Receiver(7, 90_000)


def feed(receiver, numbers, at=1.0):
    return [receiver.receive(number & 0xFFFF, 0, at) for number in numbers]


def test_numbers_go_on_past_the_wrap(receiver):
    first, second, third = feed(receiver, [65_534, 65_535, 0])

    assert (second - first, third - first) == (1, 2)


def test_repeats_are_dropped_and_late_ones_taken(receiver):
    feed(receiver, [10, 11, 13])

    assert feed(receiver, [11]) == [None]
    assert feed(receiver, [12])[0] is not None
    assert feed(receiver, [12]) == [None]


def test_holes_are_asked_for_a_few_times(receiver):
    feed(receiver, [10, 13])

    assert receiver.wanted(1.0) == [11, 12]
    assert receiver.wanted(1.01) == []
    assert receiver.wanted(1.06) == [11, 12]
    assert [receiver.wanted(1.06 + 0.06 * count) for count in range(1, 6)][-1] == []
    assert receiver.missing == {}


def test_a_retransmission_fills_the_hole_once(receiver):
    feed(receiver, [10, 12])

    assert receiver.recover(11) is not None
    assert receiver.recover(11) is None
    assert receiver.recover(12) is None


def test_a_huge_hole_asks_for_a_key_frame_instead(receiver):
    feed(receiver, [10, 1_000])

    assert receiver.wanted(1.0) == []
    assert receiver.is_hole_too_large


def test_a_sender_that_counts_anew_is_followed(receiver):
    feed(receiver, [30_000, 30_001])

    assert feed(receiver, [5, 6, 7])[0] is None
    assert receiver.restarts == 1
    assert feed(receiver, [8])[0] is not None


def test_report_tells_losses_since_the_last_one(receiver):
    feed(receiver, [0, 1, 2, 3, 5, 6, 7])
    first = receiver.report(2.0)
    feed(receiver, [8, 9])
    second = receiver.report(3.0)

    assert (first.fraction_lost, first.lost) == (32, 1)
    assert (second.fraction_lost, second.lost) == (0, 1)


def test_report_echoes_the_latest_sender_report(receiver):
    feed(receiver, [1])
    receiver.note_sender_report(rtcp.ntp_time(100.0), 5.0)

    assert receiver.report(5.5).last_sr == rtcp.middle(rtcp.ntp_time(100.0))
    assert receiver.report(5.5).delay == 32_768


def test_arrivals_tell_each_packet_once():
    arrivals = uplink.Arrivals()
    for number in (65_535, 0, 2):
        arrivals.note(number, 1.0)

    assert arrivals.feedback(1, 2) is not None
    assert arrivals.feedback(1, 2) is None


def test_rate_counts_the_last_two_seconds():
    rate = uplink.Rate()
    rate.bits_per_s(0.0)
    rate.add(125_000)

    assert rate.bits_per_s(1.0) == 1_000_000
    assert rate.bits_per_s(2.0) == 500_000
    assert [rate.bits_per_s(at) for at in (3.0, 4.0, 5.0)][-1] == 0
