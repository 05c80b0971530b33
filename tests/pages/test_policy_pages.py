"""The policy and its proof, as everyone sees them."""

import dataclasses
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client
from django.utils import timezone

from tests.factories import policy as policies
from tests.factories.accounts import PASSWORD, make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.pages.test_every_page import faults_of
from vasistas.guard import declarations
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.policy import get_policy, versions
from vasistas.pages import policy_page

pytestmark = pytest.mark.django_db

NUMBERS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "M"]
PAGES = ["/privacy/", "/privacy/proof/", "/privacy/versions/", "/privacy/versions/1/"]


@pytest.fixture
def policy_folder(settings, tmp_path):
    """A copy of the operator's policy that a test may change."""
    folder = tmp_path / "policy"
    shutil.copytree(settings.POLICY, folder)
    settings.POLICY = folder
    get_policy.cache_clear()
    yield folder
    get_policy.cache_clear()


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def release(folder: Path) -> None:
    """Release the files as they are, as the next version."""
    today = timezone.now().date()
    policies.release(folder, today=today, effective=today + policies.NOTICE if versions.history(folder) else None)
    get_policy.cache_clear()


@pytest.fixture
def two_versions(policy_folder):
    """Version 1, and version 2 with other words in clause 3, a longer period for chat and one purpose more."""
    shutil.rmtree(policy_folder / "versions", ignore_errors=True)
    change_version(policy_folder, 1)
    release(policy_folder)
    change_version(policy_folder, 2)
    change(policy_folder / "clauses/en.md", "## 3. Problem reports\n", "## 3. Problem reports\n\nA planted sentence.\n")
    change(policy_folder / "clauses/fr.md", "Signalement d’un problème\n", "Signalement d’un problème\n\nUne phrase.\n")
    change(policy_folder / "policy.toml", 'after = "chat.Message.said_at"\ndays_max = 30', LONGER)
    change(policy_folder / "policy.toml", "30 days after it was said", "60 days after it was said")
    change(policy_folder / "policy.toml", "30 jours après l’envoi", "60 jours après l’envoi")
    release(policy_folder)
    return policy_folder


LONGER = 'after = "chat.Message.said_at"\ndays_max = 60'


def change_version(folder: Path, number: int) -> None:
    file = folder / "policy.toml"
    file.write_text(re.sub(r"(?m)^version = \d+", f"version = {number}", file.read_text(), count=1))
    get_policy.cache_clear()


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


# -- The policy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_policy_says_every_clause_with_its_words_and_rules(client, language):
    shown = page(client, f"/privacy/?lang={language}")

    assert re.findall(r'<article class="promise" id="clause-(\w+)"', shown) == NUMBERS
    for clause in get_policy().clauses.values():
        assert policy_page.policy_words.said(clause.title, language) in shown
        for rule in clause.rules:
            assert policy_page.policy_words.said(rule.words, language).replace("'", "&#x27;") in shown, rule.key
    assert f'<html lang="{language}">' in shown
    assert ('<main id="main" tabindex="-1" lang="fr">' in shown) == (language == "fr")


@pytest.mark.parametrize("address", [f"{one}?lang={lang}" for one in PAGES for lang in ("en", "fr")])
def test_every_page_of_the_policy_is_whole_in_both_languages(client, address):
    shown = page(client, address)

    assert faults_of(shown) == []
    assert re.findall(r"\{\w+\}", shown) == []


@pytest.mark.parametrize("address", PAGES)
def test_answer_names_its_language(client, address):
    assert client.get(f"{address}?lang=fr")["Content-Language"] == "fr"
    assert client.get(address)["Content-Language"] == "en"


def test_language_the_policy_has_not_is_answered_in_the_first(client):
    assert '<html lang="en">' in page(client, "/privacy/?lang=xx")


