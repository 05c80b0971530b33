"""Two at once, on a database that lets two write: PostgreSQL. SQLite has one writer at a time."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.apps.rooms.test_concurrency import at_once
from tests.apps.shows.conftest import CREDITS, Scene
from tests.factories.shows import ask
from vasistas import media
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows.models import Seat, Show, State
from vasistas.apps.shows.rules import ShowRefused
from vasistas.apps.wallet import queries as wallet
from vasistas.guard.purposes import processing
from vasistas.media.port import RoomNotLive

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="one writer at a time"),
]
ROUNDS = 5


@pytest.fixture
def scene(transactional_db: Any) -> Iterator[Scene]:
    former = media._configured[:]
    made = Scene()
    media.configure(made.node)
    made.set_up()
    yield made
    media._configured[:] = former


def under_shows(act: Any, **words: Any) -> Any:
    return processing("shows")(lambda: act(**words))


def test_of_two_requests_of_one_person_one_stands(scene: Scene) -> None:
    raised = at_once(*[processing("shows")(lambda: ask(scene.room, scene.vi, scene.at)) for _ in range(2)])
    assert [type(error) for error in raised] == [ShowRefused]
    assert Show.objects.count() == 1


def test_of_two_requests_accepted_at_once_one_runs(scene: Scene) -> None:
    asked = [ask(scene.room, member, scene.at) for member in (scene.vi, scene.max)]
    raised = at_once(*[under_shows(shows.accept, show=show, host=scene.ada, at=scene.at) for show in asked])
    assert [type(error) for error in raised] == [ShowRefused]
    assert Show.objects.filter(state=State.RUNNING).count() == 1
    assert sorted([scene.held(scene.vi), scene.held(scene.max)]) == [0, 600]


def test_accept_and_withdraw_leave_one_outcome(scene: Scene) -> None:
    for _ in range(ROUNDS):
        show = ask(scene.room, scene.vi, scene.at)
        raised = at_once(
            under_shows(shows.accept, show=show, host=scene.ada, at=scene.at),
            under_shows(shows.withdraw, show=show, viewer=scene.vi, at=scene.at),
        )
        assert [type(error) for error in raised] == [ShowRefused]
        now = scene.again(show)
        assert (now.state, scene.held(scene.vi)) in {("running", 600), ("cancelled", 0)}
        shows.end(show=now, by=scene.ada, at=scene.at)
        assert scene.balance(scene.vi) == CREDITS


def test_end_and_ticks_charge_once(scene: Scene) -> None:
    for number in range(1, ROUNDS + 1):
        show = scene.start()
        scene.node.deliver(scene.watching[scene.vi.pk], seconds=12)
        scene.later(seconds=12)
        raised = at_once(
            under_shows(shows.tick, at=scene.at),
            under_shows(shows.tick, at=scene.at),
            under_shows(shows.end, show=show, by=scene.vi, at=scene.at),
            under_shows(shows.end, show=show, by=scene.ada, at=scene.at),
        )
        assert raised == []
        assert (scene.balance(scene.vi), scene.held(scene.vi)) == (CREDITS - 60 * number, 0)
        assert scene.again(show).state == State.ENDED
        scene.follow()
    assert wallet.wrong_balances() == 0


def test_a_double_click_joins_once(scene: Scene) -> None:
    show = shows.announce(room=scene.room, host=scene.ada, kind="ticket", at=scene.at)
    raised = at_once(*[under_shows(shows.join, show=show, viewer=scene.vi, at=scene.at) for _ in range(3)])
    assert raised == []
    assert (Seat.objects.filter(show=show).count(), scene.held(scene.vi)) == (1, 1_000)


def test_nobody_slips_in_while_the_room_is_closed(scene: Scene) -> None:
    for _ in range(ROUNDS):
        show = ask(scene.room, scene.vi, scene.at)
        raised = at_once(
            under_shows(shows.accept, show=show, host=scene.ada, at=scene.at),
            *[processing("rooms")(lambda member=member: scene.watch(member)) for member in (scene.max, scene.bo)],
        )
        assert {type(error) for error in raised} <= {RoomNotLive}
        watching = [scene.watching.get(member.pk, "") for member in (scene.max, scene.bo)]
        assert [session for session in watching if scene.is_watching(session)] == []
        shows.end(show=scene.again(show), by=scene.ada, at=scene.at)
        scene.follow()
        scene.watching.clear()
