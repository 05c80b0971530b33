"""The page of cookies: see, refuse, accept, change; nothing is kept before a choice, nothing asked without a cause."""

import dataclasses
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.pages.test_every_page import faults_of
from vasistas.guard import cookies, middleware
from vasistas.guard.cookies import CHOICE
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Cookie
from vasistas.pages import cookie_page
from vasistas.pages.views import cookies as views
from vasistas.proof.browser import tags

pytestmark = pytest.mark.django_db
PAGE = "/privacy/cookies/"
HERE = {"Origin": "http://testserver"}
GPC = {"Sec-GPC": "1"}
ASKS = 'id="cookie-banner"'


@pytest.fixture
def asking(monkeypatch):
    """The site under a register with two kinds that need consent: the token of forms, and what a script would keep."""
    policy = get_policy()
    words = {"en": "For a test.", "fr": "Pour un test."}
    listed = [dataclasses.replace(one, kind="rooms" if one.name == "csrftoken" else one.kind) for one in policy.cookies]
    stored = Cookie("seen_*", "localStorage", "chat", words, words)
    wider = dataclasses.replace(policy, cookies=(*listed, stored))
    for module in (middleware, cookie_page, views):
        monkeypatch.setattr(module, "get_policy", lambda: wider)
    return wider


def choose(client: Client, choice: str, **data):
    return client.post(PAGE, {"choice": choice, **data}, headers=HERE)


def words_of(client: Client, **options) -> str:
    return client.get(PAGE, **options).content.decode()


def test_with_only_necessary_cookies_there_is_nothing_to_choose_and_nothing_is_kept(client):
    shown = words_of(client)
    done = choose(client, "refuse")

    assert "There is nothing to choose" in shown
    assert [name for name in ("sessionid", "csrftoken", "messages", CHOICE) if name not in shown] == []
    assert 'name="choice"' not in shown
    assert (done.status_code, done.headers["Location"], done.cookies) == (302, PAGE, {})
    for path in ("/", "/rooms/", "/privacy/", PAGE):
        answer = client.get(path)
        assert ASKS not in answer.content.decode()
        assert not answer.cookies


def test_the_policy_says_why_no_banner_asks_and_leads_to_the_choice(client):
    shown, french = client.get("/privacy/").content.decode(), client.get("/privacy/?lang=fr").content.decode()

    assert "no banner asks you" in shown
    assert "aucun bandeau ne vous interroge" in french
    assert f'href="{PAGE}?lang=fr"' in french
    assert f'href="{PAGE}"' in client.get("/contact/").content.decode().split("<footer")[1]


def test_before_a_choice_the_first_layer_asks_on_every_page_and_nothing_is_kept(client, asking):
    for path in ("/", "/rooms/", "/contact/", "/accounts/login/", "/no-such-page/"):
        answer = client.get(path)
        assert ASKS in answer.content.decode(), path
        assert not answer.cookies
    assert ASKS not in words_of(client)  # the page itself is the question
    assert "You have not chosen yet" in words_of(client)


@pytest.mark.parametrize(("answer", "token"), [("refuse", False), ("accept", True), ("own", True), ("nonsense", False)])
def test_a_choice_is_kept_ends_the_asking_and_is_followed(client, asking, answer, token):
    done = choose(client, answer, kind=["rooms"], next="/rooms/?q=a")

    assert (done.status_code, done.headers["Location"], set(done.cookies)) == (302, "/rooms/?q=a", {CHOICE})
    kept = done.cookies[CHOICE]
    assert (kept["max-age"], kept["path"], kept["httponly"]) == (cookies.CHOICE_KEPT.total_seconds(), "/", True)
    assert ASKS not in client.get("/").content.decode()
    assert ("csrftoken" in client.get("/accounts/login/").cookies) is token


def test_a_choice_is_seen_and_changed_and_what_was_kept_goes(client, asking):
    choose(client, "accept")
    client.get("/accounts/login/")
    accepted = words_of(client)
    changed = choose(client, "refuse")

    assert accepted.count("checked") == 2
    assert f"{timezone.now() + cookies.CHOICE_KEPT:%-d %B %Y}" in accepted
    assert changed.cookies["csrftoken"]["max-age"] == 0
    assert changed.headers["Clear-Site-Data"] == '"storage"'
    assert (words_of(client).count("checked"), words_of(client).count(">refused<")) == (0, 2)


def test_after_half_a_year_the_question_comes_back(client, asking):
    then = timezone.now().date() - cookies.CHOICE_KEPT
    for day, comes in ((then, True), (then + timedelta(days=1), False)):
        client.cookies[CHOICE] = cookies.value_of(asking, [], day)
        assert (ASKS in client.get("/").content.decode()) is comes


def test_global_privacy_control_refuses_and_is_shown(client, asking):
    choose(client, "accept")
    shown = words_of(client, headers=GPC)
    sent = client.post(PAGE, {"choice": "accept"}, headers={**HERE, **GPC})

    assert "Your browser sends Global Privacy Control" in shown
    assert "checked" not in shown
    assert "<button" not in shown.split("<main")[1].split("</main")[0]
    assert not client.get("/accounts/login/", headers=GPC).cookies.get("csrftoken", {}).get("max-age")
    assert cookies.value_of(asking, [], timezone.now().date()) == sent.cookies[CHOICE].value
    assert ASKS not in Client(headers=GPC).get("/").content.decode()


def test_global_privacy_control_is_shown_where_there_is_nothing_to_refuse(client):
    assert "Today there is nothing of that kind" in words_of(client, headers=GPC)
    assert "Aujourd’hui il n’y a rien de tel" in client.get(f"{PAGE}?lang=fr", headers=GPC).content.decode()
    assert "sends no Global Privacy Control" in words_of(client, headers={"Sec-GPC": "0"})


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://testserver.evil.example"])
def test_another_site_cannot_choose_for_somebody(client, asking, origin):
    answer = client.post(PAGE, {"choice": "accept"}, headers={"Origin": origin} if origin else {})

    assert answer.status_code == 403
    assert CHOICE not in answer.cookies


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_a_choice_leads_back_to_this_site_alone(client, asking, wanted):
    assert choose(client, "refuse", next=wanted).headers["Location"] == PAGE


def test_the_well_known_answer_is_as_specified(client):
    answer = client.get("/.well-known/gpc.json")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"gpc": True, "lastUpdate": "2026-11-22"}
    assert not answer.cookies


def test_the_question_and_its_page_are_sound(client, asking):
    for path in ("/", "/rooms/", PAGE, f"{PAGE}?lang=fr"):
        assert faults_of(client.get(path).content.decode()) == []


def test_the_first_layer_leads_back_and_refuses_first(client, asking):
    shown = client.get("/rooms/?q=a&b=c").content.decode()
    banner = shown.split('<section class="cookie-banner"')[1].split("</section>")[0]

    assert 'value="/rooms/?q=a&amp;b=c"' in banner
    assert [named["value"] for _, named in tags(banner, "button")] == ["refuse", "accept"]
    assert len({named["class"] for _, named in tags(banner, "button")}) == 1
