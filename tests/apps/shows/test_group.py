"""Group and ticket shows, spies and staff: everyone on the list, each with a clock of their own."""

from datetime import timedelta

import pytest

from tests.apps.shows.conftest import CREDITS, Scene
from tests.factories.accounts import make_member
from tests.factories.shows import ask
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import State as RoomState
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import Show, State
from vasistas.apps.shows.rules import ShowRefused
from vasistas.lib.errors import NotAllowed
from vasistas.media.port import RoomNotLive


def tickets(scene: Scene) -> Show:
    """Announced; Vi and Max have a ticket; begun, and both watch."""
    show = shows.announce(room=scene.room, host=scene.ada, kind="ticket", at=scene.at)
    for member in (scene.vi, scene.max):
        shows.join(show=show, viewer=member, at=scene.at)
        shows.join(show=show, viewer=member, at=scene.at)  # a double click
    shows.begin(show=show, host=scene.ada, at=scene.at)
    scene.follow()
    for member in (scene.vi, scene.max):
        scene.watch(member)
    return scene.again(show)


def test_a_ticket_is_charged_once(scene: Scene) -> None:
    show = tickets(scene)
    assert (scene.held(scene.vi), scene.earned()) == (1_000, 0)
    scene.run(1)
    assert queries.view_for(show, scene.vi, scene.at).spent == 1_000
    scene.run(120)
    assert (scene.held(scene.vi), scene.earned()) == (0, 1_400)
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert (scene.balance(scene.vi), scene.earned()) == (CREDITS - 1_000, 1_400)


def test_a_ticket_to_whom_too_little_was_delivered_comes_back_whole(scene: Scene) -> None:
    show = tickets(scene)
    scene.run(30)
    scene.run(40, to=(scene.max,))
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert (scene.balance(scene.vi), scene.balance(scene.max)) == (CREDITS, CREDITS - 1_000)


def test_whoever_leaves_early_by_themselves_pays_the_ticket(scene: Scene) -> None:
    show = tickets(scene)
    scene.run(10)
    shows.leave(show=show, viewer=scene.vi, at=scene.at)
    assert (scene.balance(scene.vi), scene.held(scene.vi)) == (CREDITS - 1_000, 0)
    shows.leave(show=show, viewer=scene.vi, at=scene.at)
    shows.join(show=show, viewer=scene.vi, at=scene.at)  # back in, on the same ticket
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert scene.balance(scene.vi) == CREDITS - 1_000


def test_tickets_come_back_when_the_show_never_begins(scene: Scene) -> None:
    show = shows.announce(room=scene.room, host=scene.ada, kind="ticket", at=scene.at)
    shows.join(show=show, viewer=scene.vi, at=scene.at)
    assert scene.room.state == RoomState.LIVE
    scene.at += timedelta(hours=2)
    shows.tick(at=scene.at)
    assert (scene.again(show).state, scene.balance(scene.vi)) == ("expired", CREDITS)


def test_a_group_show_charges_each_their_own_seconds(scene: Scene) -> None:
    show = ask(scene.room, scene.vi, scene.at, kind="group")
    shows.accept(show=show, host=scene.ada, at=scene.at)
    scene.follow()
    scene.watch(scene.vi)
    scene.run(10)
    shows.join(show=show, viewer=scene.max, minutes=5, at=scene.at)
    scene.watch(scene.max)
    scene.run(20)
    shows.leave(show=show, viewer=scene.vi, at=scene.at)
    assert not scene.is_watching(scene.watching[scene.vi.pk])
    assert scene.again(show).state == State.RUNNING
    scene.run(5)
    shows.leave(show=show, viewer=scene.max, at=scene.at)
    scene.run(1)
    assert (scene.again(show).state, scene.again(show).end_reason) == ("ended", "viewer")
    assert (scene.balance(scene.vi), scene.balance(scene.max)) == (CREDITS - 60, CREDITS - 50)


def test_who_comes_back_to_a_group_show_goes_on_in_the_same_seat(scene: Scene) -> None:
    show = shows.announce(room=scene.room, host=scene.ada, kind="group", at=scene.at)
    shows.join(show=show, viewer=scene.max, minutes=5, at=scene.at)
    shows.join(show=show, viewer=scene.vi, minutes=1, at=scene.at)
    shows.begin(show=show, host=scene.ada, at=scene.at)
    scene.follow()
    scene.watch(scene.max)
    scene.watch(scene.vi)
    scene.run(10)
    shows.leave(show=show, viewer=scene.vi, at=scene.at)
    assert scene.balance(scene.vi) == CREDITS - 20
    shows.join(show=show, viewer=scene.vi, minutes=1, at=scene.at)
    scene.watch(scene.vi)
    scene.run(10)
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert (scene.balance(scene.vi), scene.seat(show, scene.vi).delivered_s) == (CREDITS - 40, 20)


