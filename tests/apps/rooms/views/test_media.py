import pytest
from django.test import Client
from django.utils import timezone

from tests.apps.rooms.views.conftest import SCRIPT, Town, browser
from tests.factories.accounts import make_member
from vasistas.apps.rooms import operations
from vasistas.apps.rooms.models import Ban, Broadcast, Room, WatchSession
from vasistas.apps.rooms.views import media as views
from vasistas.apps.verification import operations as verification
from vasistas.apps.verification import queries as verification_queries

OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
SDP = "application/sdp"


def post(client: Client, path: str, body: str | bytes = OFFER, content_type: str = SDP, **extra):
    return client.post(path, body, content_type=content_type, **{**SCRIPT, **extra})


def go_live(town: Town) -> str:
    """Have Ada publish; returns where her session can be deleted."""
    response = post(town.ada, "/rooms/ada/whip")
    assert response.status_code == 201, response.content
    town.scene.follow()
    return response["Location"]


def state() -> str:
    return Room.objects.get().state


# -- Who may, by which method ------------------------------------------------------------------------------------------

ZERO = "0" * 32
WHO = [
    # path, method, owner, moderator, stranger, visitor
    ("/rooms/ada/whip", "post", 201, 403, 403, 401),
    (f"/rooms/ada/whip/{ZERO}", "delete", 200, 403, 403, 401),
    ("/rooms/ada/probe", "post", 201, 403, 403, 401),
    (f"/rooms/ada/probe/{ZERO}", "get", 404, 403, 403, 401),
    ("/rooms/ada/health", "get", 200, 403, 403, 401),
    ("/rooms/ada/cut", "post", 200, 403, 403, 401),
    ("/rooms/ada/away", "post", 409, 403, 403, 401),
    ("/rooms/ada/whep", "post", 404, 404, 404, 404),  # nobody is live
    (f"/rooms/ada/whep/{ZERO}", "delete", 200, 200, 200, 200),
]


@pytest.mark.parametrize("row", WHO, ids=lambda row: f"{row[1]} {row[0]}")
def test_who_may(town: Town, row) -> None:
    path, method, *statuses = row
    options = {"data": OFFER, "content_type": SDP} if method == "post" else {}
    answers = [
        getattr(client, method)(path, **options, **SCRIPT) for client in (town.ada, town.bo, town.max_, town.visitor)
    ]
    assert [answer.status_code for answer in answers] == statuses
    for answer in answers:
        if answer.status_code >= 400:
            assert set(answer.json()) == {"code", "message", "fields"}


@pytest.mark.parametrize("path", [row[0] for row in WHO] + ["/whip", f"/whip/{ZERO}"])
@pytest.mark.parametrize("method", ["patch", "put"])
def test_other_methods_are_refused(town: Town, path: str, method: str) -> None:
    assert getattr(town.ada, method)(path, **SCRIPT).status_code == 405


@pytest.mark.parametrize("path", ["whip", "probe", "cut", "away"])
def test_the_hosts_posts_need_the_csrf_header(town: Town, path: str) -> None:
    ada = browser(town.room.host.member, enforce_csrf_checks=True)
    assert post(ada, f"/rooms/ada/{path}").status_code == 403
    assert not Broadcast.objects.exists()


# -- Watching ----------------------------------------------------------------------------------------------------------


def test_a_visitor_watches_and_leaves_without_a_cookie(town: Town) -> None:
    go_live(town)
    visitor = browser(enforce_csrf_checks=True)
    response = post(visitor, "/rooms/ada/whep")
    assert (response.status_code, response["Content-Type"], response["Cache-Control"]) == (201, SDP, "no-store")
    assert response.content.startswith(b"v=0")
    assert not response.cookies
    row = WatchSession.objects.get()
    assert response["Location"] == f"/rooms/ada/whep/{row.session}"
    assert (len(row.session), row.subject) == (32, None)
    assert visitor.delete(response["Location"]).status_code == 200
    assert town.scene.node.node_stats().viewers == 0


def test_a_members_session_belongs_to_their_subject(town: Town) -> None:
    go_live(town)
    assert post(town.max_, "/rooms/ada/whep").status_code == 201
    assert WatchSession.objects.select_related("subject__member").get().subject.member.display_name == "Max"


