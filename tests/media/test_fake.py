import pytest

from vasistas import media
from vasistas.media.fake import FakeMedia
from vasistas.media.port import MediaPort, RoomBusy, RoomNotLive, SdpMalformed, SessionUnknown, SessionUsed

OFFER = "v=0\r\n"


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fake(clock):
    return FakeMedia(clock=clock)


def types(fake):
    return [event.type for event in fake.events(after="", wait_s=0).events]


def test_it_is_a_port_and_can_be_configured(fake):
    port: MediaPort = fake
    media.configure(port)

    assert media.get_port() is fake


def test_a_broadcast_from_beginning_to_end(fake):
    fake.publish(room="1", session="ada", offer=OFFER)
    fake.play(room="1", session="vi", offer=OFFER)
    fake.deliver("vi", seconds=5, lost_ratio=0.1, size_bytes=100)
    cursor = fake.events(after="", wait_s=0).cursor
    fake.close_session("ada")
    fake.close_room("1")

    assert types(fake)[:4] == ["node.started", "publisher.joined", "viewer.joined", "delivered"]
    later = fake.events(after=cursor, wait_s=0).events
    assert [(event.type, event.reason) for event in later] == [
        ("publisher.left", "kicked"),
        ("viewer.left", "room_closed"),
    ]
    assert (later[1].delivered_s, later[1].bytes) == (5, 100)


def test_rooms_have_one_publisher(fake):
    fake.publish(room="1", session="ada", offer=OFFER)

    with pytest.raises(RoomBusy):
        fake.publish(room="1", session="max", offer=OFFER)

    fake.publish(room="1", session="ada2", offer=OFFER, takeover=True)
    assert types(fake)[-2:] == ["publisher.left", "publisher.joined"]


def test_a_room_lingers_for_half_a_minute(fake, clock):
    fake.publish(room="1", session="ada", offer=OFFER)
    fake.lose("ada")
    fake.play(room="1", session="vi", offer=OFFER)
    clock.now += 31

    with pytest.raises(RoomNotLive):
        fake.play(room="1", session="max", offer=OFFER)

    assert fake.node_stats().rooms == 0


def test_refusals(fake):
    with pytest.raises(SdpMalformed):
        fake.publish(room="1", session="ada", offer="hello")
    with pytest.raises(RoomNotLive):
        fake.play(room="1", session="vi", offer=OFFER)
    with pytest.raises(SessionUnknown):
        fake.session_stats("vi")
    fake.probe(session="ada", offer=OFFER)
    with pytest.raises(SessionUsed):
        fake.publish(room="1", session="ada", offer=OFFER)
