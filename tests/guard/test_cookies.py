"""The gate lets out what is listed and allowed, in each state of the choice, and takes back what is allowed no more."""

import dataclasses
import logging
from datetime import date, timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from vasistas.guard import cookies
from vasistas.guard.cookies import CHOICE, CHOICE_KEPT, Choice, CookieRefused
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Cookie, Policy

TODAY = date(2026, 11, 22)
ANY = {"en": "Any.", "fr": "Tout."}


def entry(name: str, kind: str, storage: str = "cookie") -> Cookie:
    return Cookie(name, storage, kind, ANY, ANY)


@pytest.fixture
def policy() -> Policy:
    """A register with two kinds that need consent."""
    listed = (entry("sessionid", "necessary"), entry("taste_*", "rooms"), entry("wide", "chat"), entry("wider", "chat"))
    return dataclasses.replace(get_policy(), cookies=listed)


def asked(*, gpc: bool = False, **sent: str) -> HttpRequest:
    request = HttpRequest()
    request.COOKIES = dict(sent)
    if gpc:
        request.META["HTTP_SEC_GPC"] = "1"
    return request


def chose(policy: Policy, *kinds: str, on: date = TODAY) -> dict[str, str]:
    return {CHOICE: cookies.value_of(policy, kinds, on)}


def let_out(request: HttpRequest, policy: Policy, *names: str, today: date = TODAY) -> set[str]:
    """Set these cookies; return which pass the gate."""
    response = HttpResponse()
    for name in names:
        response.set_cookie(name, "1")
    cookies.gate(request, response, policy, today, note=lambda _why, _name: None)
    return {name for name, morsel in response.cookies.items() if morsel.value}


SET = ("sessionid", "taste_fish", "wide", "unheard_of")


@pytest.mark.parametrize(
    ("kinds", "gpc", "out"),
    [
        (None, False, {"sessionid"}),
        ((), False, {"sessionid"}),
        (("rooms",), False, {"sessionid", "taste_fish"}),
        (("rooms", "chat"), False, {"sessionid", "taste_fish", "wide"}),
        (None, True, {"sessionid"}),
        (("rooms", "chat"), True, {"sessionid"}),
    ],
)
def test_only_what_is_necessary_or_accepted_gets_out(policy, kinds, gpc, out):
    sent = {} if kinds is None else chose(policy, *kinds)

    assert let_out(asked(gpc=gpc, **sent), policy, *SET) == out


def test_a_choice_counts_for_half_a_year_and_not_from_the_future(policy):
    sent = chose(policy, "rooms")
    last = TODAY + CHOICE_KEPT - timedelta(days=1)

    assert let_out(asked(**sent), policy, "taste_a", today=last) == {"taste_a"}
    assert let_out(asked(**sent), policy, "taste_a", today=last + timedelta(days=1)) == set()
    assert let_out(asked(**sent), policy, "taste_a", today=TODAY - timedelta(days=1)) == set()
    assert 181 <= CHOICE_KEPT.days <= 184


@pytest.mark.parametrize(
    "value", ["", "yes", "20261122", "20261122.+rooms", "20261122.+rooms-", "99999999.+rooms", ".", "1" * 5_000, "\x00"]
)
def test_what_does_not_parse_was_not_chosen(policy, value):
    request = asked(**{CHOICE: value})

    assert let_out(request, policy, *SET) == {"sessionid"}
    assert cookies.choice_of(request, policy, TODAY).leaves_open(policy) == ("rooms", "chat")


def test_a_wider_kind_is_asked_anew_where_it_was_accepted_and_stays_refused_where_it_was_refused(policy):
    accepted, refused = chose(policy, "chat"), chose(policy)
    wider = dataclasses.replace(policy, cookies=(*policy.cookies, entry("widest", "chat", "localStorage")))

    assert cookies.choice_of(asked(**accepted), policy, TODAY).leaves_open(policy) == ()
    assert cookies.choice_of(asked(**accepted), wider, TODAY).leaves_open(wider) == ("chat",)
    assert let_out(asked(**accepted), wider, "wide") == set()
    assert cookies.choice_of(asked(**refused), wider, TODAY).leaves_open(wider) == ()


