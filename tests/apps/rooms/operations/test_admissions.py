"""A closed room: who watched is out, who is admitted comes in, and nobody slips through in between."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.apps.rooms.conftest import NOON, Scene
from tests.factories.accounts import make_member
from tests.factories.rooms import make_room
from vasistas.apps.rooms import operations
from vasistas.apps.rooms.events import Delivered
from vasistas.apps.rooms.models import Admission, Room, State
from vasistas.lib import events
from vasistas.media.fake import FakeMedia
from vasistas.media.port import Answer, NodeUnreachable, RoomNotLive

pytestmark = pytest.mark.django_db
SHOW, HOST, V1, V2 = UUID(int=7), "a" * 32, "b" * 32, "c" * 32
OFFER = "v=0"


@pytest.fixture
def room(scene: Scene) -> Room:
    room = make_room()
    operations.go_live(room=room, session=HOST, offer=OFFER, ingest="browser", takeover=False, at=scene.at)
    scene.follow()
    return again(room)


def again(room: Room) -> Room:
    return Room.objects.with_host().get(pk=room.pk)


def watch(scene: Scene, room: Room, session: str, subject_id: int | None = None) -> Answer:
    return operations.watch(room=again(room), session=session, offer=OFFER, subject_id=subject_id, at=scene.at)


def close(scene: Scene, room: Room, *subjects: int) -> None:
    operations.close_public(room=room, admit=dict.fromkeys(subjects, "payer"), show=SHOW, at=scene.at)
    operations.end_unadmitted(room=room)


def is_open(scene: Scene, session: str) -> bool:
    return session in scene.node._sessions


def test_closing_ends_what_everybody_watched_and_lets_the_admitted_in(scene: Scene, room: Room) -> None:
    vi = make_member("Vi")
    watch(scene, room, V1)
    watch(scene, room, V2, vi.subject_id)
    scene.later(seconds=5)
    close(scene, room, vi.subject_id)
    assert not is_open(scene, V1)
    assert not is_open(scene, V2)  # theirs from before, too: what it delivered was public
    with pytest.raises(RoomNotLive):
        watch(scene, room, "d" * 32)
    watch(scene, room, "e" * 32, vi.subject_id)
    assert is_open(scene, "e" * 32)


def test_a_room_is_closed_once_and_only_while_live(scene: Scene, room: Room) -> None:
    close(scene, room)
    with pytest.raises(operations.NotOnAir):
        close(scene, room)
    with pytest.raises(operations.NotOnAir):
        operations.admit(room=room, subject_id=make_member("Vi").subject_id, role="spy", show=uuid4(), at=scene.at)


class _ClosingMeanwhile(FakeMedia):
    """A node on which the room is closed just before, or just after, it opens a session."""

    act: Callable[[], None] | None = None
    is_before = True

    def play(self, **words: str) -> Answer:
        act, self.act = self.act, None
        if act and self.is_before:
            act()
        answer = super().play(**words)
        if act and not self.is_before:
            act()
        return answer


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("who", ["admitted", "stranger"])
def test_whoever_comes_in_at_that_moment_is_out(
    scene: Scene, room: Room, monkeypatch: pytest.MonkeyPatch, moment: str, who: str
) -> None:
    vi = make_member("Vi")
    node = _ClosingMeanwhile(clock=scene._now)
    node.__dict__.update(scene.node.__dict__)
    node.is_before = moment == "before"
    node.act = lambda: close(scene, again(room), *([vi.subject_id] if who == "admitted" else []))
    monkeypatch.setattr("vasistas.media._configured", [node])
    before = again(room)
    scene.later(seconds=1)
    with pytest.raises(RoomNotLive):
        operations.watch(room=before, session=V1, offer=OFFER, subject_id=vi.subject_id, at=NOON)
    assert V1 not in node._sessions


def test_what_the_node_did_not_hear_the_sweep_tells_it_again(
    scene: Scene, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(scene, room, V1)
    scene.follow()
    with monkeypatch.context() as patch:

        def away(_session: str) -> None:
            raise NodeUnreachable("The media server does not answer.")

        patch.setattr(scene.node, "close_session", away)
        close(scene, room)
    assert is_open(scene, V1)
    operations.sweep(at=scene.at)
    assert not is_open(scene, V1)


def test_a_closed_room_stays_closed_whoever_publishes(scene: Scene, room: Room) -> None:
    close(scene, room)
    scene.node.lose(HOST)
    scene.follow()
    assert again(room).state == State.PRIVATE
    operations.go_live(room=room, session=V2, offer=OFFER, ingest="browser", takeover=False, at=scene.at)
    scene.follow()
    assert again(room).state == State.PRIVATE
    with pytest.raises(operations.NotOnAir):
        operations.set_away(room=room, is_away=True, at=scene.at)


def test_it_opens_again_for_the_show_it_was_closed_for(scene: Scene, room: Room) -> None:
    close(scene, room, make_member("Vi").subject_id)
    operations.reopen(room=room, show=uuid4(), at=scene.at)
    assert again(room).state == State.PRIVATE
    operations.reopen(room=room, show=SHOW, at=scene.at)
    assert again(room).state == State.LIVE
    assert not Admission.objects.exists()


def test_a_cut_closes_it_for_good(scene: Scene, room: Room) -> None:
    close(scene, room, make_member("Vi").subject_id)
    operations.cut(room=room, at=scene.at)
    operations.reopen(room=room, show=SHOW, at=scene.at)
    assert again(room).state == State.OFFLINE
    assert not Admission.objects.exists()


def test_what_was_delivered_is_told(scene: Scene, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setitem(events._in_transaction, Delivered, (told.append,))
    watch(scene, room, V1)
    scene.node.deliver(V1, seconds=5)
    batch = scene.node.events(after="", wait_s=0).events
    operations.apply_node_events(batch, at=scene.at)
    scene.node.lose(V1)
    operations.apply_node_events(scene.node.events(after=str(len(batch)), wait_s=0).events, at=scene.at)
    assert told == [Delivered(room.pk, V1, 5, ended=False), Delivered(room.pk, V1, 5, ended=True)]