def test_no_two_sessions_are_alike(town: Town) -> None:
    go_live(town)
    places = {post(town.visitor, "/rooms/ada/whep")["Location"] for _ in range(8)}
    assert len(places) == 8


def test_the_banned_do_not_watch(town: Town) -> None:
    go_live(town)
    Ban.objects.create(room=town.room, member=make_member("Xu", password=None), at=town.scene.at)
    xu = browser(Ban.objects.get().member)
    response = post(xu, "/rooms/ada/whep")
    assert (response.status_code, response.json()["code"]) == (403, "rooms.banned")


def test_adult_rooms_are_watched_after_the_statement(town: Town) -> None:
    Room.objects.update(content_class="adult")
    go_live(town)
    refused = post(town.visitor, "/rooms/ada/whep")
    assert (refused.status_code, refused.json()["code"]) == (403, "rooms.age_unconfirmed")
    town.visitor.post("/age-statement/", {"over_18": "1"})
    assert post(town.visitor, "/rooms/ada/whep").status_code == 201


BAD_OFFERS = [
    # body, content type, status, code
    ("\n", SDP, 400, "media.sdp_malformed"),
    ("hello", SDP, 400, "media.sdp_malformed"),
    (b"v=0\xff\xfe", SDP, 400, "media.sdp_malformed"),
    (OFFER, "text/plain", 415, "rooms.not_sdp"),
    (OFFER, "application/x-www-form-urlencoded", 415, "rooms.not_sdp"),
    (OFFER + "a" * 65_536, SDP, 413, "rooms.body_too_large"),
    (OFFER + "a" * 5_000_000, SDP, 413, "rooms.body_too_large"),
]


@pytest.mark.parametrize("path", ["whep", "whip", "probe"])
@pytest.mark.parametrize("row", BAD_OFFERS, ids=lambda row: f"{row[3]} {len(row[0])}")
def test_bad_offers_leave_nothing_behind(town: Town, path, row) -> None:
    body, content_type, status, code = row
    if path == "whep":
        go_live(town)
    before = (Broadcast.objects.count(), town.scene.node.node_stats().peers_open, state())
    response = post(town.ada, f"/rooms/ada/{path}", body, content_type)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (Broadcast.objects.count(), town.scene.node.node_stats().peers_open, state()) == before
    assert not WatchSession.objects.exists()


def test_too_many_players_have_to_wait(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "WHEP_PER_MINUTE", 1)
    go_live(town)
    assert post(town.visitor, "/rooms/ada/whep").status_code == 201
    response = post(town.visitor, "/rooms/ada/whep")
    assert (response.status_code, response.json()["code"]) == (429, "limit_reached")
    assert 0 < int(response["Retry-After"]) <= 60
    assert post(town.max_, "/rooms/ada/whep").status_code == 201  # members count for themselves


# -- Broadcasting ------------------------------------------------------------------------------------------------------


def test_the_host_goes_live_and_ends(town: Town) -> None:
    place = go_live(town)
    assert state() == "live"
    assert town.ada.delete(place, **SCRIPT).status_code == 200
    assert state() == "offline"
    assert town.ada.delete(place, **SCRIPT).status_code == 200  # a repeat does nothing


def test_two_publishers_the_second_is_refused_unless_it_takes_over(town: Town) -> None:
    go_live(town)
    second = post(town.ada, "/rooms/ada/whip")
    assert (second.status_code, second.json()["code"]) == (409, "rooms.busy")
    assert post(town.ada, "/rooms/ada/whip?takeover=1").status_code == 201
    town.scene.follow()
    assert (state(), Broadcast.objects.count(), town.scene.node.node_stats().publishers) == ("live", 1, 1)