def test_what_is_allowed_no_more_is_taken_back_and_taking_back_passes(policy):
    request = asked(wide="1", sessionid="1", of_another_program="1", **chose(policy, "rooms"))
    response = HttpResponse()
    response.delete_cookie("unheard_of")
    cookies.gate(request, response, policy, TODAY)

    assert {name: morsel["max-age"] for name, morsel in response.cookies.items()} == {"unheard_of": 0, "wide": 0}


def test_a_choice_counts_in_the_answer_that_keeps_it(policy):
    response = HttpResponse()
    cookies.keep_choice(response, policy, [], TODAY)
    cookies.gate(asked(wide="1", **chose(policy, "chat")), response, with_choice(policy), TODAY)

    assert response.cookies["wide"]["max-age"] == 0
    assert response.cookies[CHOICE]["max-age"] == CHOICE_KEPT.total_seconds()
    assert (response.cookies[CHOICE]["httponly"], response.cookies[CHOICE]["samesite"]) == (True, "Lax")


def with_choice(policy: Policy) -> Policy:
    return dataclasses.replace(policy, cookies=(*policy.cookies, entry(CHOICE, "necessary")))


def test_refusing_what_scripts_store_makes_the_browser_clear_it(policy):
    stored = dataclasses.replace(policy, cookies=(*policy.cookies, entry("seen", "host", "localStorage")))
    refused, accepted = HttpResponse(), HttpResponse()
    cookies.keep_choice(refused, stored, ["rooms"], TODAY)
    cookies.keep_choice(accepted, stored, ["host"], TODAY)

    assert refused.headers["Clear-Site-Data"] == '"storage"'
    assert "Clear-Site-Data" not in accepted.headers


def test_an_undeclared_cookie_is_dropped_counted_and_named_once_without_digits(policy, settings, caplog, monkeypatch):
    settings.COOKIE_FAULTS_RAISE = False
    monkeypatch.setattr(cookies, "_named", set())
    before = cookies.dropped.copy()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            response = HttpResponse(headers={"Set-Cookie": "hidden=1"})
            response.set_cookie("of_member_4711", "secret")
            response.set_cookie("wide", "secret")
            cookies.gate(asked(), response, policy, TODAY)
            assert (response.cookies, response.has_header("Set-Cookie")) == ({}, False)

    assert cookies.dropped - before == {"raw": 3, "undeclared": 3, "unconsented": 3}
    assert sorted(record.getMessage() for record in caplog.records) == [
        "guard.cookie_dropped why=raw name=Set-Cookie",
        "guard.cookie_dropped why=undeclared name=of_member_",
    ]


def test_in_tests_a_fault_of_ours_raises_and_a_missing_consent_does_not(policy):
    raw, undeclared, unconsented = HttpResponse(headers={"Set-Cookie": "a=1"}), HttpResponse(), HttpResponse()
    undeclared.set_cookie("unheard_of", "1")
    unconsented.set_cookie("wide", "1")

    for response in (raw, undeclared):
        with pytest.raises(CookieRefused, match="List it"):
            cookies.gate(asked(), response, policy, TODAY)
    cookies.gate(asked(), unconsented, policy, TODAY)
    assert unconsented.cookies == {}


def test_no_consent_is_asked_for_while_all_is_necessary():
    policy = get_policy()

    assert cookies.asked_kinds(policy) == ()
    assert Choice().leaves_open(policy) == ()
    assert {cookie.kind for cookie in policy.cookies} == {"necessary"}


@pytest.mark.django_db
def test_the_gate_stands_outermost(settings, client: Client, monkeypatch):
    assert settings.MIDDLEWARE[0] == "vasistas.guard.middleware.GateCookies"
    monkeypatch.setattr(cookies, "declared", lambda _policy, _name: None)

    with pytest.raises(CookieRefused, match="csrftoken"):
        client.get("/accounts/login/")
