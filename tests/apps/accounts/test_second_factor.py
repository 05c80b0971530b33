"""Authenticator app, recovery codes, and how their secrets rest. Passkeys: tests/e2e/test_accounts.py."""

import re
import time
from urllib.parse import urlencode

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.exceptions import ImproperlyConfigured

from tests.apps.accounts.test_sign_in import confirm_it_is_me, is_signed_in, sign_in
from tests.factories.accounts import PASSWORD, make_member
from vasistas.apps.accounts import queries
from vasistas.apps.accounts.adapter import MFAAdapter

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi():
    return make_member("Vi")


def code_for(secret: str, *, later_s: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int((time.time() + later_s) // 30)))


def set_up_app(client) -> str:
    """Walk through the pages of the set-up; return the secret that the phone would hold."""
    confirm_it_is_me(client)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = re.search(r'<code class="account-totp__key">(\w+)</code>', page.content.decode())[1]
    client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    return secret


@pytest.mark.django_db(transaction=True)  # the mail leaves after the commit
def test_an_app_is_set_up_and_then_asked_for(client, client_class, vi, mailoutbox):
    sign_in(client)
    secret = set_up_app(client)
    assert queries.has_second_factor(vi)
    assert mailoutbox[0].subject == "Authenticator app switched on"

    phone = client_class()
    assert sign_in(phone)["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(phone)
    assert (
        "This code is wrong, or was used already."
        in phone.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode()
    )

    phone.post("/accounts/2fa/authenticate/", {"code": code_for(secret, later_s=30)})

    assert is_signed_in(phone)


def test_a_code_works_once(client, client_class, vi):
    sign_in(client)
    secret = set_up_app(client)
    code = code_for(secret, later_s=30)
    first, second = client_class(), client_class()
    for browser in (first, second):
        sign_in(browser)
        browser.post("/accounts/2fa/authenticate/", {"code": code})

    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_a_recovery_code_signs_in_once(client, client_class, vi):
    sign_in(client)
    set_up_app(client)
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<li><code>(\d{8})</code></li>", page)
    assert len(codes) == 10
    first, second = client_class(), client_class()
    for browser in (first, second):
        sign_in(browser)
        browser.post("/accounts/2fa/authenticate/", {"code": codes[0]})

    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_a_code_by_mail_does_not_replace_the_second_factor(client, client_class, vi, mailoutbox):
    sign_in(client)
    set_up_app(client)
    mailoutbox.clear()
    browser = client_class()
    browser.post("/accounts/login/code/", {"email": "vi@example.org"})
    code = re.search(r"^ {4}([A-Z]{4}-[A-Z]{4})$", mailoutbox[0].body, re.MULTILINE)[1]

    answer = browser.post("/accounts/login/code/confirm/", {"code": code})

    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(browser)


def test_setting_up_asks_for_the_password_once_more_and_for_five_minutes(client, vi):
    sign_in(client)
    page = "/accounts/2fa/totp/activate/"
    answer = client.get(page)
    assert answer["Location"] == f"/accounts/reauthenticate/?{urlencode({'next': page})}"

    assert client.post(answer["Location"], {"password": PASSWORD, "next": page})["Location"] == page

    assert client.get(page).status_code == 200
    with time_machine.travel(time.time() + 301):
        assert client.get(page).status_code == 302


def test_secrets_rest_encrypted(client, vi, settings):
    sign_in(client)
    secret = set_up_app(client)

    stored = Authenticator.objects.get(user=vi, type="totp").data["secret"]
    assert stored.startswith("v1:")
    assert secret not in stored
    assert MFAAdapter().decrypt(stored) == secret
    assert Authenticator.objects.get(user=vi, type="recovery_codes").data["seed"].startswith("v1:")


def test_encrypting_twice_gives_two_texts():
    adapter = MFAAdapter()

    assert adapter.encrypt("secret") != adapter.encrypt("secret")


def test_an_old_key_still_opens_and_a_strange_one_does_not(settings):
    sealed = MFAAdapter().encrypt("secret")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "a new key"

    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FALLBACKS"):
        MFAAdapter().decrypt(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert MFAAdapter().decrypt(sealed) == "secret"


def test_a_secret_in_clear_is_refused():
    with pytest.raises(ImproperlyConfigured, match="in clear"):
        MFAAdapter().decrypt("JBSWY3DPEHPK3PXP")
