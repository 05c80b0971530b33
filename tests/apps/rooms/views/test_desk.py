import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.apps.rooms.views.conftest import SCRIPT, Town, browser
from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_broadcast, make_room
from vasistas.apps.providers import queries as providers
from vasistas.apps.rooms import queries
from vasistas.apps.rooms.models import Moderator, Room
from vasistas.apps.rooms.views import desk as views

FORM = {
    "title": "Bach at noon",
    "slug": "mira",
    "category": "music",
    "tags": "bach, piano",
    "language": "en",
    "content_class": "general",
    "agreed": "on",
}


def picture(kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), (1, 99, 180)).save(out, kind)
    return out.getvalue()


# -- Become a host -----------------------------------------------------------------------------------------------------


def test_a_member_becomes_a_host_with_a_room(db: None) -> None:
    mira = make_member("Mira", password=None)
    client = browser(mira)
    page = client.get("/become-a-host/")
    assert page.status_code == 200
    assert "terms for hosts" in page.text
    answer = client.post("/become-a-host/", FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/studio/")
    assert queries.room_of_host(mira).title == "Bach at noon"


def test_a_visitor_signs_in_first(db: None) -> None:
    answer = browser().get("/become-a-host/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/become-a-host/")


def test_a_host_with_a_room_goes_to_the_studio(town: Town) -> None:
    assert town.ada.get("/become-a-host/")["Location"] == "/studio/"
    assert town.ada.post("/become-a-host/", FORM)["Location"] == "/studio/"


def test_a_host_without_a_room_gets_one(db: None) -> None:
    mira = make_host(make_member("Mira", password=None)).member
    assert browser(mira).post("/become-a-host/", FORM).status_code == 302
    assert queries.room_of_host(mira).slug == "mira"


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"agreed": ""}, "Agree to the terms for hosts to go on."),
        ({"slug": "ada"}, "This address is taken. Choose another."),
        ({"slug": "No Good"}, "Use small letters"),
        ({"title": "<b>"}, "&lt;b&gt;"),
        ({"tags": "<script>"}, "&lt;script&gt;"),
    ],
)
def test_what_is_wrong_is_shown_and_makes_nobody_a_host(db: None, over: dict, words: str) -> None:
    make_room()
    mira = make_member("Mira", password=None)
    wrong = {**FORM, **over}
    if over == {"title": "<b>"}:  # not wrong, only dangerous when shown raw
        wrong["agreed"] = ""
    answer = browser(mira).post("/become-a-host/", wrong)
    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>" not in answer.text
    assert providers.host_of(mira) is None


# -- Details, key, moderators ------------------------------------------------------------------------------------------


def test_only_the_host_changes_details(town: Town) -> None:
    assert 'value="Ada plays the piano"' in town.ada.get("/rooms/ada/details").text
    change = {**FORM, "title": "Chopin"}
    for client, status in ((town.bo, 403), (town.max_, 403), (town.visitor, 302), (town.ada, 302)):
        assert client.post("/rooms/ada/details", change).status_code == status
    assert Room.objects.get().title == "Chopin"
    assert town.ada.post("/rooms/ada/details", {**change, "title": ""}).status_code == 422


def test_a_script_saves_details_and_hears_what_is_wrong(town: Town) -> None:
    saved = town.ada.post("/rooms/ada/details", {**FORM, "title": "Chopin"}, **SCRIPT)
    assert (saved.status_code, saved.json()) == (200, {"title": "Chopin"})
    wrong = town.ada.post("/rooms/ada/details", {**FORM, "title": "x", "tags": "<b>"}, **SCRIPT)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "rooms.form_wrong")
    assert set(wrong.json()["fields"]) == {"title", "tags"}


def test_the_class_stays_while_on_air(town: Town) -> None:
    make_broadcast(town.room)
    Room.objects.update(state="live")
    answer = town.ada.post("/rooms/ada/details", {**FORM, "content_class": "adult"})
    assert answer.status_code == 422
    assert "End the broadcast before you change the content class." in answer.text


def test_a_stream_key_is_shown_once_to_the_host(town: Town) -> None:
    for client, status in ((town.bo, 403), (town.max_, 403), (town.visitor, 302)):
        assert client.post("/rooms/ada/stream-key").status_code == status
    assert town.ada.get("/rooms/ada/stream-key").status_code == 405
    page = town.ada.post("/rooms/ada/stream-key")
    assert "no-store" in page["Cache-Control"]
    (key,) = re.findall(r"vk-[\w-]{43}", page.text)
    assert queries.room_by_stream_key(key) == town.room
    told = town.ada.post("/rooms/ada/stream-key", **SCRIPT).json()
    assert told["whip_url"].endswith("/whip")
    assert queries.room_by_stream_key(key) is None
    assert queries.room_by_stream_key(told["key"]) == town.room
    assert told["key"] not in town.ada.get("/rooms/ada/details").text