def test_a_spent_budget_lets_one_out_and_the_show_goes_on(scene: Scene) -> None:
    show = shows.announce(room=scene.room, host=scene.ada, kind="group", at=scene.at)
    shows.join(show=show, viewer=scene.vi, minutes=1, at=scene.at)
    shows.join(show=show, viewer=scene.max, minutes=3, at=scene.at)
    shows.begin(show=show, host=scene.ada, at=scene.at)
    scene.follow()
    scene.watch(scene.vi)
    scene.watch(scene.max)
    scene.run(65)
    assert not scene.is_watching(scene.watching[scene.vi.pk])
    with pytest.raises(RoomNotLive):
        scene.watch(scene.vi)
    assert (scene.balance(scene.vi), scene.again(show).state) == (CREDITS - 120, "running")


def test_spies_come_in_where_allowed_and_go_without_ending_it(scene: Scene) -> None:
    show = scene.start()
    shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    scene.watch(scene.max)
    scene.run(30)
    shows.leave(show=show, viewer=scene.max, at=scene.at)
    assert (scene.balance(scene.max), scene.again(show).state) == (CREDITS - 30, "running")
    shows.end(show=show, by=scene.vi, at=scene.at)
    people = queries.view_for(scene.again(show), scene.vi, scene.at).people
    assert {(one.name, one.role) for one in people} == {("Ada", "host"), ("Vi", "payer"), ("Max", "spy")}


def test_spies_are_refused_where_the_offer_had_none(scene: Scene) -> None:
    show = scene.start()
    Show.objects.update(allows_spies=False)
    with pytest.raises(ShowRefused):
        shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    with pytest.raises(ShowRefused):
        shows.join(show=show, viewer=scene.max, minutes=5, at=scene.at)


def test_staff_watch_on_the_list_or_not_at_all(scene: Scene) -> None:
    show, sam = scene.start(), make_member("Sam", is_staff=True)
    with pytest.raises(RoomNotLive):
        scene.watch(sam)
    shows.attend(show=show, staff=sam, at=scene.at)
    scene.watch(sam)
    scene.run(5)
    for member in (scene.vi, scene.ada):
        people = queries.view_for(scene.again(show), member, scene.at).people
        assert ("Sam", "staff", True) in {(one.name, one.role, one.is_connected) for one in people}
    with pytest.raises(NotAllowed):
        shows.attend(show=show, staff=scene.bo, at=scene.at)


def test_one_show_at_a_time(scene: Scene) -> None:
    first, second = ask(scene.room, scene.vi, scene.at), ask(scene.room, scene.max, scene.at)
    shows.accept(show=first, host=scene.ada, at=scene.at)
    with pytest.raises(ShowRefused):
        shows.accept(show=second, host=scene.ada, at=scene.at)
    with pytest.raises(ShowRefused):
        shows.announce(room=scene.room, host=scene.ada, kind="ticket", at=scene.at)
    with pytest.raises(ShowRefused):
        ask(scene.room, scene.bo, scene.at)


def test_a_ban_ends_it(scene: Scene, django_capture_on_commit_callbacks) -> None:
    show = scene.start()
    scene.run(10)
    with django_capture_on_commit_callbacks(execute=True):
        rooms.ban(room=scene.room, member=scene.vi, by=scene.ada, at=scene.at)
    assert (scene.again(show).state, scene.held(scene.vi)) == ("ended", 0)
    with pytest.raises(NotAllowed):
        ask(scene.room, scene.vi, scene.at)


@pytest.mark.parametrize("who", ["ada", "vi"])
def test_a_suspension_ends_it(scene: Scene, who: str) -> None:
    show = scene.start()
    scene.run(10)
    if who == "ada":
        type(scene.room.host).objects.update(is_suspended=True)
    else:
        type(scene.vi).objects.filter(pk=scene.vi.pk).update(is_active=False)
    scene.run(1, to=())
    assert (scene.again(show).end_reason, scene.balance(scene.vi)) == ("staff", CREDITS - 50)


@pytest.mark.parametrize("who", ["ada", "vi"])
def test_an_erasure_ends_it_and_gives_the_rest_back(scene: Scene, who: str) -> None:
    show = scene.start()
    scene.run(10)
    for _ in range(2):
        shows.end_all_of(getattr(scene, who).subject_id, scene.at)
    assert (scene.again(show).state, scene.balance(scene.vi)) == ("ended", CREDITS - 50)
