"""A private session from the request to the last cent."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.apps.shows.conftest import CREDITS, Scene
from tests.factories.accounts import make_member
from tests.factories.consents import withdraw
from tests.factories.shows import OFFERED, ask, open_offer
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Admission
from vasistas.apps.rooms.models import State as RoomState
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import State
from vasistas.apps.shows.rules import ShowRefused, TermsRefused
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.rules import Leg, NotEnough, PayingOff
from vasistas.lib.errors import NotAllowed, NotFound
from vasistas.media.port import RoomNotLive


def test_delivered_seconds_are_paid_and_the_rest_comes_back(scene: Scene) -> None:
    show = scene.start(minutes=2)
    assert (scene.balance(scene.vi), scene.held(scene.vi)) == (CREDITS - 600, 600)
    scene.run(20)
    assert (scene.held(scene.vi), scene.earned()) == (500, 70)
    shows.end(show=show, by=scene.vi, at=scene.at)
    assert (scene.balance(scene.vi), scene.held(scene.vi), scene.earned()) == (CREDITS - 100, 0, 70)
    seat = scene.seat(show, scene.vi)
    assert (seat.delivered_s, seat.charged_minor) == (20, 100)
    assert scene.again(show).end_reason == "viewer"


def test_frozen_seconds_cost_nothing(scene: Scene) -> None:
    show = scene.start()
    scene.run(10)
    scene.run(15, to=())
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert scene.seat(show, scene.vi).charged_minor == 50
    assert scene.balance(scene.vi) == CREDITS - 50


def test_the_budget_warns_ends_the_show_and_is_never_exceeded(scene: Scene) -> None:
    show = scene.start(minutes=2)
    scene.run(59)
    assert "ending" not in queries.view_for(scene.again(show), scene.vi, scene.at).warnings
    scene.run(1)
    view = queries.view_for(scene.again(show), scene.vi, scene.at)
    assert (view.left_s, "ending" in view.warnings) == (60, True)
    assert scene.seat(show, scene.vi).warned_at == scene.at
    scene.run(70)
    assert (scene.again(show).state, scene.again(show).end_reason) == ("ended", "spent")
    assert (scene.seat(show, scene.vi).charged_minor, scene.balance(scene.vi)) == (600, CREDITS - 600)


def test_more_budget_is_added_once_for_a_form(scene: Scene) -> None:
    show, token = scene.start(minutes=1), uuid4()
    scene.run(30)
    for _ in range(2):
        shows.extend(show=show, viewer=scene.vi, minutes=1, token=token, at=scene.at)
    assert scene.seat(show, scene.vi).budget == 600
    scene.run(70)
    assert scene.again(show).state == State.RUNNING
    scene.run(30)
    assert scene.seat(show, scene.vi).charged_minor == 600


def test_two_pages_of_one_payer_are_one_picture(scene: Scene) -> None:
    show = scene.start()
    first = scene.watching[scene.vi.pk]
    scene.watch(scene.vi)
    for _ in range(10):
        scene.node.deliver(first, seconds=1)
        scene.run(1)
    assert scene.seat(show, scene.vi).delivered_s == 10


def test_what_was_watched_before_is_not_charged(scene: Scene) -> None:
    before = scene.watch(scene.vi)
    scene.node.deliver(before, seconds=100)
    scene.at += timedelta(seconds=100)
    show = scene.start()
    assert not scene.is_watching(before)
    scene.run(3)
    assert scene.seat(show, scene.vi).delivered_s == 3


def test_the_public_stream_ends_for_all_others_and_comes_back(scene: Scene) -> None:
    sessions = [scene.watch(member) for member in (scene.max, scene.bo, None)]
    show = scene.start()
    assert [scene.is_watching(session) for session in sessions] == [False] * 3
    for member in (scene.max, scene.bo, None):
        with pytest.raises(RoomNotLive):
            scene.watch(member)
    assert scene.room.state == RoomState.PRIVATE
    shows.end(show=show, by=scene.ada, at=scene.at)
    scene.follow()
    assert scene.room.state == RoomState.LIVE
    assert scene.is_watching(scene.watch(scene.max))
    assert not Admission.objects.exists()


@pytest.mark.parametrize("side", ["ada", "vi"])
def test_either_side_ends_it_in_one_act_and_twice_is_once(scene: Scene, side: str) -> None:
    show = scene.start()
    scene.run(12)
    for _ in range(2):
        shows.end(show=show, by=getattr(scene, side), at=scene.at)
    assert scene.balance(scene.vi) == CREDITS - 60
    with pytest.raises(NotAllowed):
        shows.end(show=show, by=scene.max, at=scene.at)


def test_a_lost_viewer_has_thirty_seconds_to_come_back(scene: Scene) -> None:
    show = scene.start()
    scene.run(5)
    scene.node.lose(scene.watching[scene.vi.pk])
    scene.follow()
    scene.run(29)
    assert scene.again(show).state == State.RUNNING
    assert "payer_gone" in queries.view_for(scene.again(show), scene.ada, scene.at).warnings
    scene.watch(scene.vi)
    scene.run(5)
    assert scene.seat(show, scene.vi).delivered_s == 10
    scene.node.lose(scene.watching[scene.vi.pk])
    scene.run(30)
    assert (scene.again(show).end_reason, scene.balance(scene.vi)) == ("lost", CREDITS - 50)


def test_a_lost_host_has_thirty_seconds_and_the_room_stays_closed(scene: Scene) -> None:
    show = scene.start()
    scene.node.lose(scene.publisher)
    scene.follow()
    assert scene.room.state == RoomState.PRIVATE
    scene.run(29, to=())
    scene.go_live()
    assert scene.room.state == RoomState.PRIVATE
    scene.run(5)
    assert scene.again(show).state == State.RUNNING
    scene.node.lose(scene.publisher)
    scene.follow()
    scene.run(30, to=())
    assert scene.again(show).end_reason == "lost"
    scene.follow()
    assert scene.room.state == RoomState.AWAY


def test_a_node_out_of_reach_ends_it_after_the_grace(scene: Scene) -> None:
    show = scene.start()
    scene.run(10)
    scene.node.is_away = True
    scene.run(29)
    assert scene.again(show).state == State.RUNNING
    scene.run(1)
    assert (scene.again(show).end_reason, scene.seat(show, scene.vi).charged_minor) == ("lost", 50)


def test_a_cut_room_ends_its_show(scene: Scene) -> None:
    show = scene.start()
    scene.run(10)
    rooms.cut(room=scene.room, at=scene.at)
    scene.run(1, to=())
    assert (scene.again(show).state, scene.balance(scene.vi)) == ("ended", CREDITS - 50)
    scene.follow()
    assert scene.room.state == RoomState.OFFLINE


def test_requests_expire_are_withdrawn_and_declined(scene: Scene) -> None:
    first = ask(scene.room, scene.vi, scene.at)
    with pytest.raises(ShowRefused):
        ask(scene.room, scene.vi, scene.at)
    shows.withdraw(show=first, viewer=scene.vi, at=scene.at)
    second = ask(scene.room, scene.vi, scene.at)
    shows.decline(show=second, host=scene.ada, at=scene.at)
    third = ask(scene.room, scene.vi, scene.at)
    scene.at += timedelta(minutes=2)
    with pytest.raises(ShowRefused):
        shows.accept(show=third, host=scene.ada, at=scene.at)
    shows.tick(at=scene.at)
    states = [scene.again(show).state for show in (first, second, third)]
    assert states == ["cancelled", "declined", "expired"]
    assert scene.balance(scene.vi) == CREDITS
    assert queries.open_requests(scene.room, scene.at) == []


def test_who_cannot_pay_cannot_ask(scene: Scene) -> None:
    with pytest.raises(NotEnough):
        ask(scene.room, scene.vi, scene.at, minutes=100)
    withdraw(scene.vi.subject_id, "payments", at=scene.at)
    with pytest.raises(PayingOff):
        ask(scene.room, scene.vi, scene.at)
    for minutes in (0, -1, 241):
        with pytest.raises(TermsRefused):
            ask(scene.room, scene.max, scene.at, minutes=minutes)


def test_who_spent_it_meanwhile_is_told_to_the_host(scene: Scene) -> None:
    show = ask(scene.room, scene.vi, scene.at, minutes=30)
    other = ask(scene.room, scene.max, scene.at)
    account = wallet.site_account("revenue")
    legs = [Leg(account.pk, 5_000)]
    wallet.spend(subject_id=scene.vi.subject_id, legs=legs, key="x", kind="tip", at=scene.at)
    with pytest.raises(ShowRefused) as refused:
        shows.accept(show=show, host=scene.ada, at=scene.at)
    assert (refused.value.code, scene.again(show).state) == ("shows.unpaid", "cancelled")
    shows.accept(show=other, host=scene.ada, at=scene.at)
    assert scene.again(other).state == State.RUNNING


def test_terms_are_those_of_the_request(scene: Scene) -> None:
    show = ask(scene.room, scene.vi, scene.at)
    open_offer(scene.room, replace(OFFERED, private_price=9_000))
    shows.accept(show=show, host=scene.ada, at=scene.at)
    view = queries.view_for(scene.again(show), scene.vi, scene.at)
    assert (view.terms.price, view.budget) == (300, 600)
    assert view.terms == queries.view_for(scene.again(show), scene.ada, scene.at).terms


def test_both_see_the_same_list_and_the_same_clock(scene: Scene) -> None:
    show = scene.start()
    shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    scene.watch(scene.max)
    scene.run(6)
    mine, theirs = (queries.view_for(scene.again(show), one, scene.at) for one in (scene.vi, scene.ada))
    listed = [[(one.ref, one.name, one.role, one.is_connected) for one in view.people] for view in (mine, theirs)]
    assert listed[0] == listed[1]
    assert {(name, role) for _, name, role, _ in listed[0]} == {("Ada", "host"), ("Vi", "payer"), ("Max", "spy")}
    assert (
        (mine.spent, mine.left_s, mine.delivered_s) == (theirs.spent, theirs.left_s, theirs.delivered_s) == (30, 114, 6)
    )
    assert (mine.earned, theirs.earned) == (None, 36)
    assert not queries.view_for(scene.again(show), scene.max, scene.at).can_talk


def test_who_may_join_sees_the_terms_and_nobody(scene: Scene) -> None:
    show = scene.start()
    scene.run(6)
    view = queries.view_for(queries.get_show_for(Viewer(scene.bo), show.key), scene.bo, scene.at)
    assert (view.terms.spy_price, view.can_spy, view.role) == (60, True, "")
    assert (view.people, view.spent, view.delivered_s, view.left_s, view.warnings) == ((), 0, 0, None, ())
    shows.spy(show=show, viewer=scene.bo, minutes=1, at=scene.at)
    shows.leave(show=show, viewer=scene.bo, at=scene.at)
    view = queries.view_for(scene.again(show), scene.bo, scene.at)
    assert [one.name for one in view.people] == ["Bo"]


def test_staff_and_strangers_do_not_see_a_session_without_spies(scene: Scene) -> None:
    show = scene.start()
    type(show).objects.update(allows_spies=False)
    for member in (scene.max, make_member("Sam", is_staff=True)):
        with pytest.raises(NotFound):
            queries.get_show_for(Viewer(member), show.key)


def test_only_its_people_know_of_it(scene: Scene) -> None:
    show = ask(scene.room, scene.vi, scene.at)
    for member in (scene.max, scene.bo):
        with pytest.raises(NotFound):
            queries.get_show_for(Viewer(member), show.key)
    for member in (scene.vi, scene.ada):
        assert queries.get_show_for(Viewer(member), show.key) == show