@pytest.mark.parametrize("name", [None, "Vi"])
def test_visitors_and_members_see_the_same_policy(client, name):
    visitors = policy_part(page(client, "/privacy/"))
    if name:
        client.force_login(make_member(name))

    assert policy_part(page(client, "/privacy/")) == visitors


def policy_part(shown: str) -> str:
    return shown[shown.index("<main") : shown.index("</main>")]


def test_policy_tells_every_personal_field_where_it_is_stored_and_how_long():
    rows = {one.category.key: one for one in policy_page.stored_under(get_policy()).rows}

    for label, declaration in declarations.declarations().items():
        for name, held in declaration.personal.items():
            row = rows[held.category]
            assert get_policy().retention[held.keep] in row.keeps
            lines = [line.partition(": ") for line in row.fields]
            assert any(line[0] == label and name in line[2].split(", ") for line in lines), f"{label}.{name}"


def test_purposes_that_may_touch_all_are_told_once():
    holdings = policy_page.stored_under(get_policy())

    assert {one.key for one in holdings.everywhere} >= {"rights", "maintain"}
    assert all(one not in holdings.everywhere for row in holdings.rows for one in row.purposes)
    for row in holdings.rows:
        allowed = {one.key for one in get_policy().purposes.values() if row.category.key in one.categories}
        assert {one.key for one in (*row.purposes, *holdings.everywhere)} == allowed


def test_draft_says_that_it_is_one_and_release_does_not(client, policy_folder):
    shutil.rmtree(policy_folder / "versions", ignore_errors=True)
    change_version(policy_folder, 1)
    assert "This version is a draft" in page(client, "/privacy/")

    release(policy_folder)

    assert "This version is a draft" not in page(client, "/privacy/")


def test_planted_script_in_the_words_is_shown_and_not_run(client, policy_folder):
    shutil.rmtree(policy_folder / "versions", ignore_errors=True)
    change_version(policy_folder, 1)
    change(policy_folder / "clauses/en.md", "## 3. Problem reports\n", "## 3. Re <script>x()</script>\n\n<script>y()\n")

    shown = page(client, "/privacy/")

    assert "x()" in shown
    assert "y()" in shown
    assert faults_of(shown) == []


# -- Cookies -----------------------------------------------------------------------------------------------------------


def test_visitor_who_only_looks_gets_no_cookie(client):
    make_room(make_host(make_member("Ada", password=None)), slug="reef", state="live")

    for address in ("/", "/rooms/", "/rooms/reef/", *PAGES, "/contact/", "/source/"):
        client.get(address)

    assert set(client.cookies) == set()


def test_every_cookie_that_is_set_is_named(client):
    make_member("Vi")
    named = {cookie.name for cookie in get_policy().cookies}
    assert CookieStorage.cookie_name in named

    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "vi@example.org", "password": PASSWORD})
    client.post("/account/name/", {"display_name": "Violet"})

    assert set(client.cookies) <= named
    assert {"sessionid", "csrftoken"} <= set(client.cookies)


# -- Proof -------------------------------------------------------------------------------------------------------------


def key_and_number() -> tuple[str, str]:
    """A check of the policy, and a clause it stands under."""
    for number, clause in get_policy().clauses.items():
        for rule in clause.rules:
            if rule.checks:
                return rule.checks[0], number
    raise AssertionError("no clause has a check")


def seen(key: str, *, age: timedelta, result: str = "HOLDS", sort: str = "check") -> None:
    Evidence.objects.create(key=key, sort=sort, result=result, at=timezone.now() - age, counted=7, detail="chat.Secret")


def test_proof_without_evidence_says_so(client):
    assert "Nothing has been checked yet." in page(client, "/privacy/proof/")
    assert "La preuve la plus" not in page(client, "/privacy/proof/?lang=fr")


