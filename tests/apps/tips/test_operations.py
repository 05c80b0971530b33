"""A tip pays once, names whom it may, and moves the goal; the one that reaches it is told once."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from tests.factories import consents
from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.factories.wallet import AT, give, switch_on
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.apps.tips import operations, queries, rules
from vasistas.apps.tips.events import GoalMoved, Tipped
from vasistas.apps.tips.models import Goal, Tip
from vasistas.apps.tips.operations import Asked, TipRefused
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Kind
from vasistas.apps.wallet.rules import NotEnough, PayingOff
from vasistas.guard.purposes import processing
from vasistas.lib import events
from vasistas.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def room() -> Room:
    return make_room(make_host(make_member("Ada", password=None)), state="live")


@pytest.fixture
def vi() -> Member:
    member = make_member("Vi", password=None)
    switch_on(member)
    give(member, 5_000)
    return member


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was published."""
    heard: list[Any] = []
    monkeypatch.setattr(events, "publish", heard.append)
    return heard


def tip(room: Room, giver: Member, amount: int = 500, key: str = "k1", **over: Any) -> Tip:
    return operations.tip(room=room, giver=giver, asked=Asked(key, amount, **over), at=AT)


def test_a_tip_pays_host_and_platform_and_is_seen_by_name(room: Room, vi: Member) -> None:
    row = tip(room, vi, text="thank you", item="A song")

    assert wallet.balance_of(vi.subject_id) == 4_500
    assert wallet.balance_of(room.host.member.subject_id, Kind.HOST) == 350
    (seen,) = queries.latest(room, AT - queries.DAY)
    assert (seen.id, seen.name, seen.amount, seen.item, seen.text) == (row.pk, "Vi", 500, "A song", "thank you")
    assert seen.ref


def test_one_given_as_nobody_names_nobody(room: Room, vi: Member, told: list[Any]) -> None:
    tip(room, vi, is_anonymous=True)

    (seen,) = queries.latest(room, AT - queries.DAY)
    assert (seen.name, seen.ref) == ("", "")
    (event,) = [one for one in told if isinstance(one, Tipped)]
    assert (event.name, event.ref) == ("", "")


def test_the_same_form_twice_is_one_tip(room: Room, vi: Member) -> None:
    first, again = tip(room, vi), tip(room, vi)

    assert first.pk == again.pk
    assert wallet.balance_of(vi.subject_id) == 4_500
    with pytest.raises(TipRefused):
        tip(room, vi, amount=600)


def test_a_form_whose_tip_has_reached_its_age_pays_and_shows_nothing(room: Room, vi: Member) -> None:
    tip(room, vi)
    Tip.objects.all().delete()

    with pytest.raises(TipRefused):
        tip(room, vi)
    assert not Tip.objects.exists()


@pytest.mark.parametrize("amount", [0, -100, rules.AMOUNT_MIN - 1, rules.AMOUNT_MAX + 1])
def test_amounts_that_are_not_offered_are_refused(room: Room, vi: Member, amount: int) -> None:
    with pytest.raises(TipRefused):
        tip(room, vi, amount=amount)
    assert wallet.balance_of(vi.subject_id) == 5_000


def test_nobody_tips_themselves_or_a_dark_room(room: Room, vi: Member) -> None:
    with pytest.raises(NotAllowed):
        tip(room, room.host.member)
    dark = make_room(make_host(make_member("Stu", password=None)), state="offline")
    with pytest.raises(NotAllowed):
        tip(dark, vi)
    assert wallet.balance_of(vi.subject_id) == 5_000


def test_what_the_wallet_refuses_leaves_no_tip(room: Room, vi: Member) -> None:
    with pytest.raises(NotEnough):
        tip(room, vi, amount=5_001)
    consents.withdraw(vi.subject_id, "payments", at=AT)
    with pytest.raises(PayingOff):
        tip(room, vi)
    assert not Tip.objects.exists()


