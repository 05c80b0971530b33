"""The follower against a node in memory that dies, comes back and lies."""

import threading
from collections.abc import Callable

import pytest
from django.utils import timezone

from tests.apps.rooms.conftest import Scene
from tests.factories.rooms import make_room
from vasistas import media
from vasistas.apps.rooms import operations, tasks
from vasistas.apps.rooms.models import Room, WatchSession
from vasistas.guard.purposes import processing
from vasistas.media.fake import FakeMedia
from vasistas.media.port import EventBatch, NodeUnreachable

pytestmark = pytest.mark.django_db

OFFER, S1, S2, V1 = "v=0\r\n", "1" * 32, "2" * 32, "a" * 32


class Script:
    """A port whose `events` runs one act per poll; after the last, the loop is told to stop."""

    def __init__(self, node: FakeMedia, stop: threading.Event, acts: list[Callable[[], None]]) -> None:
        self.node, self.stop, self.acts = node, stop, acts
        self.cursors: list[str] = []
        self.is_new = False

    def __getattr__(self, name: str):
        return getattr(self.node, name)

    def events(self, *, after: str, wait_s: float) -> EventBatch:
        self.cursors.append(after)
        if self.acts:
            with processing("test"):  # others act, and the test looks, while the follower waits
                self.acts.pop(0)()
        if not self.acts:
            self.stop.set()
        if self.is_new:
            self.is_new = False
            batch = self.node.events(after="", wait_s=wait_s)
            return EventBatch(cursor=batch.cursor, events=batch.events, is_gap=True)
        return self.node.events(after=after, wait_s=wait_s)

    def restart(self, node: FakeMedia) -> None:
        """Be another process that knows nothing of the former one's sessions and says so."""
        self.node, self.is_new = node, True


def follow(scene: Scene, *acts: Callable[[], None], clock: Callable[[], float] | None = None) -> Script:
    stop = threading.Event()
    script = Script(scene.node, stop, list(acts))
    media.configure(script)
    seconds = iter(range(0, 100_000, 40))  # everything is due each time
    tasks.follow_media(port=script, stop=stop, clock=clock or (lambda: next(seconds)), pause_s=0)
    return script


@pytest.fixture(autouse=True)
def now(scene: Scene) -> None:
    """The loop reads the clock itself."""
    scene.at = timezone.now()


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop runs in the test's own transaction here, which it must not close."""
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    monkeypatch.setattr(tasks.connections, "close_all", lambda: None)
    monkeypatch.setattr(tasks, "RETRY_S", 0)


def go_live(scene: Scene, room: Room, session: str = S1) -> None:
    operations.go_live(room=room, session=session, offer=OFFER, ingest="browser", takeover=False, at=scene.at)


def watch(scene: Scene, room: Room) -> None:
    room.refresh_from_db()
    operations.watch(room=room, session=V1, offer=OFFER, subject_id=None, at=scene.at)


def test_the_follower_brings_rooms_on_air_and_counts(scene: Scene) -> None:
    room = make_room()
    script = follow(scene, lambda: go_live(scene, room), lambda: watch(scene, room))
    room.refresh_from_db()
    assert (room.state, room.viewer_count) == ("live", 1)
    assert script.cursors == ["", "2"]


def test_a_silent_node_is_asked_again_and_time_goes_on(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    make_room(state="starting")  # left behind by a crash: the sweep's business, not the node's

    def silent() -> None:
        raise NodeUnreachable("The media server does not answer.")

    script = follow(scene, silent, silent, lambda: None)
    assert script.cursors == ["", "", ""]
    assert caplog.text.count("does not answer") == 1
    assert Room.objects.get().state == "offline"


def test_a_failure_is_logged_without_persons_and_survived(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    room = make_room()

    def broken() -> None:
        raise RuntimeError("out of luck")

    follow(scene, broken, lambda: go_live(scene, room))
    room.refresh_from_db()
    assert room.state == "live"
    assert "Following the media node failed" in caplog.text
    assert room.host.member.email not in caplog.text


def test_a_killed_node_makes_rooms_away_and_the_host_comes_back(scene: Scene) -> None:
    room = make_room()

    def die() -> None:
        scene.later(seconds=5)
        media.get_port().restart(FakeMedia(clock=scene._now))

    def check_away() -> None:
        room.refresh_from_db()
        assert room.state == "away"

    def come_back() -> None:
        go_live(scene, room, S2)

    follow(scene, lambda: go_live(scene, room), lambda: watch(scene, room), die, lambda: None, check_away, come_back)
    room.refresh_from_db()
    assert room.state == "live"
    assert WatchSession.objects.get().ended_at is not None


def test_the_loop_ends_when_told(scene: Scene) -> None:
    stop = threading.Event()
    stop.set()
    script = Script(scene.node, stop, [])
    tasks.follow_media(port=script, stop=stop, pause_s=0)
    assert script.cursors == []
