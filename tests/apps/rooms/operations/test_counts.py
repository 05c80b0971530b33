from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.apps.rooms.conftest import NOON, Scene
from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_broadcast, make_room, make_watch_session
from vasistas.apps.rooms import operations
from vasistas.apps.rooms.models import Ban, Broadcast, Room, WatchSession
from vasistas.media.port import NodeEvent
from vasistas.realtime import events as wire
from vasistas.realtime import testing

pytestmark = pytest.mark.django_db

OFFER = "v=0\r\n"
S1, S2, V1, V2 = "1" * 32, "2" * 32, "a" * 32, "b" * 32


def live(scene: Scene) -> Room:
    room = make_room()
    operations.go_live(room=room, session=S1, offer=OFFER, ingest="browser", takeover=False, at=scene.at)
    scene.follow()
    room.refresh_from_db()
    return room


def watch(scene: Scene, room: Room, session: str = V1, subject_id: int | None = None) -> WatchSession:
    operations.watch(room=room, session=session, offer=OFFER, subject_id=subject_id, at=scene.at)
    scene.follow()
    return WatchSession.objects.get(session=session)


def test_delivered_seconds_are_cumulative_and_never_go_back(scene: Scene) -> None:
    room = live(scene)
    row = watch(scene, room)
    scene.node.deliver(V1, seconds=5, lost_ratio=0.02)
    scene.node.deliver(V1, seconds=5, lost_ratio=0.01)
    scene.follow()
    late = NodeEvent(type="delivered", at=scene.at.timestamp(), room=str(room.pk), session=V1, delivered_s=5)
    operations.apply_node_event(late, at=scene.at)
    row.refresh_from_db()
    assert row.delivered_s == 10


def test_a_viewer_counts_while_connected_and_the_peak_stays(scene: Scene, django_capture_on_commit_callbacks) -> None:
    room = live(scene)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        watch(scene, room, V1)
        watch(scene, room, V2)
    counted = [(channel, event.count) for channel, event in told if isinstance(event, wire.ViewersCounted)]
    assert counted == [(f"room:{room.pk}", 1), ("lobby", 1), (f"room:{room.pk}", 2), ("lobby", 2)]
    scene.node.lose(V1)
    scene.follow()
    room.refresh_from_db()
    assert room.viewer_count == 1
    assert Broadcast.objects.get().peak_viewers == 2
    assert WatchSession.objects.get(session=V1).ended_at == scene.at


def test_a_session_that_left_does_not_join_again(scene: Scene) -> None:
    room = live(scene)
    row = watch(scene, room)
    scene.node.lose(V1)
    scene.follow()
    again = NodeEvent(type="viewer.joined", at=scene.at.timestamp(), room=str(room.pk), session=V1)
    operations.apply_node_event(again, at=scene.at)
    row.refresh_from_db()
    assert row.ended_at == scene.at


def test_events_of_unknown_sessions_and_odd_rooms_do_nothing(scene: Scene) -> None:
    batch = [
        NodeEvent(type=kind, at=scene.at.timestamp(), room="not a room", session="f" * 32)
        for kind in ("publisher.joined", "publisher.left", "viewer.joined", "viewer.left", "delivered")
    ]
    assert operations.apply_node_events(batch, at=scene.at) == set()
    assert not Broadcast.objects.exists()


