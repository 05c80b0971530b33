import html
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host, make_studio
from tests.factories.rooms import make_broadcast, make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.lib import grants

pytestmark = pytest.mark.django_db
PAGES = ["/studio/", "/studio/live/"]


@pytest.fixture
def ada() -> Member:
    return make_member("Ada", password=None)


@pytest.fixture
def room(ada: Member) -> Room:
    return make_room(make_host(ada), slug="reef", title="Reef cam", tags=["fish", "sea"])


@pytest.fixture
def host(client: Client, ada: Member, room: Room) -> Client:
    client.force_login(ada)
    return client


def words_of(response) -> str:
    """The text a person reads, in one line."""
    without_code = re.sub(r"<(script|template)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", without_code).split()))


def json_of(response, name: str):
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', response.content.decode())
    assert found is not None
    return json.loads(found.group(1))


@pytest.mark.parametrize("page", PAGES)
def test_page_of_visitor_leads_to_sign_in(client: Client, page: str) -> None:
    assert client.get(page).url == f"/accounts/login/?next={page}"


@pytest.mark.parametrize("page", PAGES)
def test_page_of_member_without_room_leads_to_become_a_host(client: Client, page: str) -> None:
    client.force_login(make_member("Vi", password=None))
    assert client.get(page).url == "/become-a-host/"


@pytest.mark.parametrize("page", PAGES)
def test_page_takes_no_post_and_is_not_kept(host: Client, page: str) -> None:
    assert host.post(page).status_code == 405
    assert "no-store" in host.get(page)["Cache-Control"]


def test_desk_shows_room_state_followers_and_address(host: Client, room: Room) -> None:
    rooms.follow(room=room, member=make_member("Vi", password=None), at=timezone.now())
    shown = words_of(host.get("/studio/"))
    assert "Off air" in shown
    assert "Reef cam" in shown
    assert "1 Followers" in shown.replace("Followers 1", "1 Followers")
    assert 'value="http://localhost:8000/rooms/reef/"' in host.get("/studio/").content.decode()


def test_desk_form_saves_and_comes_back(host: Client, room: Room) -> None:
    page = host.get("/studio/").content.decode()
    assert 'action="/rooms/reef/details"' in page
    posted = {"title": "Night reef", "category": "nature", "tags": "fish", "language": "en", "content_class": "general"}
    answer = host.post("/rooms/reef/details", posted)
    assert answer.url == "/studio/"
    assert "Night reef" in words_of(host.get("/studio/"))


def test_desk_shows_hint_of_key_but_never_the_key(host: Client, room: Room) -> None:
    assert "You have no key yet" in words_of(host.get("/studio/"))
    key = rooms.rotate_stream_key(room=room, at=timezone.now())
    page = host.get("/studio/")
    assert f"•••••••• {key[-4:]}" in words_of(page)
    assert key not in page.content.decode()


def test_desk_lists_people_by_name_and_room_reference_only(host: Client, room: Room, ada: Member) -> None:
    bo, max_ = make_member("Bo", password=None), make_member("Max", password=None)
    rooms.add_moderator(room=room, member=bo, at=timezone.now())
    rooms.ban(room=room, member=max_, by=ada, reason="spam", at=timezone.now())
    page = host.get("/studio/")
    shown = words_of(page)
    assert "Bo" in shown
    assert "Max until you lift it · spam" in shown
    assert bo.email not in page.content.decode()
    assert max_.email not in page.content.decode()


def test_desk_lifts_a_ban_and_comes_back(host: Client, room: Room, ada: Member) -> None:
    rooms.ban(room=room, member=make_member("Max", password=None), by=ada, at=timezone.now())
    page = host.get("/studio/").content.decode()
    form = re.search(r'action="(/rooms/reef/chat/unban)".*?name="ref" value="([0-9a-f]{16})"', page, re.DOTALL)
    assert form is not None
    answer = host.post(form.group(1), {"ref": form.group(2), "next": "/studio/"})
    assert answer.url == "/studio/#chat"
    assert "Nobody is banned" in words_of(host.get("/studio/"))


def test_desk_names_and_removes_a_moderator(host: Client, room: Room) -> None:
    make_member("Bo", password=None)
    host.post("/rooms/reef/moderators", {"act": "add", "name": "bo"})
    page = host.get("/studio/").content.decode()
    ref = re.search(r'name="act" value="remove"><input type="hidden" name="ref" value="([0-9a-f]{16})"', page)
    assert ref is not None
    host.post("/rooms/reef/moderators", {"act": "remove", "ref": ref.group(1)})
    assert 'value="remove"' not in host.get("/studio/").content.decode()


