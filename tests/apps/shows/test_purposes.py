"""All of it runs under the one purpose `shows`; the worker's loop states it itself."""

from typing import Any

import pytest

from tests.apps.shows.conftest import CREDITS, Scene
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries, tasks
from vasistas.apps.shows.operations import Asked
from vasistas.guard.purposes import processing


@pytest.fixture(autouse=True)
def enforced(settings: Any) -> None:
    settings.GATE_MODE = "enforce"


@pytest.mark.nothing_stated
def test_a_whole_session_needs_no_other_purpose(scene: Scene) -> None:
    with processing("shows"):
        asked = shows.request(room=scene.room, viewer=scene.vi, asked=Asked(minutes=2, keeps_chat=True), at=scene.at)
        assert len(queries.open_requests(scene.room, scene.at)) == 1
        show = shows.accept(show=asked, host=scene.ada, keeps_chat=True, at=scene.at)
        shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
        shows.say(show=show, author=scene.vi, text="hello", at=scene.at)
    with processing("test"):
        scene.watch(scene.vi)
        scene.watch(scene.max)
        scene.node.deliver(scene.watching[scene.vi.pk], seconds=3)
    scene.later(seconds=3)
    tasks.Clock().tick(scene.at)
    with processing("shows"):
        found = queries.get_show_for(Viewer(scene.vi), show.key)
        view = queries.view_for(found, scene.vi, scene.at)
        assert (view.spent, len(view.people)) == (15, 3)
        assert [line.text for line in queries.lines_of(found, scene.ada)] == ["hello"]
        shows.leave(show=found, viewer=scene.max, at=scene.at)
        shows.end(show=found, by=scene.vi, at=scene.at)
        over = queries.get_show_for(Viewer(scene.vi), show.key)
        assert shows.is_genuine(shows.receipt_for(show=over, member=scene.vi, at=scene.at))
        assert [past.amount for past in queries.history_of(scene.vi)] == [15]
        assert [(past.amount, past.with_name) for past in queries.history_of(scene.ada)] == [(15, "Vi")]
    shows.end_all_of(scene.vi.subject_id, scene.at)
    with processing("test"):
        assert scene.balance(scene.vi) == CREDITS - 15


@pytest.mark.nothing_stated
def test_the_loop_states_its_purpose_for_every_way_a_show_ends(scene: Scene) -> None:
    with processing("shows"):
        show = shows.announce(room=scene.room, host=scene.ada, kind="group", at=scene.at)
        shows.join(show=show, viewer=scene.vi, minutes=1, at=scene.at)
        shows.begin(show=show, host=scene.ada, at=scene.at)
    clock = tasks.Clock()
    for _ in range(4):
        scene.later(seconds=31)
        clock.tick(scene.at)
    with processing("test"):
        assert (scene.again(show).state, scene.balance(scene.vi)) == ("ended", CREDITS)
