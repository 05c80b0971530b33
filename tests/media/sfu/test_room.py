import queue
import threading

import pytest

from tests.media.sfu import offers
from vasistas.media.sfu import limits, rtcp, rtp, sdp
from vasistas.media.sfu.ingress import Ingress
from vasistas.media.sfu.room import Room
from vasistas.media.sfu.viewer import VIDEO_SSRC, Track, Viewer

PATIENCE_S = 10.0


class Setting:
    """A room of its own thread with a publisher whose packets we write, and what it says back in `asked`."""

    def __init__(self):
        self.lost = queue.SimpleQueue()
        self.asked = queue.SimpleQueue()
        self.room = Room("1", bitrate_bps_max=1_000_000, on_lost=lambda *what: self.lost.put(what))
        self.choice = sdp.choose_published(sdp.parse(offers.offer(offers.video())).sections[0])
        self.room.codec = self.choice.codec
        self.ingress = Ingress(
            video=self.choice,
            audio=None,
            outputs=self.room.output,
            send=self.asked.put,
            forward=self.room.forward,
        )
        self.enter = self.room.budgeted_entrance(self.ingress.receive, "ada")
        self.do(lambda: self.room.publish("ada", self.ingress))
        self._number = 0

    def do(self, function):
        """Run it in the room's thread and wait."""
        done = threading.Event()
        self.room.call(function)
        self.room.call(done.set)
        assert done.wait(PATIENCE_S)

    def packet(self, payload):
        self._number += 1
        self.enter(rtp.HEADER.pack(0x80, 96, self._number, self._number * 3_000, 42) + payload)

    def ask_for(self, kind):
        """Wait until the publisher was asked for this."""
        while True:
            feedback = rtcp.parse(self.asked.get(timeout=PATIENCE_S))
            if found := getattr(feedback, kind):
                return found


@pytest.fixture
def setting():
    made = Setting()
    yield made
    made.room.stop()
    made.room.thread.join(PATIENCE_S)


def join(setting, name="vi"):
    got = queue.SimpleQueue()
    track = Track(setting.choice, lambda data: got.put(rtp.parse(data)) if not rtp.is_rtcp(data) else None)
    viewer = Viewer(name, video=track, audio=None, joined_at=0.0)
    setting.do(lambda: setting.room.join(viewer))
    return viewer, got


def test_a_viewer_who_joins_asks_for_a_key_frame_and_begins_with_it(setting):
    setting.packet(b"\x10\x01inter")
    _, got = join(setting)

    assert setting.ask_for("key_frame_ssrcs") == [42]
    setting.packet(b"\x10\x01inter")
    setting.packet(b"\x10\x00key")
    assert got.get(timeout=PATIENCE_S).payload == b"\x10\x00key"


def test_a_viewer_who_waits_in_an_empty_room_is_served_when_video_comes(setting):
    _, got = join(setting)
    setting.packet(b"\x10\x01inter")

    assert setting.ask_for("key_frame_ssrcs") == [42]
    setting.packet(b"\x10\x00key")
    assert got.get(timeout=PATIENCE_S).payload == b"\x10\x00key"


def test_key_frame_requests_are_throttled_and_remembered(setting):
    setting.packet(b"\x10\x01inter")
    viewer, _ = join(setting)
    setting.ask_for("key_frame_ssrcs")
    take = setting.room.take_report(viewer)
    for _ in range(50):
        setting.do(lambda: take(rtcp.picture_loss(1, VIDEO_SSRC), setting.room.moved_at))

    assert setting.ask_for("key_frame_ssrcs") == [42]  # once more, by itself, after the pause
    assert setting.asked.qsize() < 10


def test_lost_packets_are_asked_for(setting):
    setting.packet(b"\x10\x00key")
    setting._number += 2
    setting.packet(b"\x10\x01inter")

    assert setting.ask_for("nacks") == [(42, 2), (42, 3)]


def test_a_flooding_viewer_is_heard_a_little(setting):
    taken = []
    enter = setting.room.entrance(lambda data, _at: taken.append(data))
    for _ in range(5_000):
        enter(b"\x80\xc9\x00\x00")
    setting.do(lambda: None)

    assert 0 < len(taken) <= 2 * limits.VIEWER_PACKETS_PER_S_MAX


def test_a_flooding_publisher_is_dropped(setting):
    for _ in range(limits.PUBLISHER_PACKETS_PER_S_MAX * 3):
        setting.enter(b"junk")
    setting.do(lambda: None)

    assert setting.room.dropped > 0
    assert setting.ingress.malformed <= 2 * limits.PUBLISHER_PACKETS_PER_S_MAX


def test_who_left_gets_nothing(setting):
    setting.packet(b"\x10\x00key")
    _, got = join(setting)
    setting.packet(b"\x10\x00key")
    got.get(timeout=PATIENCE_S)
    setting.do(lambda: setting.room.leave("vi"))
    setting.packet(b"\x10\x00key")
    setting.do(lambda: None)

    assert got.empty()
    assert setting.room.viewers == {}


def test_what_a_former_publisher_still_has_in_the_queue_is_dropped(setting):
    setting.packet(b"\x10\x00key")
    _, got = join(setting)
    setting.do(lambda: setting.room.unpublish(setting.ingress))
    setting.packet(b"\x10\x00key")
    setting.do(lambda: None)

    assert got.empty()
    assert setting.room.received == 1


def test_an_error_in_one_packet_stops_no_other(setting, caplog):
    def fail(_data, _at):
        raise ValueError

    setting.room.entrance(fail)(b"x")
    setting.packet(b"\x10\x00key")
    setting.do(lambda: None)

    assert setting.ingress.packets == 1
    assert "media.packet_failed" in caplog.text