def test_one_bad_event_stops_no_other(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    room = live(scene)
    row = make_watch_session(room, session=V2, joined_at=scene.at)
    bad = NodeEvent(type="delivered", at=float("nan"), room=str(room.pk), session=V2, delivered_s=1)
    good = NodeEvent(type="delivered", at=scene.at.timestamp(), room=str(room.pk), session=V2, delivered_s=7)
    operations.apply_node_events([bad, good], at=scene.at)
    row.refresh_from_db()
    assert row.delivered_s == 7
    assert "could not be applied" in caplog.text
    assert V2 not in caplog.text


def test_a_new_node_makes_rooms_away_and_ends_what_was_watched(scene: Scene) -> None:
    room = live(scene)
    watch(scene, room)
    scene.later(seconds=10)
    started = NodeEvent(type="node.started", at=scene.at.timestamp())
    operations.apply_node_events([started], at=scene.at)
    operations.count_viewers(room_ids={room.pk})
    room.refresh_from_db()
    assert (room.state, room.viewer_count) == ("away", 0)


def test_reading_a_nodes_events_from_the_start_changes_nothing(scene: Scene) -> None:
    room = live(scene)
    watch(scene, room)
    operations.apply_node_events(scene.node.events(after="", wait_s=0).events, at=scene.later(minutes=5))
    operations.count_viewers(room_ids={room.pk})
    room.refresh_from_db()
    assert (room.state, room.viewer_count) == ("live", 1)
    assert Broadcast.objects.get().lost_at is None


def test_reconcile_ends_what_the_node_does_not_know(scene: Scene) -> None:
    room = live(scene)
    watch(scene, room)
    gone = make_watch_session(room, joined_at=scene.at)
    lost = make_room(make_host(make_member("Mira")), state="live")
    operations.reconcile(at=scene.at)
    room.refresh_from_db()
    lost.refresh_from_db()
    gone.refresh_from_db()
    assert (room.state, lost.state, gone.ended_at) == ("live", "away", scene.at)
    assert WatchSession.objects.get(session=V1).ended_at is None


def test_health_goes_to_the_studio_and_finds_the_lost(scene: Scene, django_capture_on_commit_callbacks) -> None:
    room = live(scene)
    lost = make_room(make_host(make_member("Mira")), state="live")
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        operations.measure_health(at=scene.at)
    health = [(channel, event) for channel, event in told if isinstance(event, wire.HealthMeasured)]
    assert [(channel, event.bitrate_bps) for channel, event in health] == [(f"studio:{room.pk}", 1_000_000)]
    lost.refresh_from_db()
    assert lost.state == "away"


# -- sweep: what time takes away -------------------------------------------------------------------------------------

SWEPT = [
    # what the host did, seconds since, state then
    ("lost", 59, "away"),
    ("lost", 61, "offline"),
    ("paused", 61, "away"),
    ("paused", 1801, "offline"),
    ("starting", 59, "starting"),
    ("starting", 61, "offline"),
    ("live", 10_000, "live"),
]


@pytest.mark.parametrize(("did", "seconds", "then"), SWEPT)
def test_sweep_ends_what_waited_too_long(scene: Scene, did: str, seconds: int, then: str) -> None:
    if did == "starting":
        room = make_room(state="starting", state_at=NOON)
        make_broadcast(room, session=S1, started_at=NOON)
    else:
        room = live(scene)
    if did == "lost":
        scene.node.lose(S1)
        scene.follow()
    if did == "paused":
        operations.set_away(room=room, is_away=True, at=scene.at)
    operations.sweep(at=scene.later(seconds=seconds))
    room.refresh_from_db()
    assert room.state == then


@pytest.mark.parametrize("barred", ["suspended", "account closed", "suspended in private"])
def test_sweep_closes_the_room_of_a_barred_host(scene: Scene, barred: str) -> None:
    room = live(scene)
    if barred == "suspended in private":
        Room.objects.update(state="private")
    if barred == "account closed":
        type(room.host.member).objects.update(is_active=False)
    else:
        type(room.host).objects.update(is_suspended=True)
    operations.sweep(at=scene.at)
    room.refresh_from_db()
    assert room.state == "offline"
    assert scene.node.node_stats().publishers == 0
    assert Broadcast.objects.get().end_reason == "staff"


def test_sweep_mends_a_room_without_a_broadcast(scene: Scene) -> None:
    room = make_room(state="starting")
    operations.sweep(at=scene.at)
    room.refresh_from_db()
    assert room.state == "offline"


def test_sweep_deletes_watch_sessions_that_never_were(scene: Scene) -> None:
    room = make_room()
    young = make_watch_session(room, started_at=NOON - timedelta(days=30), joined_at=NOON, ended_at=NOON)
    make_watch_session(room, started_at=NOON - timedelta(seconds=61))
    operations.sweep(at=NOON)
    assert {row.pk for row in WatchSession.objects.all()} == {young.pk}


def test_sweep_closes_what_the_banned_still_watch(scene: Scene) -> None:
    room = live(scene)
    max_ = make_member("Max")
    watch(scene, room, subject_id=max_.subject_id)
    watch(scene, room, V2, subject_id=make_member("Vi").subject_id)
    Ban.objects.create(room=room, member=max_, at=scene.at)
    operations.sweep(at=scene.at)
    scene.follow()
    assert {row.session for row in WatchSession.objects.filter(ended_at=None)} == {V2}


def test_sweep_deletes_pictures_nobody_names(scene: Scene) -> None:
    named = default_storage.save("thumbnails/1-aa.webp", ContentFile(b"named"))
    orphan = default_storage.save("thumbnails/1-bb.webp", ContentFile(b"orphan"))
    make_room(thumbnail="1-aa.webp")
    later = default_storage.get_modified_time(orphan) + timedelta(seconds=61)
    operations.sweep(at=later)
    assert (default_storage.exists(named), default_storage.exists(orphan)) == (True, False)


def test_sweep_counts_again_in_as_many_queries_for_three_rooms_as_for_one(scene: Scene) -> None:
    wrong = live(scene)
    Room.objects.update(viewer_count=7)  # as if an event was lost
    operations.sweep(at=scene.at)
    wrong.refresh_from_db()
    assert wrong.viewer_count == 0
    with CaptureQueriesContext(connection) as one:
        operations.sweep(at=scene.at)
    for name in ("Mira", "Otto"):
        make_room(make_host(make_member(name, password=None)), state="live")
    with CaptureQueriesContext(connection) as three:
        operations.sweep(at=scene.at)
    assert len(three) == len(one)
