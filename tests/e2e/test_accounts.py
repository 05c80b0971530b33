"""Accounts in a real browser: without JavaScript, with passkeys of a virtual device, with an authenticator app."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

FRONT_PAGE = re.compile(r"^http://[^/]+/$")
PASSWORD = "a window in the door"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def submit(page: Page) -> None:
    page.click("main form.form button[type=submit]")


def sign_up(page: Page, name: str, password: str = PASSWORD) -> None:
    """From the empty form to the front page, with the code from the demo's mail page."""
    page.goto("/accounts/signup/")
    page.fill("[name=email]", f"{name.lower()}@example.org")
    page.fill("[name=display_name]", name)
    page.fill("[name=password1]", password)
    submit(page)
    mails = page.context.new_page()
    mails.goto("/demo/mail/")
    mails.locator(".demo-mails a", has_text=f"{name.lower()}@example.org").first.click()
    found = re.search(r"[A-Z]{4}-[A-Z]{4}", mails.inner_text("pre"))
    assert found
    mails.close()
    page.fill("[name=code]", found[0])
    submit(page)
    page.wait_for_url(FRONT_PAGE)


def confirm_it_is_me(page: Page) -> None:
    page.fill("[name=password]", PASSWORD)
    submit(page)


def add_phone(page: Page, **over: Any) -> tuple[Any, str]:
    """Give the page a device that makes passkeys."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**PHONE, **over}})
    return devtools, made["authenticatorId"]


def complaints_of(page: Page) -> list[str]:
    """Collect what the content security policy or a script complains about."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(f"{message.text} {message.location}") if message.type == "error" else None,
    )
    return complaints


def test_signing_up_works_without_javascript(new_context):
    page = new_context(java_script_enabled=False).new_page()

    sign_up(page, "Nora")

    page.goto("/account/name/")
    expect(page.locator("[name=display_name]")).to_have_value("Nora")


def test_a_passkey_is_added_and_signs_in_alone(new_context):
    page = new_context().new_page()
    complaints = complaints_of(page)
    add_phone(page)
    sign_up(page, "Petra")

    page.goto("/accounts/2fa/webauthn/add/")
    confirm_it_is_me(page)
    page.fill("[name=name]", "Phone")
    page.click("form[data-passkey] button")
    page.wait_for_url("**/recovery-codes/")
    page.goto("/accounts/logout/")
    submit(page)
    page.goto("/accounts/login/?next=/account/name/")
    page.click("form[data-passkey=login] button")
    page.wait_for_url(re.compile(r"/account/name/$"))

    expect(page.locator("[name=display_name]")).to_have_value("Petra")
    page.goto("/accounts/2fa/webauthn/")
    expect(page.locator("tbody th")).to_have_text("Phone")
    assert complaints == []


def test_a_passkey_is_the_second_step_after_the_password(new_context):
    page = new_context().new_page()
    add_phone(page)
    sign_up(page, "Quinn")
    page.goto("/accounts/2fa/webauthn/add/")
    confirm_it_is_me(page)
    page.click("form[data-passkey] button")
    page.wait_for_url("**/recovery-codes/")
    page.goto("/accounts/logout/")
    submit(page)

    page.goto("/accounts/login/")
    page.fill("[name=login]", "quinn@example.org")
    page.fill("[name=password]", PASSWORD)
    submit(page)
    page.wait_for_url("**/2fa/authenticate/")
    page.click("form[data-passkey=get] button")

    page.wait_for_url(FRONT_PAGE)
    page.goto("/accounts/email/")
    expect(page.locator("main")).to_contain_text("quinn@example.org")


def test_a_device_that_refuses_gets_its_own_words(new_context):
    page = new_context().new_page()
    add_phone(page, isUserVerified=False)
    page.goto("/accounts/login/")

    page.click("form[data-passkey=login] button")

    words = page.locator("[data-passkey-words]")
    expect(words).to_be_visible()
    expect(words.locator("p:visible")).to_have_count(1)
    expect(page.locator("form[data-passkey=login] button")).to_be_enabled()


def test_an_authenticator_app_is_set_up_and_asked_for(new_context):
    page = new_context().new_page()
    complaints = complaints_of(page)
    sign_up(page, "Tariq")
    page.goto("/accounts/2fa/totp/activate/")
    confirm_it_is_me(page)
    assert page.evaluate("document.querySelector('.account-totp__picture').naturalWidth") > 0
    secret = page.inner_text(".account-totp__key")
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time() // 30))))
    submit(page)
    page.wait_for_url("**/recovery-codes/")
    page.goto("/accounts/logout/")
    submit(page)

    page.goto("/accounts/login/")
    page.fill("[name=login]", "tariq@example.org")
    page.fill("[name=password]", PASSWORD)
    submit(page)
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time() // 30) + 1)))
    submit(page)

    page.wait_for_url(FRONT_PAGE)
    assert complaints == []


def test_the_operator_enters_the_staff_desk_with_a_second_factor(new_context, site):
    command = [Path(sys.executable).parent / "vasistas", "manage", "createsuperuser", "--noinput"]
    subprocess.run(
        [*command, "--email=olga@example.org", "--display_name=Olga"],
        env={**os.environ, "VASISTAS_DATA": str(site.data), "DJANGO_SUPERUSER_PASSWORD": PASSWORD},
        check=True,
    )
    page = new_context().new_page()
    complaints = complaints_of(page)
    add_phone(page)

    page.goto("/admin/")
    page.fill("[name=login]", "olga@example.org")
    page.fill("[name=password]", PASSWORD)
    submit(page)
    page.wait_for_url("**/accounts/2fa/")
    expect(page.locator(".messages")).to_contain_text("The staff desk needs a second factor.")
    page.click("text=Add a passkey")
    confirm_it_is_me(page)
    page.click("form[data-passkey] button")
    page.wait_for_url("**/recovery-codes/")
    page.goto("/admin/accounts/member/")

    page.click("#result_list tbody th a >> nth=0")
    expect(page.locator(".field-email")).to_contain_text("@")
    assert complaints == []


def test_the_password_can_be_looked_at(new_context):
    page = new_context().new_page()
    page.goto("/accounts/login/")
    page.fill("[name=password]", "what I typed")

    page.click("button.account-password__reveal")

    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    expect(page.locator("button.account-password__reveal")).to_have_text("Hide")


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/demo/mail/"])
def test_pages_fit_the_smallest_phone(new_context, path):
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") == 320