def test_streaming_software_goes_live_with_its_key(town: Town) -> None:
    key = operations.rotate_stream_key(room=town.room, at=town.scene.at)
    obs = browser(enforce_csrf_checks=True)
    held = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    response = obs.post("/whip", OFFER, content_type=SDP, **held)  # says nothing of what it accepts
    assert response.status_code == 201
    town.scene.follow()
    assert (state(), Broadcast.objects.get().ingest) == ("live", "whip")
    assert obs.delete(response["Location"]).status_code == 401
    assert state() == "live"
    assert obs.delete(response["Location"], **held).status_code == 200
    assert state() == "offline"


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer vk-forged", "Basic dms6eA==", "Bearer " + "x" * 9000, "Bearer \u00e9"],
)
def test_forged_keys_get_one_constant_answer(town: Town, header: str | None) -> None:
    operations.rotate_stream_key(room=town.room, at=town.scene.at)
    held = {} if header is None else {"HTTP_AUTHORIZATION": header}
    response = town.visitor.post("/whip", OFFER, content_type=SDP, **held)
    message = "The stream key is wrong or was replaced. Make a new one in the studio."
    assert response.status_code == 401
    assert response.json() == {"code": "rooms.key_refused", "message": message, "fields": {}}
    assert response["WWW-Authenticate"] == "Bearer"
    assert not Broadcast.objects.exists()


def test_guessing_keys_is_slowed_down(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "WHIP_KEY_PER_MINUTE", 2)
    answers = [town.visitor.post("/whip", OFFER, content_type=SDP).status_code for _ in range(3)]
    assert answers == [401, 401, 429]


def test_a_suspended_host_does_not_go_live(town: Town) -> None:
    type(town.room.host).objects.update(is_suspended=True)
    response = post(town.ada, "/rooms/ada/whip")
    assert (response.status_code, response.json()["code"]) == (403, "rooms.suspended")


# -- On air ------------------------------------------------------------------------------------------------------------


def test_cut_works_for_scripts_and_for_forms(town: Town) -> None:
    go_live(town)
    assert town.ada.post("/rooms/ada/cut", **SCRIPT).json() == {"state": "offline"}
    assert town.scene.node.node_stats().peers_open == 0
    assert town.ada.post("/rooms/ada/cut").status_code == 302


def test_away_and_back(town: Town) -> None:
    go_live(town)
    assert town.ada.post("/rooms/ada/away", {"away": "1"}, **SCRIPT).json() == {"state": "away"}
    assert state() == "away"
    assert town.ada.post("/rooms/ada/away", {"away": "0"}, **SCRIPT).json() == {"state": "live"}
    assert state() == "live"


def test_health_off_and_on_air(town: Town) -> None:
    assert town.ada.get("/rooms/ada/health", **SCRIPT).json() == {
        "state": "offline",
        "session": None,
        "viewers": 0,
        "ingest": None,
        "started_at": None,
        "media": None,
    }
    go_live(town)
    told = town.ada.get("/rooms/ada/health", **SCRIPT).json()
    assert (told["state"], told["ingest"], told["media"]["bitrate_bps"]) == ("live", "browser", 1_000_000)


def test_the_uplink_test_is_measured_and_ended(town: Town) -> None:
    response = post(town.ada, "/rooms/ada/probe")
    place = response["Location"]
    figures = town.ada.get(place, **SCRIPT).json()
    assert {"bitrate_bps", "loss_ratio", "rtt_ms", "duration_s"} <= set(figures)
    assert town.ada.delete(place, **SCRIPT).status_code == 200
    assert town.ada.get(place, **SCRIPT).status_code == 404
    assert state() == "offline"


def test_a_host_who_pauses_all_the_time_is_slowed_down(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "AWAY_PER_MINUTE", 2)
    go_live(town)
    answers = [town.ada.post("/rooms/ada/away", {"away": away}, **SCRIPT).status_code for away in "101"]
    assert answers == [200, 200, 429]


# -- Hosts whom staff has not checked ----------------------------------------------------------------------------------


def test_only_a_cleared_host_goes_live(town: Town, settings) -> None:
    settings.HOSTS_MUST_VERIFY = True
    refused = post(town.ada, "/rooms/ada/whip")
    assert (refused.status_code, refused.json()["code"]) == (403, "verification.needed")
    key = town.ada.post("/rooms/ada/stream-key", **SCRIPT).json()["key"]
    by_key = post(Client(), "/whip", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert (by_key.status_code, by_key.json()["code"]) == (403, "verification.needed")
    assert Broadcast.objects.count() == 0
    host = verification_queries.get_host(Room.objects.get().host_id)
    verification.clear(host=host, by_subject_id=0, days=1, at=timezone.now())
    go_live(town)
    assert state() == "live"
