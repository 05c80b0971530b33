"""What the policy says is kept in a browser is all that the site's scripts and settings keep there."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage

from tests.guard.policy.files import compiled

STORES = re.compile(r"\b(localStorage|sessionStorage|indexedDB|document\.cookie|cookieStore|caches\.open)\b")
DAY_S = 24 * 3600


def stores_in(text: str) -> set[str]:
    return set(STORES.findall(re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localStorage.setItem('a', 1)", {"localStorage"}),
        ("window.indexedDB.open('x'); document.cookie = 'a=1'", {"indexedDB", "document.cookie"}),
        ("// never localStorage\nconst storage = 1; /* sessionStorage */", set()),
    ],
)
def test_the_search_finds_what_stores(text: str, found: set[str]):
    assert stores_in(text) == found


def test_no_script_stores_what_the_policy_does_not_name():
    named = {cookie.storage for cookie in compiled(settings.POLICY).cookies}
    scripts = [path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*.js")]
    assert len(scripts) > 20

    for path in scripts:
        assert stores_in(path.read_text()) <= named - {"cookie"}, path


def test_the_cookies_of_the_settings_are_named_and_necessary():
    cookies = {cookie.name: cookie for cookie in compiled(settings.POLICY).cookies}

    assert set(cookies) == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, CookieStorage.cookie_name}
    assert {cookie.kind for cookie in cookies.values()} == {"necessary"}
    assert cookies[settings.SESSION_COOKIE_NAME].duration["en"] == (
        f"{settings.SESSION_COOKIE_AGE // DAY_S} days after the last use"
    )
    assert (cookies[settings.CSRF_COOKIE_NAME].duration["en"], settings.CSRF_COOKIE_AGE // DAY_S) == ("one year", 364)
