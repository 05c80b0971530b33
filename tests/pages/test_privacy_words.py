"""The privacy page leaves nothing out: every declared category in words, every cookie the site sets."""

import dataclasses
from collections.abc import Iterator

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.guard import declarations
from vasistas.guard.declarations import Personal
from vasistas.guard.policy import get_policy
from vasistas.pages import privacy_words

CLAUSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "M"]  # of the policy the product implements


def declared() -> Iterator[tuple[str, str, Personal]]:
    for label, declaration in declarations.declarations().items():
        for name, held in declaration.fields.items():
            if isinstance(held, Personal):
                yield label, name, held


def test_every_declared_category_has_words_and_every_word_a_category():
    assert {held.category for _label, _name, held in declared()} == set(privacy_words._category_words())


def test_every_personal_field_and_its_retention_is_told():
    shown = {category.key: category for category in privacy_words.categories()}

    for label, name, held in declared():
        category = shown[held.category]
        assert get_policy().retention[held.keep].words["en"] in category.keep
        lines = [line.partition(": ") for line in category.fields]
        assert any(line[0] == label and name in line[2].split(", ") for line in lines), f"{label}.{name}"


def test_nothing_is_told_twice():
    for category in privacy_words.categories():
        assert sorted(set(category.keep)) == sorted(category.keep)
        assert sorted(set(category.fields)) == sorted(category.fields)


def test_category_without_words_is_shown_by_its_key(monkeypatch: pytest.MonkeyPatch):
    odd = declarations.Declaration({"shoe": declarations.personal("user.shoe", keep="a day")}, "self")
    monkeypatch.setattr(declarations, "_declarations", {**declarations.declarations(), "shop.Shoe": odd})

    last = privacy_words.categories()[-1]

    assert dataclasses.astuple(last) == ("user.shoe", "user.shoe", "", ["a day"], ["shop.Shoe: shoe"])


def test_page_shows_every_category_and_says_that_no_clause_is_proven(client: Client, db: None):
    page = client.get("/privacy/").content.decode()

    assert [clause.number for clause in privacy_words.clauses()] == CLAUSES
    assert page.count(">Unproven</span>") == len(CLAUSES)
    for category in privacy_words.categories():
        assert category.title in page
    for label, name, _held in declared():
        assert label in page
        assert name in page


@pytest.mark.django_db
def test_visitor_who_only_looks_gets_no_cookie(client: Client):
    make_room(make_host(make_member("Ada", password=None)), slug="reef", state="live")

    for address in ("/", "/rooms/", "/rooms/reef/", "/privacy/", "/contact/", "/source/"):
        client.get(address)

    assert set(client.cookies) == set()


@pytest.mark.django_db
def test_every_cookie_that_is_set_is_named(client: Client):
    make_member("Vi")
    named = {cookie.name for cookie in privacy_words.cookies()}
    assert CookieStorage.cookie_name in named

    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "vi@example.org", "password": PASSWORD})
    client.post("/account/name/", {"display_name": "Violet"})

    assert set(client.cookies) <= named
    assert {"sessionid", "csrftoken"} <= set(client.cookies)