def test_fresh_evidence_tells_its_age_and_stale_evidence_that_it_is_stale(client):
    key, _number = key_and_number()
    seen(key, age=timedelta(minutes=5))
    assert "The newest evidence is <time" in page(client, "/privacy/proof/")

    Evidence.objects.all().delete()
    seen(key, age=timedelta(hours=5))
    shown = page(client, "/privacy/proof/")

    assert "too old: what was proven then is not proven now" in shown
    assert "Its evidence is too old." in shown
    assert "The newest evidence" not in shown


def test_a_check_that_found_something_turns_its_window_red(client):
    key, number = key_and_number()
    seen(key, age=timedelta(minutes=1), result="VIOLATED")

    shown = page(client, "/privacy/")

    assert f'<a class="window window--violated" href="#clause-{number}">' in shown
    assert "Violated <strong>1</strong>" in shown


def test_public_pages_keep_details_back(client):
    key, _number = key_and_number()
    seen(key, age=timedelta(minutes=1))

    for address in ("/privacy/", "/privacy/proof/", "/privacy/proof.json"):
        assert "chat.Secret" not in page(client, address)


def test_proof_as_json_says_what_the_page_says(client):
    key, number = key_and_number()
    seen(key, age=timedelta(minutes=1))
    seen(key, age=timedelta(minutes=1), result="RED", sort="counterexample")

    body = json.loads(page(client, "/privacy/proof.json"))

    assert [clause["clause"] for clause in body["clauses"]] == NUMBERS
    assert sum(body["counts"].values()) == len(NUMBERS)
    clause = body["clauses"][NUMBERS.index(number)]
    check = next(one for one in clause["checks"] if one["key"] == key)
    assert check["counts"] == {"counted": 7, "violations": 0}
    assert check["counterexample_red"] is True
    assert "detail" not in check
    assert body["checkpoint"] is None or len(body["checkpoint"]["root"]) == 64


# -- Versions ----------------------------------------------------------------------------------------------------------


def test_versions_are_listed_and_stay_as_they_were(client, two_versions):
    listed = page(client, "/privacy/versions/")
    first, second = page(client, "/privacy/versions/1/"), page(client, "/privacy/versions/2/")

    assert [f"/privacy/versions/{number}/" in listed for number in (1, 2)] == [True, True]
    assert listed.index("Version 2") < listed.index("Version 1")
    assert "A planted sentence." not in first
    assert "A planted sentence." in second
    assert "You are reading version 1 as it was." in first
    assert "You are reading version 2" not in second


def test_difference_shows_what_was_put_in_and_flags_what_widens(client, two_versions):
    shown = page(client, "/privacy/versions/2/diff/")

    assert faults_of(shown) == []
    assert re.search(r'<ins><span class="visually-hidden">Put in: </span>\s*A planted sentence\.', shown)
    assert "Taken out: </span>30</del>" in shown
    assert "Put in: </span>60</ins>" in shown
    assert "Announced at least 30 days ahead" in shown
    assert re.findall(r'diff__clause--changed" id="clause-(\w+)"', shown) == ["3"]


def test_difference_is_told_in_french_too(client, two_versions):
    shown = page(client, "/privacy/versions/2/diff/?lang=fr")

    assert "Une phrase." in shown
    assert "Nous permet davantage" in shown
    assert faults_of(shown) == []


@pytest.mark.parametrize(
    "address", ["/privacy/versions/99/", "/privacy/versions/0/", "/privacy/versions/1/diff/", "/privacy/versions/x/"]
)
def test_versions_that_never_were_are_not_found(client, two_versions, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", [*PAGES, "/privacy/proof.json"])
def test_nothing_is_posted_to_the_policy(client, address):
    assert client.post(address).status_code == 405


def test_page_of_a_policy_without_recipients_and_cookies_says_so(client, monkeypatch):
    bare = dataclasses.replace(get_policy(), recipients={}, cookies=(), activities={})
    monkeypatch.setattr("vasistas.pages.views.policy.get_policy", lambda: bare)

    shown = page(client, "/privacy/")

    assert "No personal data leaves this house." in shown
    assert "None are listed." in shown
