import pytest

from tests.apps.rooms.conftest import NOON, Scene
from tests.factories.accounts import make_member
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import handlers, operations, queries
from vasistas.apps.rooms.events import StateChanged
from vasistas.apps.rooms.models import Broadcast, Room, WatchSession
from vasistas.lib.errors import NotAllowed
from vasistas.media.port import NodeUnreachable, RoomNotLive, SdpMalformed, SessionUnknown
from vasistas.realtime import events as wire
from vasistas.realtime import testing

pytestmark = pytest.mark.django_db

OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
S1, S2, V1 = "1" * 32, "2" * 32, "a" * 32


def go_live(scene: Scene, room: Room, session: str = S1, *, takeover: bool = False, offer: str = OFFER) -> None:
    operations.go_live(room=room, session=session, offer=offer, ingest="browser", takeover=takeover, at=scene.at)


def watch(scene: Scene, room: Room, session: str = V1, subject_id: int | None = None) -> None:
    room.refresh_from_db()
    operations.watch(room=room, session=session, offer=OFFER, subject_id=subject_id, at=scene.at)


def state(room: Room) -> str:
    room.refresh_from_db()
    return room.state


def test_going_live_is_starting_then_live_when_media_flows(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    assert state(room) == "starting"
    scene.follow()
    assert state(room) == "live"
    assert queries.open_broadcast(room).session == S1


@pytest.mark.parametrize(("ingest", "after"), [("whip", "offline"), ("browser", "live")])
def test_rotating_the_stream_key_ends_what_came_in_by_the_old_one(scene: Scene, ingest: str, after: str) -> None:
    room = make_room()
    operations.go_live(room=room, session=S1, offer=OFFER, ingest=ingest, takeover=False, at=scene.at)
    scene.follow()
    operations.rotate_stream_key(room=room, at=scene.at)
    scene.follow()
    assert state(room) == after


def test_a_malformed_offer_leaves_nothing_behind(scene: Scene) -> None:
    room = make_room()
    with pytest.raises(SdpMalformed):
        go_live(scene, room, offer="hello")
    assert state(room) == "offline"
    assert not Broadcast.objects.exists()


def test_a_second_publisher_is_refused_and_the_first_stays(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    with pytest.raises(operations.OnAirAlready):
        go_live(scene, room, S2)
    scene.follow()
    assert state(room) == "live"
    assert [row.session for row in Broadcast.objects.all()] == [S1]


def test_a_takeover_goes_on_in_one_broadcast_without_a_gap(scene: Scene, django_capture_on_commit_callbacks) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    started_at = scene.at
    scene.later(seconds=40)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        go_live(scene, room, S2, takeover=True)
        scene.follow()
    assert state(room) == "live"
    assert [(row.session, row.started_at, row.ended_at) for row in Broadcast.objects.all()] == [(S2, started_at, None)]
    assert [event for _, event in told if isinstance(event, wire.RoomStateChanged)] == []


def test_a_publisher_who_comes_back_goes_on(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    scene.later(seconds=5)
    scene.node.lose(S1)
    scene.follow()
    assert state(room) == "away"
    scene.later(seconds=20)
    go_live(scene, room, S2)
    assert state(room) == "away"  # until the picture is there
    scene.follow()
    assert state(room) == "live"
    assert [(row.session, row.lost_at) for row in Broadcast.objects.all()] == [(S2, None)]


def test_state_changes_reach_room_studio_and_lobby(scene: Scene, django_capture_on_commit_callbacks) -> None:
    room = make_room()
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        go_live(scene, room)
    changed = wire.RoomStateChanged(room_id=room.pk, slug=room.slug, state="starting", at=scene.at.timestamp())
    assert told == [(f"room:{room.pk}", changed), (f"studio:{room.pk}", changed), ("lobby", changed)]


def test_cut_ends_media_of_host_and_viewers_and_the_broadcast(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    watch(scene, room)
    scene.follow()
    scene.later(seconds=9)
    operations.cut(room=room, at=scene.at)
    assert scene.node.node_stats().peers_open == 0
    assert state(room) == "offline"
    scene.follow()
    broadcast = Broadcast.objects.get()
    assert (broadcast.ended_at, broadcast.end_reason, broadcast.peak_viewers) == (scene.at, "cut", 1)
    assert WatchSession.objects.get().ended_at == scene.at
    assert room.viewer_count == 0
    operations.cut(room=room, at=scene.later(seconds=1))  # a second press changes nothing
    assert Broadcast.objects.get().ended_at == broadcast.ended_at


def test_cut_ends_the_broadcast_here_even_when_the_node_is_silent(scene: Scene, monkeypatch) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()

    def silent(_room: str) -> None:
        raise NodeUnreachable("The media server does not answer.")

    monkeypatch.setattr(scene.node, "close_room", silent)
    with pytest.raises(NodeUnreachable):
        operations.cut(room=room, at=scene.at)
    assert state(room) == "offline"
    with pytest.raises(RoomNotLive):
        watch(scene, room)


def test_media_delivered_in_a_room_that_is_off_is_stopped(scene: Scene, django_capture_on_commit_callbacks) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    watch(scene, room)
    scene.follow()
    operations.end_broadcast(room=room, reason="cut", at=scene.at)  # in the books only: the node did not hear it
    scene.node.deliver(V1, seconds=5)
    with django_capture_on_commit_callbacks(execute=True):
        scene.follow()
    assert scene.node.node_stats().viewers == 0


def test_end_session_of_the_one_on_air_ends_the_broadcast(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    operations.end_session(room=room, session=S1, at=scene.later(minutes=1))
    assert state(room) == "offline"
    assert Broadcast.objects.get().end_reason == "ended"


def test_end_session_of_one_that_was_taken_over_leaves_the_next_alone(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    go_live(scene, room, S2, takeover=True)
    scene.follow()
    operations.end_session(room=room, session=S1, at=scene.at)
    assert state(room) == "live"


def test_end_session_of_the_former_page_while_the_next_takes_over_leaves_the_next_alone(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    go_live(scene, room, S2, takeover=True)
    operations.end_session(room=room, session=S1, at=scene.at)  # before we hear that the next one has joined
    scene.follow()
    assert (state(room), scene.node.node_stats().publishers) == ("live", 1)


def test_end_session_before_a_picture_takes_everything_back(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    operations.end_session(room=room, session=S1, at=scene.at)
    scene.follow()
    assert state(room) == "offline"
    assert not Broadcast.objects.exists()
    assert scene.node.node_stats().peers_open == 0


def test_set_away_pauses_and_comes_back_while_media_stays(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    operations.set_away(room=room, is_away=True, at=scene.at)
    assert state(room) == "away"
    operations.set_away(room=room, is_away=False, at=scene.at)
    assert state(room) == "live"
    assert scene.node.node_stats().publishers == 1


def test_set_away_needs_a_publisher(scene: Scene) -> None:
    room = make_room()
    with pytest.raises(operations.NotOnAir):
        operations.set_away(room=room, is_away=True, at=scene.at)
    go_live(scene, room)
    scene.follow()
    scene.node.lose(S1)
    scene.follow()
    with pytest.raises(operations.NotOnAir):
        operations.set_away(room=room, is_away=False, at=scene.at)


def test_a_suspended_host_cannot_go_live(scene: Scene) -> None:
    room = make_room()
    room.host.is_suspended = True
    with pytest.raises(NotAllowed) as refused:
        go_live(scene, room)
    assert refused.value.code == "rooms.suspended"
    assert scene.node.node_stats().peers_open == 0


def test_watching_needs_a_room_on_air(scene: Scene) -> None:
    room = make_room()
    with pytest.raises(RoomNotLive):
        watch(scene, room)
    assert not WatchSession.objects.exists()


def test_a_viewer_the_node_refuses_leaves_no_row(scene: Scene) -> None:
    room = make_room(state="live")  # here, but not on the node
    with pytest.raises(RoomNotLive):
        watch(scene, room)
    assert not WatchSession.objects.exists()


def test_leaving_ends_the_session_of_that_room_only(scene: Scene) -> None:
    room = make_room()
    go_live(scene, room)
    scene.follow()
    watch(scene, room, subject_id=make_member("Vi").subject_id)
    scene.follow()
    assert Room.objects.get().viewer_count == 1
    operations.leave(slug="another", session=V1)
    assert scene.node.node_stats().viewers == 1
    operations.leave(slug=room.slug, session=V1)
    operations.leave(slug=room.slug, session=V1)
    scene.follow()
    assert Room.objects.get().viewer_count == 0


def test_a_probe_is_measured_and_ended(scene: Scene) -> None:
    operations.probe(session=S1, offer=OFFER)
    assert queries.probe_stats(S1).bitrate_bps > 0
    operations.end_probe(session=S1)
    assert scene.node.node_stats().probes == 0


def test_probe_figures_show_no_other_session(scene: Scene) -> None:
    go_live(scene, make_room())
    with pytest.raises(SessionUnknown):
        queries.probe_stats(S1)


def test_the_state_of_an_adult_room_is_told_to_those_who_stated_their_age(
    scene: Scene, django_capture_on_commit_callbacks
) -> None:
    room = make_room(content_class="adult")
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        go_live(scene, room)
    assert [channel for channel, _ in told] == [f"room:{room.pk}", f"studio:{room.pk}", "lobby:adult"]


def test_lists_take_a_room_that_turned_private_for_an_offline_one() -> None:
    changed = StateChanged(room_id=7, slug="ada", state="private", at=NOON, lobby="lobby")
    with testing.captured() as told:
        handlers.push_state(changed)
    assert [(channel, event.state) for channel, event in told if isinstance(event, wire.RoomStateChanged)] == [
        ("room:7", "private"),
        ("studio:7", "private"),
        ("lobby", "offline"),
    ]


def test_a_host_whose_account_is_closed_cannot_go_live_by_any_key(scene: Scene) -> None:
    room = make_room()
    key = operations.rotate_stream_key(room=room, at=scene.at)
    Member.objects.filter(pk=room.host.member_id).update(is_active=False)
    found = queries.room_by_stream_key(key)
    assert found is not None
    with pytest.raises(NotAllowed):
        go_live(scene, found)
