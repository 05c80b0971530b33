import pytest

from tests.media.sfu import offers
from vasistas.media.sfu import rtcp, rtp, sdp, vp8
from vasistas.media.sfu.output import Output
from vasistas.media.sfu.viewer import RETRANSMISSION_SSRC, VIDEO_SSRC, Track, Viewer

KEY, INTER = b"\x10\x00key", b"\x10\x01inter"


class Setting:
    """A viewer of two layers, l and h, whose outgoing packets are in `sent`."""

    def __init__(self):
        choice = sdp.choose_published(sdp.parse(offers.offer(offers.video())).sections[0])
        self.sent = []
        self.viewer = Viewer("vi", video=Track(choice, self._send), audio=None, joined_at=0.0)
        self.low = Output(rid="l", clock_hz=90_000, codec="vp8", began_at=0.0)
        self.high = Output(rid="h", clock_hz=90_000, codec="vp8", began_at=0.0)
        self._numbers = {"l": 70_000, "h": 90_000}

    def _send(self, data):
        self.sent.append(rtp.parse(data))
        return True

    def packet(self, output, at, payload=INTER):
        number = self._numbers[output.rid] = self._numbers[output.rid] + 1
        incoming = rtp.Packet(
            96,
            is_marked=False,
            sequence=number & 0xFFFF,
            timestamp=int(at * 90_000),
            ssrc=1,
            extensions={},
            payload=payload,
        )
        kept = output.take(incoming, number, b"", at)
        if kept.is_key and self.viewer.waiting is output:
            self.viewer.switch(kept)
        output.send(kept)
        return kept

    def read(self, data, at=1.0):
        return self.viewer.read(data, at, {})


@pytest.fixture
def setting():
    return Setting()


def test_video_begins_with_a_key_frame(setting):
    setting.viewer.await_key_frame(setting.low)

    setting.packet(setting.low, 1.0)
    assert setting.sent == []
    setting.packet(setting.low, 1.1, KEY)
    setting.packet(setting.low, 1.2)

    assert [packet.payload for packet in setting.sent] == [KEY, INTER]


def test_a_change_of_layer_leaves_no_seam(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    setting.packet(setting.high, 1.0)
    setting.viewer.await_key_frame(setting.high)
    setting.packet(setting.low, 1.03)
    setting.packet(setting.high, 1.03, KEY)
    setting.packet(setting.low, 1.06)
    setting.packet(setting.high, 1.06)

    numbers = [packet.sequence for packet in setting.sent]
    times = [packet.timestamp for packet in setting.sent]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert times == sorted(set(times))
    assert {packet.ssrc for packet in setting.sent} == {VIDEO_SSRC}


def test_lost_packets_are_sent_again_with_limits(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    wanted = rtcp.nack(1, VIDEO_SSRC, [setting.sent[0].sequence])

    setting.read(wanted, 1.0)
    setting.read(wanted, 1.01)  # too soon
    for at in (1.1, 1.2, 1.3, 1.4):
        setting.read(wanted, at)

    assert [packet.payload for packet in setting.sent] == [KEY] * 4
    assert setting.viewer.resent == 3


def test_a_packet_from_before_a_change_of_layer_is_sent_as_it_was(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    setting.packet(setting.low, 1.03, b"\x10\x01last of low")
    for _ in range(5):
        setting.packet(setting.high, 1.03)
    setting.viewer.await_key_frame(setting.high)
    setting.packet(setting.high, 1.06, KEY)
    lost = setting.sent[1]

    setting.read(rtcp.nack(1, VIDEO_SSRC, [lost.sequence]), 1.1)

    again = setting.sent[-1]
    assert (again.sequence, again.timestamp, again.payload) == (lost.sequence, lost.timestamp, lost.payload)


def test_frame_numbers_go_on_after_a_change_of_layer(setting):
    def frame(picture, tl0, *, key=False):
        return b"\x90\xe0" + (0x8000 | picture).to_bytes(2) + bytes((tl0, 0)) + (b"\x00" if key else b"\x01")

    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, frame(0x7FFF, 255, key=True))
    setting.viewer.await_key_frame(setting.high)
    setting.packet(setting.high, 1.03, frame(500, 7, key=True))
    setting.packet(setting.high, 1.06, frame(501, 8))

    found = [vp8.numbers(packet.payload) for packet in setting.sent]
    assert [(one.picture, one.tl0) for one in found] == [(0x7FFF, 255), (0, 0), (1, 1)]


def test_resending_stays_below_a_share_of_the_rate(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY + b"x" * 1_000)
    for _ in range(100):
        setting.packet(setting.low, 1.0, INTER + b"x" * 1_000)

    setting.read(rtcp.nack(1, VIDEO_SSRC, [packet.sequence for packet in setting.sent]), 1.0)

    assert setting.viewer.resent == 29  # of 1 kB each; the burst is 30 kB


def test_a_picture_loss_asks_for_a_key_frame(setting):
    assert setting.read(rtcp.picture_loss(1, VIDEO_SSRC))
    assert not setting.read(rtcp.picture_loss(1, 99))


def test_a_second_counts_when_packets_went_out_and_half_arrived(setting):
    viewer = setting.viewer
    viewer.await_key_frame(setting.low)

    def second(at, highest, lost):
        setting.packet(setting.low, at, KEY)
        block = rtcp.Block(VIDEO_SSRC, fraction_lost=255, lost=lost, highest=highest, jitter=0, last_sr=0, delay=0)
        setting.read(rtcp.receiver_report(1, [block]), at)
        viewer.count_second(at)
        return viewer.delivered_s

    assert second(1.0, 100, 0) == 1
    assert second(2.0, 200, 40) == 2
    assert second(3.0, 300, 100) == 2
    viewer.count_second(4.0)  # nothing went out
    assert viewer.delivered_s == 2
    assert viewer.lost_ratio == pytest.approx(0.5)


def test_without_a_report_nothing_counts(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    setting.viewer.count_second(1.0)

    assert setting.viewer.delivered_s == 0


def test_probes_are_retransmissions_of_what_was_sent(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    original = setting.sent[0].sequence
    setting.viewer.chooser.probe_bps = 8_000

    setting.viewer.probe(0.005, 1.0)

    probe = setting.sent[-1]
    assert (probe.ssrc, probe.payload_type) == (RETRANSMISSION_SSRC, 97)
    assert probe.payload == original.to_bytes(2) + KEY


def test_leaving_lets_go_of_everything(setting):
    setting.viewer.await_key_frame(setting.low)
    setting.packet(setting.low, 1.0, KEY)
    size = setting.viewer.size_bytes

    setting.viewer.leave()
    setting.packet(setting.low, 1.1)

    assert setting.low.groups == {}
    assert setting.viewer.video is None
    assert len(setting.sent) == 1
    assert setting.viewer.size_bytes == size > 0