def test_tips_move_the_goal_and_the_one_that_reaches_it_is_told_once(room: Room, vi: Member, told: list[Any]) -> None:
    operations.start_goal(room=room, title="A new song", target=1_000, at=AT)
    for number, amount in enumerate((400, 700, 300)):
        tip(room, vi, amount=amount, key=f"k{number}")

    moved = [one for one in told if isinstance(one, GoalMoved)]
    assert [(one.reached, one.is_first) for one in moved] == [(0, False), (400, False), (1_100, True), (1_400, False)]
    goal = queries.goal_of(room)
    assert goal is not None
    assert (goal.percent, goal.reached_at) == (100, AT)


def test_a_room_has_one_goal_at_a_time(room: Room, vi: Member) -> None:
    operations.start_goal(room=room, title="First", target=1_000, at=AT)
    operations.start_goal(room=room, title="Second", target=2_000, at=AT)
    tip(room, vi)

    assert [(one.title, one.reached) for one in Goal.objects.filter(ended_at=None)] == [("Second", 500)]
    for _time in range(2):
        operations.end_goal(room=room, at=AT)
    assert queries.goal_of(room) is None


def test_a_changed_goal_keeps_what_was_given(room: Room, vi: Member, told: list[Any]) -> None:
    operations.start_goal(room=room, title="A song", target=1_000, at=AT)
    tip(room, vi, amount=600)
    operations.change_goal(room=room, title="Two songs", target=2_000, at=AT)
    operations.change_goal(room=room, title="A short song", target=600, at=AT)  # reached by changing it, told once

    with pytest.raises(TipRefused):
        operations.change_goal(room=room, title="Again", target=5_000, at=AT)
    tip(room, vi, amount=100, key="k2")
    moved = [(one.title, one.target, one.reached, one.is_first) for one in told if isinstance(one, GoalMoved)]
    assert moved == [
        ("A song", 1_000, 0, False),
        ("A song", 1_000, 600, False),
        ("Two songs", 2_000, 600, False),
        ("A short song", 600, 600, True),
        ("A short song", 600, 700, False),
    ]


@pytest.mark.parametrize(("title", "target"), [("", 500), ("A song", 0), ("A song", rules.TARGET_MAX + 1)])
def test_a_goal_that_cannot_be_is_refused(room: Room, title: str, target: int) -> None:
    with pytest.raises(TipRefused):
        operations.start_goal(room=room, title=title, target=target, at=AT)
    with pytest.raises(TipRefused):
        operations.change_goal(room=room, title="There is none", target=500, at=AT)
    assert queries.goal_of(room) is None


def test_a_menu_is_bounded_and_says_nothing_twice(room: Room) -> None:
    for number in range(rules.MENU_ITEMS_MAX):
        operations.add_item(room=room, title=f"Song {number}", amount=100)
    for title, amount in (("One more", 100), ("Song 1", 100), ("", 100), ("Free", 0)):
        with pytest.raises(TipRefused):
            operations.add_item(room=room, title=title, amount=amount)
    assert len(queries.menu_of(room)) == rules.MENU_ITEMS_MAX


def test_words_taken_away_are_shown_no_more(room: Room, vi: Member) -> None:
    row = tip(room, vi, text="rude words")
    operations.silence(room=room, tip_id=row.pk)

    assert queries.latest(room, AT - queries.DAY)[0].text == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_many_at_once_reach_a_goal_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    givers = [make_member(f"Giver {number}", password=None) for number in range(6)]
    for giver in givers:
        switch_on(giver)
        give(giver, 1_000)
    operations.start_goal(room=room, title="Together", target=600, at=AT)
    told: list[Any] = []
    monkeypatch.setattr(events, "publish", told.append)
    gate = threading.Barrier(len(givers))

    def run(giver: Member) -> None:
        connection.ensure_connection()
        gate.wait()
        with processing("wallet"):
            for _time in range(2):  # the same form twice
                tip(room, giver, amount=200, key=f"of {giver.pk}")
        connections.close_all()

    threads = [threading.Thread(target=run, args=(giver,)) for giver in givers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    goal = queries.goal_of(room)
    assert goal is not None
    assert goal.reached == 1_200
    assert [one.is_first for one in told if isinstance(one, GoalMoved)].count(True) == 1
    assert wallet.balance_of(room.host.member.subject_id, Kind.HOST) == 840
