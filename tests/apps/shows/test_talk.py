"""The talk of a show: kept only as both sides chose, and read by those who take part alone."""

import pytest

from tests.apps.shows.conftest import Scene
from tests.factories.shows import ask
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import Line
from vasistas.apps.shows.rules import TermsRefused
from vasistas.lib.errors import NotAllowed
from vasistas.realtime import testing


@pytest.mark.parametrize("chosen", [(True, True), (True, False), (False, True), (False, False)])
def test_lines_are_kept_as_both_chose(scene: Scene, chosen, django_capture_on_commit_callbacks) -> None:
    vi, ada = chosen
    show = ask(scene.room, scene.vi, scene.at, keeps_chat=vi)
    shows.accept(show=show, host=scene.ada, keeps_chat=ada, at=scene.at)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        shows.say(show=show, author=scene.vi, text="  hello   there ", at=scene.at)
    assert {channel for channel, _ in told} == {f"member:{scene.vi.pk}", f"member:{scene.ada.pk}"}
    assert {event.text for _, event in told} == {"hello there"}
    assert Line.objects.count() == (1 if vi and ada else 0)
    said = queries.lines_of(scene.again(show), scene.ada)
    assert [(line.name, line.text) for line in said] == ([("Vi", "hello there")] if vi and ada else [])


def test_spies_and_strangers_neither_speak_nor_read(scene: Scene, django_capture_on_commit_callbacks) -> None:
    show = scene.start(keeps_chat=True)
    shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    for member in (scene.max, scene.bo):
        with pytest.raises(NotAllowed):
            shows.say(show=show, author=member, text="psst", at=scene.at)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        shows.say(show=show, author=scene.ada, text="only us", at=scene.at)
    assert f"member:{scene.max.pk}" not in {channel for channel, _ in told}
    assert queries.lines_of(scene.again(show), scene.max) == []


@pytest.mark.parametrize("text", ["", " \n", "x" * 301])
def test_a_line_has_words_and_an_end(scene: Scene, text: str) -> None:
    show = scene.start()
    with pytest.raises(TermsRefused):
        shows.say(show=show, author=scene.vi, text=text, at=scene.at)
