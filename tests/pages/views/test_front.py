import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.queries import PAGE_SIZE
from vasistas.apps.rooms.rules import AGE_SESSION_KEY
from vasistas.pages.views.front import FEW

pytestmark = pytest.mark.django_db
CAST = ("Ada", "Mira", "Nils", "Stu")


def make_rooms(count: int, **over) -> list[Room]:
    return [make_room(make_host(make_member(name, password=None)), tags=["sea"], **over) for name in CAST[:count]]


def titles(response) -> list[str]:
    return re.findall(r'class="room-card__title" data-fact="title">([^<]*)<', response.content.decode())


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def confirm_age(client: Client) -> None:
    client.post("/age-statement/", {"over_18": "1", "next": "/"})
    assert client.session[AGE_SESSION_KEY] is True


def test_home_shows_visitors_what_is_live_and_why_they_are_here(client: Client):
    make_rooms(1, state="live", title="Reef cam")
    make_room(make_host(make_member("Max", password=None)), title="Asleep")

    response = client.get("/")

    assert titles(response) == ["Reef cam", "Asleep"]
    assert "A small window in every door" in response.content.decode()


def test_home_with_nobody_live_says_what_to_do(client: Client):
    page = client.get("/").content.decode()

    assert "All windows are closed" in page
    assert 'href="/become-a-host/"' in page


def test_home_shows_members_their_followed_rooms_first_even_when_offline(client: Client):
    vi = make_member("Vi", password=None)
    followed, _ = make_rooms(2, title="Followed")
    Room.objects.exclude(pk=followed.pk).update(title="Unknown")
    rooms.follow(room=followed, member=vi, at=followed.created_at)
    make_room(make_host(make_member("Max", password=None)), title="Busy", state="live", viewer_count=900)
    client.force_login(vi)

    response = client.get("/")

    assert titles(response) == ["Followed", "Busy", "Unknown"]
    assert "A small window in every door" not in response.content.decode()


def test_home_shows_rooms_that_sleep_only_while_few_are_awake(client: Client):
    make_room(make_host(make_member("Max", password=None)), title="Asleep")
    make_rooms(FEW - 1, state="live", title="Awake")
    few = titles(client.get("/"))

    make_room(make_host(make_member("Sam", password=None)), state="away", title="Awake")

    assert few == ["Awake"] * (FEW - 1) + ["Asleep"]
    assert titles(client.get("/")) == ["Awake"] * FEW


@pytest.mark.parametrize("address", ["/", "/rooms/"])
def test_cards_cost_the_same_however_many(client: Client, address):
    client.force_login(make_member("Vi", password=None))
    make_rooms(1, state="live")
    few = queries_of(client, address)
    for name in CAST[1:3]:
        make_room(make_host(make_member(name, password=None)), state="live", tags=["sea", name.lower()])

    assert queries_of(client, address) == few


@pytest.mark.parametrize("address", ["/", "/rooms/", "/lobby"])
def test_pages_of_cards_change_nothing(client: Client, address):
    assert client.post(address).status_code == 405


def test_rooms_of_suspended_hosts_and_private_ones_are_nowhere(client: Client):
    make_room(make_host(make_member("Max", password=None), is_suspended=True), state="live")
    make_room(make_host(make_member("Ada", password=None)), state="private")

    assert titles(client.get("/")) == titles(client.get("/rooms/")) == []


def test_adult_rooms_are_listed_after_the_statement_of_age_only(client: Client):
    make_rooms(1, state="live", title="Late show", content_class="adult")
    before = titles(client.get("/rooms/"))

    confirm_age(client)

    assert (before, titles(client.get("/rooms/"))) == ([], ["Late show"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=reef", ["Reef cam"]),
        ("q=ada", ["Reef cam"]),
        ("category=nature", ["Reef cam"]),
        ("tag=fish", ["Reef cam"]),
        ("language=fr", ["Le soir"]),
        ("live=1", ["Reef cam"]),
        ("sort=newest", ["Le soir", "Reef cam"]),
        ("category=nature&language=fr", []),
        ("category=nonsense&page=99", ["Reef cam", "Le soir"]),
    ],
)
def test_directory_filters_by_its_address(client: Client, query, found):
    ada, nils = (make_host(make_member(name, password=None)) for name in ("Ada", "Nils"))
    make_room(ada, title="Reef cam", category="nature", tags=["fish"], state="live", viewer_count=5)
    make_room(nils, title="Le soir", language="fr")

    response = client.get(f"/rooms/?{query}")

    assert titles(response) == found
    assert f"{len(found)} room" in response.content.decode()


def test_each_filter_in_force_is_a_chip_that_takes_it_away_alone(client: Client):
    page = client.get("/rooms/?q=sea&category=music&live=1").content.decode()

    chips = re.findall(r'chip--active" href="/rooms/\?([^"]*)"', page)

    assert [chip.replace("&amp;", "&") for chip in chips] == [
        "category=music&live=1",
        "q=sea&live=1",
        "q=sea&category=music",
    ]


def test_a_search_is_shown_back_as_text(client: Client):
    page = client.get("/rooms/", {"q": '"><script>x()</script>'}).content.decode()

    assert "<script>x()" not in page
    assert "&lt;script&gt;x()" in page


def test_long_lists_have_pages_that_keep_the_filters(client: Client):
    hosts = [make_host(make_member(f"Host {number}", password=None)) for number in range(PAGE_SIZE + 1)]
    for number, host in enumerate(hosts):
        make_room(host, slug=f"room-{number}", category="art")

    first, second = client.get("/rooms/?category=art"), client.get("/rooms/?category=art&page=2")

    assert (len(titles(first)), len(titles(second))) == (PAGE_SIZE, 1)
    assert 'rel="next" href="?category=art&amp;page=2"' in first.content.decode()
    assert 'rel="prev" href="?category=art&amp;page=1"' in second.content.decode()


def test_lobby_gives_the_right_to_hear_the_lobby_and_nothing_else(client: Client):
    answer = client.get("/lobby").json()

    assert [channel["channel"] for channel in answer["channels"]] == ["lobby"]


def test_lobby_of_adult_rooms_is_for_those_who_stated_their_age(client: Client):
    confirm_age(client)

    answer = client.get("/lobby").json()

    assert [channel["channel"] for channel in answer["channels"]] == ["lobby", "lobby:adult"]
