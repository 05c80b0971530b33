"""What the policy says is kept in a browser is all that the site's scripts and settings keep there."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage

from tests.guard.policy.files import compiled
from vasistas.apps.accounts import adapter
from vasistas.guard import cookies as gate
from vasistas.proof.checks.cookies import scripts, stores_in

DAY_S = 24 * 3600


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localStorage.setItem('a', 1)", {("localStorage", "a")}),
        ("window.indexedDB.open('x'); document.cookie = 'a=1'", {("indexedDB", ""), ("document.cookie", "")}),
        ("// never localStorage\nconst storage = 1; /* sessionStorage */", set()),
        ('sessionStorage.setItem(\n  "b.c",\n x)', {("sessionStorage", "b.c")}),
        ("localStorage.setItem(name, 1); localStorage.a = 1", {("localStorage", "")}),
        ("fetch('https://a.example/'); localStorage.clear()", {("localStorage", "")}),
    ],
)
def test_the_search_finds_what_stores(text: str, found: set[str]):
    assert stores_in(text) == found


def test_all_scripts_of_the_site_are_looked_at():
    found = set(scripts().values())

    assert len(found) > 20
    assert {path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*.js")} <= found


def test_the_cookies_of_the_settings_are_named_and_necessary():
    cookies = {cookie.name: cookie for cookie in compiled(settings.POLICY).cookies}

    framework = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, CookieStorage.cookie_name}
    own = {gate.CHOICE, adapter.BROWSER_COOKIE}
    assert {cookie.name for cookie in cookies.values() if cookie.storage == "cookie"} == framework | own
    assert cookies[gate.CHOICE].duration["en"] == "six months"
    assert cookies[adapter.BROWSER_COOKIE].duration["en"] == f"{adapter.BROWSER_KEPT.days} days after the last sign-in"
    assert {cookie.kind for cookie in cookies.values()} == {"necessary"}
    assert cookies[settings.SESSION_COOKIE_NAME].duration["en"] == (
        f"{settings.SESSION_COOKIE_AGE // DAY_S} days after the last use"
    )
    assert (cookies[settings.CSRF_COOKIE_NAME].duration["en"], settings.CSRF_COOKIE_AGE // DAY_S) == ("one year", 364)