def test_the_host_names_and_removes_moderators(town: Town) -> None:
    make_member("Vi", password=None)
    told = town.ada.post("/rooms/ada/moderators", {"act": "add", "name": "vi"}, **SCRIPT).json()
    assert [person["name"] for person in told["moderators"]] == ["Bo", "Vi"]
    assert set(told["moderators"][0]) == {"ref", "name"}
    ref = told["moderators"][1]["ref"]
    assert town.ada.post("/rooms/ada/moderators", {"act": "remove", "ref": ref}).status_code == 302
    assert [row.member.display_name for row in Moderator.objects.all()] == ["Bo"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 400, "rooms.no_name"),
        ({"act": "add"}, 400, "rooms.no_name"),
        ({"act": "add", "name": "nobody"}, 404, "rooms.no_member"),
        ({"act": "remove", "ref": "0" * 16}, 404, "rooms.no_member"),
        ({"act": "remove", "ref": "../../x"}, 400, "rooms.no_name"),
        ({"act": "add", "name": "Ada"}, 409, "rooms.cannot_moderate"),
    ],
)
def test_bad_asks_about_moderators(town: Town, asked: dict, status: int, code: str) -> None:
    answer = town.ada.post("/rooms/ada/moderators", asked, **SCRIPT)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nobody_else_names_moderators(town: Town) -> None:
    for client, status in ((town.bo, 403), (town.max_, 403), (town.visitor, 302)):
        assert client.post("/rooms/ada/moderators", {"act": "add", "name": "Max"}).status_code == status
    assert town.ada.get("/rooms/ada/moderators").status_code == 405


# -- Thumbnails --------------------------------------------------------------------------------------------------------


def send(client, data: bytes, content_type: str = "image/jpeg"):
    return client.post("/rooms/ada/thumbnail", data, content_type=content_type, **SCRIPT)


def test_the_hosts_picture_is_taken_and_served(town: Town) -> None:
    Room.objects.update(state="live")
    answer = send(town.ada, picture())
    assert answer.status_code == 201
    served = town.visitor.get(answer.json()["url"])
    assert (served.status_code, served["Content-Type"]) == (200, "image/webp")
    assert served["Cache-Control"] == "public, max-age=60, immutable"
    assert "Cookie" not in served.get("Vary", "")
    assert Image.open(io.BytesIO(served.content)).size == (640, 360)


def test_a_form_may_carry_the_picture(town: Town) -> None:
    Room.objects.update(state="live")
    file = SimpleUploadedFile("camera.png", picture("PNG"), "image/png")
    assert town.ada.post("/rooms/ada/thumbnail", {"thumbnail": file}, **SCRIPT).status_code == 201


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "rooms.no_picture"),
        (b"<?php system($_GET['x']);", 422, "rooms.no_picture"),
        (b"x" * 600_000, 413, "rooms.picture_too_large"),
        (b"x" * 5_000_000, 413, "rooms.picture_too_large"),
    ],
)
def test_what_is_no_picture_is_refused(town: Town, data: bytes, status: int, code: str) -> None:
    Room.objects.update(state="live")
    answer = send(town.ada, data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Room.objects.get().thumbnail == ""


def test_only_the_host_sends_pictures_on_air_and_slowly(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(town.ada, picture()).json()["code"] == "rooms.not_on_air"
    Room.objects.update(state="live")
    for client, status in ((town.bo, 403), (town.max_, 403), (town.visitor, 401)):
        assert send(client, picture()).status_code == status
    assert town.ada.get("/rooms/ada/thumbnail").status_code == 405
    assert send(town.ada, picture()).status_code == 201
    soon = send(town.ada, picture())
    assert (soon.status_code, soon["Retry-After"]) == (429, "3")
    monkeypatch.setattr(views, "THUMBNAILS_PER_MINUTE", 0)
    assert send(town.ada, picture()).status_code == 429


def test_the_picture_of_an_adult_room_is_for_those_who_stated_their_age(town: Town) -> None:
    Room.objects.update(state="live", content_class="adult")
    url = send(town.ada, picture()).json()["url"]
    assert town.visitor.get(url).status_code == 404
    town.visitor.post("/age-statement/", {"over_18": "1"})
    served = town.visitor.get(url)
    assert (served.status_code, served["Cache-Control"]) == (200, "private, no-store")


def test_a_host_who_renames_the_room_all_the_time_is_slowed_down(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "DETAILS_PER_MINUTE", 1)
    assert [town.ada.post("/rooms/ada/details", {"title": title}).status_code for title in "ab"] == [422, 429]
    assert town.ada.get("/rooms/ada/details").status_code == 200