def test_desk_says_that_nobody_has_this_name(host: Client, room: Room) -> None:
    answer = host.post("/rooms/reef/moderators", {"act": "add", "name": "Nobody"}, follow=True)
    assert answer.redirect_chain == [("/studio/", 302)]
    assert "Nobody here has this name. Check how it is written." in words_of(answer)


def test_desk_tells_past_broadcasts_with_length_and_peak(host: Client, room: Room) -> None:
    start = timezone.datetime(2026, 3, 1, 20, 0, tzinfo=timezone.get_current_timezone())
    end = start + timezone.timedelta(hours=1, minutes=2, seconds=3)
    make_broadcast(
        room, started_at=start, joined_at=start, ended_at=end, peak_viewers=17, end_reason="cut", ingest="whip"
    )
    shown = words_of(host.get("/studio/"))
    assert "1:02:03 17 Streaming software Cut by the host" in shown


def test_desk_queries_do_not_grow_with_rows(host: Client, room: Room) -> None:
    def fill(suffix: str) -> None:
        member = make_member(f"Bo{suffix}", password=None)
        rooms.add_moderator(room=room, member=member, at=timezone.now())
        make_broadcast(room, joined_at=timezone.now(), ended_at=timezone.now())

    counts = []
    for rows in (["1"], ["2", "3"]):
        for suffix in rows:
            fill(f"{suffix} the mod")
        host.get("/studio/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            host.get("/studio/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_desk_names_the_studio_of_the_host(host: Client, room: Room) -> None:
    room.host.studio = make_studio(name="Lux")
    room.host.save()
    assert "You work with the studio Lux" in words_of(host.get("/studio/"))


def test_desk_on_air_offers_the_cut_without_javascript(client: Client, ada: Member) -> None:
    make_room(make_host(ada), slug="reef", state="live")
    client.force_login(ada)
    page = client.get("/studio/").content.decode()
    assert '<form action="/rooms/reef/cut" method="post">' in page


def test_green_room_names_every_door_and_grants_its_channels(host: Client, room: Room, settings) -> None:
    page = host.get("/studio/live/")
    text = page.content.decode()
    for door in ("whip", "probe", "health", "cut", "away", "thumbnail"):
        assert f'"/rooms/reef/{door}"' in text
    given = json_of(page, "realtime")["channels"]
    names = [f"room:{room.pk}", f"studio:{room.pk}", f"member:{room.host.member_id}"]
    assert [entry["channel"] for entry in given] == names
    claims = grants.verify(given[0]["grant"], audience="realtime", key=settings.GRANT_KEY)
    assert claims["channels"] == names


def test_snapshot_gives_fresh_grants_and_how_things_stand(host: Client, room: Room) -> None:
    fresh = host.get("/studio/snapshot").json()
    shown = json_of(host.get("/studio/live/"), "realtime")
    assert shown["snapshot_url"] == "/studio/snapshot"
    assert [entry["channel"] for entry in fresh["channels"]] == [entry["channel"] for entry in shown["channels"]]
    assert (fresh["room"], fresh["chat"]["lines"]) == ({"state": "offline", "viewers": 0}, [])


def test_snapshot_of_member_without_room_is_none(client: Client) -> None:
    client.force_login(make_member("Vi", password=None))
    assert client.get("/studio/snapshot", headers={"Sec-Fetch-Mode": "cors"}).status_code == 404


def test_green_room_prefers_the_codec_of_the_address(host: Client) -> None:
    assert 'value="h264" selected' in host.get("/studio/live/?codec=h264").content.decode()
    assert 'value="h264" selected' not in host.get("/studio/live/?codec=evil").content.decode()


def test_green_room_of_suspended_host_leads_to_the_desk_that_says_why(host: Client, room: Room) -> None:
    room.host.is_suspended = True
    room.host.save()
    assert host.get("/studio/live/").url == "/studio/"
    assert "suspended" in words_of(host.get("/studio/"))


def test_green_room_of_room_on_air_says_that_going_live_takes_over(client: Client, ada: Member) -> None:
    make_room(make_host(ada), state="live")
    client.force_login(ada)
    page = client.get("/studio/live/")
    assert 'data-state="live"' in page.content.decode()


def test_green_room_title_form_keeps_the_other_details(host: Client, room: Room) -> None:
    page = host.get("/studio/live/").content.decode()
    form = page[page.index('data-part="details"') : page.index('id="title"')]
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    kept.pop("csrfmiddlewaretoken", None)
    answer = host.post("/rooms/reef/details", {**kept, "title": "Other title"})
    room.refresh_from_db()
    assert answer.status_code == 302
    assert [room.title, *sorted(tag.name for tag in room.tags.all())] == ["Other title", "fish", "sea"]
