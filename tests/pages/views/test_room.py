import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas import realtime
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.realtime.events import RoomDetailsChanged, ViewersCounted

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Member:
    return make_member("Ada", password=None)


@pytest.fixture
def vi() -> Member:
    return make_member("Vi", password=None)


@pytest.fixture
def room(ada: Member) -> Room:
    return make_room(make_host(ada), slug="reef", title="Reef cam", state="live", tags=["fish"], viewer_count=1234)


def realtime_of(response) -> dict:
    found = re.search(r'<script id="realtime" type="application/json">(.*?)</script>', response.content.decode())
    assert found is not None
    return json.loads(found[1])


def channels_of(entries: list[dict]) -> list[str]:
    return [entry["channel"] for entry in entries]


def shown_veils(response) -> list[str]:
    """The words over the picture that are there before any script ran."""
    veils = re.findall(r'data-veil="([^"]+)"([^>]*)>', response.content.decode())
    return [name for name, rest in veils if "hidden" not in rest]


# -- The page ----------------------------------------------------------------------------------------------------------


def test_visitor_sees_the_room_before_any_script_runs(client: Client, room: Room, vi: Member):
    make_message(room, vi, "What a fish!")

    page = client.get("/rooms/reef/").content.decode()

    for words in ("Reef cam", "Ada", "1.2K", "fish", "What a fish!", "Sign in to follow", "Sign in to chat"):
        assert words in page
    assert 'data-whep-url="/rooms/reef/whep"' in page


def test_member_may_follow_and_stop_with_a_plain_form(client: Client, room: Room, vi: Member):
    client.force_login(vi)
    before = client.get("/rooms/reef/").content.decode()

    client.post("/rooms/reef/follow", {"following": "1"})

    after = client.get("/rooms/reef/").content.decode()
    assert ('name="following" value="1"' in before, "0 followers" in before) == (True, True)
    assert ('name="following" value="0"' in after, "1 follower" in after) == (True, True)


def test_host_is_led_to_the_studio_instead_of_following(client: Client, room: Room, ada: Member):
    client.force_login(ada)

    page = client.get("/rooms/reef/").content.decode()

    assert "Your studio" in page
    assert 'name="following"' not in page


@pytest.mark.parametrize("state", ["offline", "starting", "away"])
def test_each_state_has_its_own_words(client: Client, ada: Member, state: str):
    make_room(make_host(ada), slug="reef", state=state)

    assert state in shown_veils(client.get("/rooms/reef/"))


def test_live_room_shows_no_words_over_the_picture_but_that_it_connects(client: Client, room: Room):
    assert shown_veils(client.get("/rooms/reef/")) == ["connecting"]


def test_next_live_rooms_are_offered_and_the_room_itself_is_not(client: Client, room: Room):
    make_room(make_host(make_member("Max", password=None)), title="Piano", state="live")
    make_room(make_host(make_member("Nils", password=None)), title="Asleep")

    cards = client.get("/rooms/reef/").content.decode().partition("next-live")[2]

    assert re.findall(r'data-fact="title">([^<]*)<', cards) == ["Piano"]


def test_next_live_rooms_cost_the_same_however_many(client: Client, room: Room):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/rooms/reef/")
        return len(captured)

    make_room(make_host(make_member("Max", password=None)), state="live", tags=["one"])
    few = queries()
    for name in ("Nils", "Mira"):
        make_room(make_host(make_member(name, password=None)), state="live", tags=[name.lower()])

    assert queries() == few


def test_page_is_read_only_and_never_kept_by_a_cache(client: Client, room: Room):
    assert client.post("/rooms/reef/").status_code == 405
    assert "no-store" in client.get("/rooms/reef/").headers["Cache-Control"]


# -- Who is not let in -------------------------------------------------------------------------------------------------


def test_adult_room_asks_for_the_age_first(client: Client, ada: Member):
    make_room(make_host(ada), slug="club", title="Late show", content_class="adult", state="live")

    before = client.get("/rooms/club/").content.decode()
    client.post("/age-statement/", {"over_18": "1", "next": "/rooms/club/"})
    after = client.get("/rooms/club/").content.decode()

    assert ("This room is for adults" in before, "Late show" in before) == (True, False)
    assert "Late show" in after


def test_banned_member_reads_why_and_gets_no_grant(client: Client, room: Room, vi: Member):
    rooms.ban(room=room, member=vi, by=room.host.member, at=timezone.now())
    client.force_login(vi)

    response = client.get("/rooms/reef/")

    assert response.status_code == 403
    assert "You are banned from this room" in response.content.decode()
    assert 'id="realtime"' not in response.content.decode()
    assert client.get("/rooms/reef/snapshot").status_code == 403


@pytest.mark.parametrize("address", ["/rooms/reef/", "/rooms/reef/snapshot"])
def test_private_room_does_not_exist_for_strangers(client: Client, ada: Member, address: str):
    make_room(make_host(ada), slug="reef", state="private")

    assert client.get(address).status_code == 404


# -- What the page may hear --------------------------------------------------------------------------------------------


def test_each_hears_their_own_channels_only(client: Client, room: Room, ada: Member, vi: Member):
    def heard() -> tuple[list[str], list[str]]:
        page = realtime_of(client.get("/rooms/reef/"))
        return channels_of(page["channels"]), channels_of(client.get(page["snapshot_url"]).json()["channels"])

    visitor = heard()
    client.force_login(vi)
    member = heard()
    client.force_login(ada)
    host = heard()

    public = [f"room:{room.pk}", "lobby"]
    assert visitor == (public, public)
    assert member == ([*public, f"member:{vi.pk}"],) * 2
    assert host == ([*public, f"member:{ada.pk}", f"studio:{room.pk}"],) * 2


def test_grant_opens_exactly_the_channels_of_the_page(client: Client, room: Room):
    entries = realtime_of(client.get("/rooms/reef/"))["channels"]

    right = realtime.right(entries[0]["grant"], now=timezone.now().timestamp())

    assert list(right.channels) == channels_of(entries)


def test_snapshot_tells_how_things_stand_and_from_where_to_go_on(client: Client, room: Room, vi: Member):
    make_message(room, vi, "What a fish!")
    channel = f"room:{room.pk}"
    realtime.publish(channel, ViewersCounted(room_id=room.pk, count=1234))
    position = realtime.position(channel)

    answer = client.get("/rooms/reef/snapshot").json()

    entry = answer["channels"][0]
    assert (entry["epoch"], entry["offset"]) == (position.epoch, position.offset)
    assert answer["room"] == {"state": "live", "viewers": 1234, "title": "Reef cam", "thumbnail": None}
    assert "What a fish!" in json.dumps(answer["chat"])


def test_positions_are_taken_before_the_rows_they_go_with(client: Client, room: Room):
    """What happens between both is told twice rather than never: in the rows, and by the channel from there on."""
    channel = f"room:{room.pk}"
    before = realtime.position(channel)
    reads: list[str] = []

    def rename_before_the_second_read(execute, sql, params, many, context):
        if sql.startswith("SELECT") and "rooms_room" in sql:
            reads.append(sql)
            if len(reads) == 2:
                Room.objects.filter(pk=room.pk).update(title="Renamed")
                realtime.publish(channel, RoomDetailsChanged(room_id=room.pk, title="Renamed"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(rename_before_the_second_read):
        answer = client.get("/rooms/reef/snapshot").json()

    assert answer["room"]["title"] == "Renamed"
    assert answer["channels"][0]["offset"] == before.offset
    assert realtime.position(channel).offset == before.offset + 1
