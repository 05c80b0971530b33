"""Private sessions on pages: asking, answering, the room both sides see, and who is kept out."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.factories.shows import ask, give_credits, open_offer
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import Line, Offer, Show
from vasistas.apps.wallet import queries as wallet

pytestmark = pytest.mark.django_db

SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def room() -> Room:
    room = make_room(make_host(make_member("Ada", password=None)), slug="reef", state="live")
    open_offer(room)
    return room


@pytest.fixture
def vi() -> Member:
    member = make_member("Vi", password=None)
    give_credits(member, 5_000, timezone.now() - timedelta(days=1))
    return member


def of(member: Member) -> Client:
    client = Client()
    client.force_login(member)
    return client


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def running(room: Room, vi: Member) -> Show:
    show = ask(room, vi, timezone.now())
    return shows.accept(show=show, host=room.host.member, at=timezone.now())


def test_the_page_of_a_room_says_what_a_session_costs(client: Client, room: Room, vi: Member) -> None:
    assert "A private session costs 30 credits (€3.00) a minute." in page(client, "/rooms/reef/")
    shown = page(of(vi), "/rooms/reef/")
    for words in ("Private session, 30 credits (€3.00) a minute", "5 min, at most 150 credits (€15.00)"):
        assert words in shown
    assert "Others may watch along" in shown


def test_asking_accepting_and_ending_without_scripts(room: Room, vi: Member) -> None:
    viewer, host = of(vi), of(room.host.member)
    answer = viewer.post("/rooms/reef/private", {"kind": "private", "minutes": "2"})
    key = Show.objects.get().key

    assert answer["Location"] == f"/shows/{key}/"
    assert "Waiting for Ada" in page(viewer, f"/shows/{key}/")
    desk = page(host, "/studio/private/")
    assert "asks for a private session" in desk
    assert "2 min, at most 60 credits (€6.00)" in desk
    host.post(f"/shows/{key}/act", {"act": "accept"})
    for client in (viewer, host):
        shown = page(client, f"/shows/{key}/")
        for words in ("Who is here", "Vi", "Ada", "Recorder", "off", "30 credits (€3.00) a minute"):
            assert words in shown
    assert wallet.held(vi.subject_id) == 600
    viewer.post(f"/shows/{key}/act", {"act": "end"})
    assert "You paid" in page(viewer, f"/shows/{key}/")
    assert (wallet.held(vi.subject_id), wallet.balance_of(vi.subject_id)) == (0, 5_000)  # nothing was delivered


@pytest.mark.parametrize("name", ["Max", "Sam", "Bo"])
def test_outsiders_find_no_session_not_even_staff_before_it_runs(room: Room, vi: Member, name: str) -> None:
    outsider = make_member(name, password=None, is_staff=name == "Sam")
    show = ask(room, vi, timezone.now())
    client = of(outsider)

    for address in (f"/shows/{show.key}/", f"/shows/{show.key}/state", f"/shows/{show.key}/snapshot"):
        assert client.get(address).status_code == 404
    for act in ("accept", "end", "withdraw", "leave"):
        assert client.post(f"/shows/{show.key}/act", {"act": act}, headers=SCRIPT).status_code == 404
    assert client.post(f"/shows/{show.key}/say", {"text": "hello"}, headers=SCRIPT).status_code == 404


def test_a_room_in_private_says_so_and_offers_to_watch_along(room: Room, vi: Member) -> None:
    show = running(room, vi)
    max_ = make_member("Max", password=None)
    give_credits(max_, 5_000, timezone.now() - timedelta(days=1))
    client = of(max_)
    closed = client.get("/rooms/reef/")

    assert closed.status_code == 404
    assert "in a private session now" in closed.content.decode()
    assert f"/shows/{show.key}/" in closed.content.decode()
    client.post(f"/shows/{show.key}/act", {"act": "spy", "minutes": "5"})
    for member in (vi, room.host.member, max_):
        assert "Watches along" in page(of(member), f"/shows/{show.key}/")


def test_staff_who_look_in_stand_on_the_list(room: Room, vi: Member) -> None:
    show = running(room, vi)
    client = of(make_member("Sam", is_staff=True, password=None))

    assert "Look in, listed" in page(client, "/rooms/reef/")
    assert client.post("/rooms/reef/private/attend")["Location"] == f"/shows/{show.key}/"
    assert "Recorder" in page(client, f"/shows/{show.key}/")
    listed = [one.name for one in queries.view_for(show, vi, timezone.now()).people if one.role == "staff"]
    assert listed == ["Sam"]


def test_nobody_else_looks_in(room: Room, vi: Member) -> None:
    show = running(room, vi)
    without_factor = make_member("Lea", is_staff=True, second_factor=False, password=None)

    for member in (make_member("Max", password=None), without_factor):
        assert of(member).post("/rooms/reef/private/attend").status_code == 404
        assert "Look in" not in page(of(member), "/rooms/reef/") + page(of(member), f"/shows/{show.key}/")
    shows.end(show=show, by=vi, at=timezone.now())
    sam = make_member("Sam", is_staff=True, password=None)
    assert of(sam).post("/rooms/reef/private/attend").status_code == 404  # nothing runs
    assert of(sam).get(f"/shows/{show.key}/").status_code == 404


def test_who_stands_outside_sees_the_terms_and_no_clock(room: Room, vi: Member) -> None:
    show = running(room, vi)
    shown = page(of(make_member("Max", password=None)), f"/shows/{show.key}/")

    assert "Watch along" in shown
    assert "Only seconds in which the picture reached you are charged." in shown
    for words in ("Spent so far", "Who is here", "Vi"):
        assert f">{words}<" not in shown


def test_who_cannot_pay_is_led_to_money(room: Room, vi: Member) -> None:
    poor = make_member("Max", password=None)

    assert of(poor).post("/rooms/reef/private", {"minutes": "2"})["Location"] == "/account/money/"
    assert of(vi).post("/rooms/reef/private", {"minutes": "9999"})["Location"] == "/rooms/reef/#private"
    assert not Show.objects.exists()


def test_adding_to_the_budget_twice_by_one_form_adds_once(room: Room, vi: Member) -> None:
    show, client = running(room, vi), of(vi)
    form = {"act": "extend", "token": "0192f0c1-0000-7000-8000-000000000001"}

    for _time in range(2):
        assert client.post(f"/shows/{show.key}/act", form, headers=SCRIPT).status_code == 200
    assert wallet.held(vi.subject_id) == 600 + 1_500
    assert client.post(f"/shows/{show.key}/act", {"act": "extend"}, headers=SCRIPT).status_code == 404
    assert client.post(f"/shows/{show.key}/act", {"act": "dance"}, headers=SCRIPT).status_code == 404


def test_talk_is_passed_on_and_not_stored(room: Room, vi: Member) -> None:
    show = running(room, vi)

    assert of(vi).post(f"/shows/{show.key}/say", {"text": "hello"}, headers=SCRIPT).status_code == 200
    assert of(vi).post(f"/shows/{show.key}/say", {"text": " "}, headers=SCRIPT).status_code == 422
    assert not Line.objects.exists()


def test_a_receipt_reads_and_downloads(room: Room, vi: Member) -> None:
    show = running(room, vi)
    shows.end(show=show, by=vi, at=timezone.now())
    client = of(vi)

    assert str(show.key) in page(client, "/account/money/receipts/")
    assert "Who was there" in page(client, f"/account/money/receipts/{show.key}/")
    file = client.get(f"/account/money/receipts/{show.key}/?as=json")
    assert shows.is_genuine(file.content.decode())
    assert json.loads(file.content)["show"] == str(show.key)
    assert of(make_member("Max", password=None)).get(f"/account/money/receipts/{show.key}/").status_code == 404


def test_the_host_sets_prices_in_credits(room: Room) -> None:
    client = of(room.host.member)
    typed = {"is_open": "on", "private_price": "50", "budget_minutes_min": "3", "group_price": "", "ticket_price": "10"}

    assert client.post("/studio/private/", typed).status_code == 302
    offer = Offer.objects.get()
    assert (offer.private_price, offer.group_price, offer.ticket_price, offer.budget_minutes_min) == (500, 0, 100, 3)
    assert client.post("/studio/private/", {**typed, "allows_spies": "on"}).status_code == 422
    assert of(make_member("Max", password=None)).get("/studio/private/").status_code == 404


def test_a_ticket_show_is_announced_bought_and_begun(room: Room, vi: Member) -> None:
    host, viewer = of(room.host.member), of(vi)
    host.post("/studio/private/announce", {"kind": "ticket"})
    show = Show.objects.get()

    assert "Buy a ticket" in page(viewer, "/rooms/reef/")
    assert "Buy for 100 credits (€10.00)" in page(viewer, f"/shows/{show.key}/")
    viewer.post(f"/shows/{show.key}/act", {"act": "join"})
    assert "You are in." in page(viewer, f"/shows/{show.key}/")
    host.post(f"/shows/{show.key}/act", {"act": "begin"})
    assert "Picture delivered" in page(viewer, f"/shows/{show.key}/")
    assert client_refused(host, "private") == 409  # a show runs


def client_refused(client: Client, kind: str) -> int:
    return client.post("/studio/private/announce", {"kind": kind}, headers=SCRIPT).status_code
