"""What somebody might try in order to watch for nothing, to look in unseen, or to learn who was there."""

from datetime import timedelta

import pytest

from tests.apps.shows.conftest import Scene
from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.shows import give_credits
from vasistas.apps.chat import operations as chat
from vasistas.apps.chat.operations import SayNotAllowed
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries, tasks
from vasistas.apps.shows.models import Role, State
from vasistas.apps.shows.operations import money
from vasistas.apps.shows.rules import ShowNotFound


def test_who_confirms_no_second_is_out_after_the_grace(scene: Scene) -> None:
    """A page that never reports what arrived watches on at no charge: it is not there, however connected it is."""
    show = scene.start()
    scene.run(29, to=())
    assert scene.again(show).state == State.RUNNING
    scene.run(2, to=())

    assert scene.again(show).state == State.ENDED
    assert scene.balance(scene.vi) == 10_000


def test_staff_who_come_back_as_guests_pay_as_guests(scene: Scene) -> None:
    show = scene.start()
    sam = make_member("Sam", is_staff=True)
    give_credits(sam, 1_000, scene.at - timedelta(days=1))
    sam.acts_as_staff = True
    shows.attend(show=show, staff=sam, at=scene.at)
    shows.leave(show=show, viewer=sam, at=scene.at)
    seat = shows.spy(show=show, viewer=sam, minutes=5, at=scene.at)

    assert (seat.role, seat.price) == (Role.SPY, 60)


def test_who_left_before_it_began_learns_nothing_of_who_was_there(scene: Scene) -> None:
    show = shows.announce(room=scene.room, host=scene.ada, kind="group", at=scene.at)
    for member in (scene.vi, scene.max):
        shows.join(show=show, viewer=member, minutes=2, at=scene.at)
    shows.leave(show=show, viewer=scene.max, at=scene.at)
    assert [one.name for one in queries.view_for(scene.again(show), scene.max, scene.at).people] == ["Max"]
    shows.begin(show=scene.again(show), host=scene.ada, at=scene.at)
    scene.later(seconds=5)
    shows.end(show=scene.again(show), by=scene.ada, at=scene.at)

    assert [one.name for one in queries.view_for(scene.again(show), scene.max, scene.at).people] == ["Max"]
    with pytest.raises(ShowNotFound):
        shows.receipt_for(show=scene.again(show), member=scene.max, at=scene.at)


def test_two_pages_of_a_late_guest_are_one_picture(scene: Scene) -> None:
    show = scene.start(minutes=5)
    scene.run(60)
    shows.spy(show=show, viewer=scene.max, minutes=5, at=scene.at)
    scene.watch(scene.max)
    second = scene.watch(scene.max)
    for _second in range(10):
        scene.node.deliver(second, seconds=1)
        scene.run(1)

    assert scene.seat(show, scene.max).delivered_s <= 10


def test_the_public_chat_is_silent_while_a_room_is_in_private(scene: Scene) -> None:
    make_message(scene.room, scene.max, "before")
    show = scene.start()
    room = scene.again(show).room

    for member in (scene.ada, scene.vi):
        with pytest.raises(SayNotAllowed):
            chat.say(room=room, author=member, text="for us alone", at=scene.at)


def test_one_row_that_fails_stops_no_clock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    show = scene.start()
    scene.run(5)

    def broken() -> list[object]:
        return [object()]

    monkeypatch.setattr(money, "orphans", broken)
    clock = tasks.Clock()
    scene.later(seconds=1)
    scene.node.deliver(scene.watching[scene.vi.pk], seconds=1)
    clock.tick(scene.at)

    assert scene.seat(show, scene.vi).charged_minor == 30
