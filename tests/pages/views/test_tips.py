"""Tips on the page of a room and on the host's page, with and without scripts."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.factories.wallet import give, switch_on
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import operations as chat
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.operations import ban
from vasistas.apps.tips import operations
from vasistas.apps.tips.models import Goal, MenuItem, Tip
from vasistas.apps.wallet import operations as wallet_operations
from vasistas.apps.wallet import queries as wallet

pytestmark = pytest.mark.django_db

SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def room() -> Room:
    room = make_room(make_host(make_member("Ada", password=None)), slug="reef", state="live")
    MenuItem.objects.create(room=room, title="A song", amount=700)
    operations.start_goal(room=room, title="A new lamp", target=2_000, at=timezone.now())
    return room


@pytest.fixture
def vi(client: Client) -> Member:
    member = make_member("Vi", password=None)
    switch_on(member, timezone.now() - timedelta(days=1))
    give(member, 5_000)
    client.force_login(member)
    return member


def page_of(client: Client, address: str = "/rooms/reef/") -> str:
    return client.get(address).content.decode()


def test_the_page_shows_goal_menu_balance_and_the_latest_tips(client: Client, room: Room, vi: Member) -> None:
    answer = client.post("/rooms/reef/tip", {"key": "k1", "amount": "500", "text": "bravo"})

    assert (answer.status_code, answer["Location"]) == (302, "/rooms/reef/#tips")
    page = page_of(client)
    for words in ("A new lamp", "50 / 200 credits (€20.00)", "A song", "70 credits (€7.00)", "450 credits (€45.00)"):
        assert words in page
    assert "bravo" in page


def test_a_line_of_the_menu_costs_what_it_says(client: Client, room: Room, vi: Member) -> None:
    item = MenuItem.objects.get()
    answer = client.post("/rooms/reef/tip", {"key": "k1", "item": item.pk}, headers=SCRIPT)

    told = json.loads(answer.content)["tip"]
    assert (answer.status_code, told["amount_minor"], told["item"]) == (201, 700, "A song")
    snapshot = json.loads(client.get("/rooms/reef/snapshot").content)["tips"]
    assert snapshot["goal"]["reached_minor"] == 700
    assert [one["id"] for one in snapshot["latest"]] == [told["id"]]


def test_credits_of_ones_own_choice(client: Client, room: Room, vi: Member) -> None:
    client.post("/rooms/reef/tip", {"key": "k1", "amount": "own", "credits": "33"})

    assert wallet.balance_of(vi.subject_id) == 4_670


@pytest.mark.parametrize(
    "typed",
    [
        {"key": "k1"},
        {"key": "k1", "amount": "own", "credits": "-5"},
        {"key": "k1", "amount": "5 euros"},
        {"key": "k1", "amount": "99999999999"},
        {"key": "k1", "item": "12345"},
        {"amount": "500"},
        {"key": "k" * 100, "amount": "500"},
    ],
)
def test_what_is_no_tip_is_told_and_costs_nothing(client: Client, room: Room, vi: Member, typed: dict) -> None:
    answer = client.post("/rooms/reef/tip", typed, headers=SCRIPT)

    assert answer.status_code == 422
    assert json.loads(answer.content)["message"]
    assert wallet.balance_of(vi.subject_id) == 5_000
    assert client.post("/rooms/reef/tip", typed)["Location"] == "/rooms/reef/#tips"  # without scripts too


def test_who_has_too_little_is_led_to_buy(client: Client, room: Room, vi: Member) -> None:
    typed = {"key": "k1", "amount": "own", "credits": "501"}
    answer = client.post("/rooms/reef/tip", typed, headers=SCRIPT)

    assert (answer.status_code, json.loads(answer.content)["way"]) == (402, "/account/money/")
    assert client.post("/rooms/reef/tip", typed)["Location"] == "/account/money/"


def test_who_set_a_limit_is_led_to_it(client: Client, room: Room, vi: Member) -> None:
    wallet_operations.set_limit(subject_id=vi.subject_id, per_day=499, at=timezone.now())
    answer = client.post("/rooms/reef/tip", {"key": "k1", "amount": "500"}, headers=SCRIPT)

    assert (answer.status_code, json.loads(answer.content)["way"]) == (403, "/account/money/limits/")
    assert not Tip.objects.exists()


def test_a_visitor_is_led_to_sign_in_and_back(client: Client, room: Room) -> None:
    answer = client.post("/rooms/reef/tip", {"key": "k1", "amount": "500"})

    assert answer["Location"] == "/accounts/login/?next=/rooms/reef/"
    assert client.post("/rooms/reef/tip", {"key": "k1", "amount": "500"}, headers=SCRIPT).status_code == 401


def test_who_is_muted_tips_without_words(client: Client, room: Room, vi: Member) -> None:
    chat.mute(room=room, member=vi, by=room.host.member, at=timezone.now(), minutes=5)
    typed = {"key": "k1", "amount": "500"}

    assert client.post("/rooms/reef/tip", {**typed, "text": "let me speak"}, headers=SCRIPT).status_code == 422
    assert client.post("/rooms/reef/tip", typed, headers=SCRIPT).status_code == 201


def test_links_are_no_words_of_a_tip(client: Client, room: Room, vi: Member) -> None:
    typed = {"key": "k1", "amount": "500", "text": "see https://evil.example/"}

    assert client.post("/rooms/reef/tip", typed, headers=SCRIPT).status_code == 422
    assert not Tip.objects.exists()


def test_words_are_taken_away_by_the_desk_alone(client: Client, room: Room, vi: Member) -> None:
    client.post("/rooms/reef/tip", {"key": "k1", "amount": "500", "text": "rude words"})
    address = f"/rooms/reef/tips/{Tip.objects.get().pk}/silence"

    assert client.post(address, headers=SCRIPT).status_code == 403
    client.force_login(room.host.member)
    assert client.post(address, headers=SCRIPT).status_code == 200
    assert "rude words" not in page_of(client)


def test_the_host_keeps_menu_and_goal(client: Client, room: Room) -> None:
    client.force_login(room.host.member)
    client.post("/studio/tips/", {"act": "add_item", "title": "A greeting", "credits": "20"})
    client.post("/studio/tips/", {"act": "start_goal", "title": "Ten songs", "credits": "1000"})
    page = page_of(client, "/studio/tips/")

    for words in ("A greeting", "20 credits (€2.00)", "Ten songs", "1000 credits (€100.00)"):
        assert words in page
    client.post("/studio/tips/", {"act": "remove_item", "item": MenuItem.objects.get(title="A greeting").pk})
    client.post("/studio/tips/", {"act": "end_goal"})
    assert [one.title for one in MenuItem.objects.all()] == ["A song"]
    assert not Goal.objects.filter(ended_at=None).exists()


def test_the_host_changes_the_goal_that_runs(client: Client, room: Room) -> None:
    client.force_login(room.host.member)
    page = page_of(client, "/studio/tips/")
    assert 'value="A new lamp"' in page
    assert 'value="200"' in page
    client.post("/studio/tips/", {"act": "change_goal", "title": "Two lamps", "credits": "400"})

    assert [(goal.title, goal.target) for goal in Goal.objects.all()] == [("Two lamps", 4_000)]
    client.post("/studio/tips/", {"act": "end_goal"})
    again = client.post("/studio/tips/", {"act": "change_goal", "title": "Three", "credits": "1"})
    assert again.status_code == 422
    assert "There is no goal to change." in again.content.decode()


def test_the_host_sees_who_tipped_by_the_name_shown_and_nothing_else(client: Client, room: Room, vi: Member) -> None:
    client.post("/rooms/reef/tip", {"key": "k1", "amount": "500", "text": "bravo"})
    client.post("/rooms/reef/tip", {"key": "k2", "amount": "100", "is_anonymous": "1"})
    client.force_login(room.host.member)

    for address in ("/studio/tips/", "/studio/live/"):
        page = page_of(client, address)
        for words in ("Vi tipped 50 credits (€5.00)", "Someone tipped 10 credits (€1.00)", "bravo", "60 / 200 credits"):
            assert words in page
        assert vi.email not in page
    snapshot = json.loads(client.get("/studio/snapshot").content)["tips"]
    assert [one["name"] for one in snapshot["latest"]] == ["", "Vi"]


def test_who_waits_for_a_room_finds_the_form_once_it_is_on_air(client: Client, vi: Member) -> None:
    room = make_room(make_host(make_member("Ada", password=None)), slug="dark", state="offline")
    page = page_of(client, "/rooms/dark/")

    assert 'data-when="on-air" hidden' in page
    typed = {"key": "k1", "amount": "100"}
    assert client.post("/rooms/dark/tip", typed, headers=SCRIPT).status_code == 403
    client.force_login(room.host.member)
    assert "data-tip " not in page_of(client, "/rooms/dark/")


def test_who_is_banned_cannot_tip(client: Client, room: Room, vi: Member) -> None:
    ban(room=room, member=vi, by=room.host.member, at=timezone.now())

    assert client.post("/rooms/reef/tip", {"key": "k1", "amount": "500"}, headers=SCRIPT).status_code == 403
    assert wallet.balance_of(vi.subject_id) == 5_000


def test_enter_never_presses_a_quick_amount(client: Client, room: Room, vi: Member) -> None:
    form = page_of(client).split("data-tip ")[1]
    first = form[form.index("<button") :].split(">")[0]

    assert 'value="own"' in first


def test_what_cannot_be_saved_is_told_beside_the_form(client: Client, room: Room) -> None:
    client.force_login(room.host.member)
    twice = client.post("/studio/tips/", {"act": "add_item", "title": "A song", "credits": "20"})

    assert twice.status_code == 422
    assert "This stands in the menu already." in twice.content.decode()
    assert client.post("/studio/tips/", {"act": "start_goal", "title": " ", "credits": "0"}).status_code == 422


def test_who_hosts_nothing_has_no_such_page(client: Client, room: Room, vi: Member) -> None:
    assert client.get("/studio/tips/").status_code == 404
    room_of_ada = MenuItem.objects.get()
    client.post("/studio/tips/", {"act": "remove_item", "item": room_of_ada.pk})
    assert MenuItem.objects.filter(pk=room_of_ada.pk).exists()
