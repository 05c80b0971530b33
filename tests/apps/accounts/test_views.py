"""Every page of accounts: in our words, in our frame, without inline script, with labels and a footer."""

import re

import pytest

from tests.apps.accounts.test_sign_in import confirm_it_is_me, sign_in
from tests.factories.accounts import make_member

pytestmark = pytest.mark.django_db

ENTRANCE = ["login", "signup", "password/reset", "password/reset/done", "login/code", "inactive"]
DESK = [
    *("email", "password/change", "2fa", "2fa/totp/activate", "2fa/webauthn", "2fa/webauthn/add", "sessions", "logout"),
    *("reauthenticate",),
]


def assert_is_ours(page: str) -> None:
    assert page.count("<h1") == 1
    assert 'id="main"' in page
    assert "<footer" in page
    assert not re.search(r"<script(?![^>]*(\bsrc=|application/json))", page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=", page)
    assert not re.search(r"\b[Pp]lease\b|[Ss]uccessfully", page)
    ids = set(re.findall(r'<label for="([\w-]+)"', page))
    for field in re.findall(r"<input[^>]+>", page):
        if not re.search(r'type="(hidden|search)"|\shidden>', field):
            assert re.search(r'id="([\w-]+)"', field)[1] in ids, field


@pytest.mark.parametrize("path", ENTRANCE)
def test_entrance_pages_are_ours(client, path):
    answer = client.get(f"/accounts/{path}/")

    assert answer.status_code == 200
    assert_is_ours(answer.content.decode())


@pytest.mark.parametrize("path", [f"/accounts/{path}/" for path in DESK] + ["/account/name/"])
def test_desk_pages_are_ours(client, path):
    make_member("Vi")
    sign_in(client)
    confirm_it_is_me(client)

    answer = client.get(path)

    assert answer.status_code == 200
    assert_is_ours(answer.content.decode())


@pytest.mark.parametrize("path", [f"/accounts/{path}/" for path in DESK if path != "logout"] + ["/account/name/"])
def test_desk_pages_need_a_member(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")


def test_a_link_that_expired_says_so(client):
    page = client.get("/accounts/password/reset/key/1-abc-def/").content.decode()

    assert "This link has expired" in page
    assert_is_ours(page)


def test_too_many_tries_get_a_page_of_ours(client):
    for _ in range(30):
        client.post("/accounts/login/", {})
    answer = client.post("/accounts/login/", {})

    assert answer.status_code == 429
    assert_is_ours(answer.content.decode())


def test_the_name_shown_is_changed(client):
    vi = make_member("Vi")
    make_member("Ada")
    client.force_login(vi)

    refused = client.post("/account/name/", {"display_name": "ADA"})
    assert refused.status_code == 422
    assert "This name is taken" in refused.content.decode()

    answer = client.post("/account/name/", {"display_name": "  Violet   Vi "})

    assert (answer.status_code, answer["Location"]) == (302, "/account/name/")
    vi.refresh_from_db()
    assert (vi.display_name, vi.name_key) == ("Violet Vi", "violetvi")


def test_ones_own_name_may_be_spelt_otherwise(client):
    vi = make_member("Violet")
    client.force_login(vi)

    client.post("/account/name/", {"display_name": "VIOLET"})

    vi.refresh_from_db()
    assert vi.display_name == "VIOLET"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, method):
    client.force_login(make_member("Vi"))

    assert getattr(client, method)("/account/name/").status_code == 405
