import pytest

from tests.apps.rooms.views.conftest import SCRIPT, Town
from vasistas.apps.rooms.models import Follow, Room
from vasistas.apps.rooms.views import front as views


def test_a_member_follows_and_stops(town: Town) -> None:
    told = town.max_.post("/rooms/ada/follow", {"following": "1"}, **SCRIPT)
    assert told.json() == {"following": True, "followers": 1}
    answer = town.max_.post("/rooms/ada/follow", {"following": "1"})  # a form without JavaScript
    assert (answer.status_code, answer["Location"]) == (302, "/rooms/ada/")
    assert Follow.objects.count() == 1
    told = town.max_.post("/rooms/ada/follow", {"following": "0"}, **SCRIPT)
    assert told.json() == {"following": False, "followers": 0}


def test_a_visitor_signs_in_to_follow(town: Town) -> None:
    answer = town.visitor.post("/rooms/ada/follow", {"following": "1"})
    assert answer["Location"].startswith("/accounts/login/")
    assert town.max_.get("/rooms/ada/follow").status_code == 405


def test_following_has_a_limit(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FOLLOWS_PER_MINUTE", 1)
    assert town.max_.post("/rooms/ada/follow", {"following": "1"}, **SCRIPT).status_code == 200
    assert town.max_.post("/rooms/ada/follow", {"following": "0"}, **SCRIPT).status_code == 429


def test_a_hidden_room_cannot_be_followed(town: Town) -> None:
    Room.objects.update(state="private")
    assert town.max_.post("/rooms/ada/follow", {"following": "1"}, **SCRIPT).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/rooms/ada/", "/rooms/ada/"),
        ("", "/rooms/"),
        ("https://evil.example/", "/rooms/"),
        ("//evil.example/", "/rooms/"),
        ("javascript:alert(1)", "/rooms/"),
    ],
)
def test_the_statement_leads_back_and_never_away(town: Town, wanted: str, place: str) -> None:
    answer = town.visitor.post("/age-statement/", {"over_18": "1", "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, place)
    assert town.visitor.session["age_confirmed"] is True


def test_the_statement_is_taken_back(town: Town) -> None:
    town.visitor.post("/age-statement/", {"over_18": "1"})
    town.visitor.post("/age-statement/", {"over_18": "0"})
    assert "age_confirmed" not in town.visitor.session
    assert town.visitor.get("/age-statement/").status_code == 405


@pytest.mark.parametrize("name", ["1-a.webp", "x.webp", "../secrets/x", f"{'9' * 18}-{'a' * 32}.webp"])
def test_pictures_that_are_not_there(town: Town, name: str) -> None:
    assert town.visitor.get(f"/thumbnails/{name}").status_code == 404
