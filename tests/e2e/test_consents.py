"""Switches in Chromium, with and without JavaScript: turning one off takes as many clicks as turning it on."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn

SWITCHES = ["payments", "bulletins", "marketing", "profiles", "statistics"]
NARROW = {"width": 320, "height": 640}


def clicks_until(page: Page, key: str, act: str, state: str) -> int:
    """Click the button of a switch, from the page as it opens, until it says `state`; return how often."""
    page.goto("/account/consents/")
    switch, clicks = page.locator(f"#{key}"), 0
    while switch.locator(".badge").inner_text() != state:
        switch.locator(f"button[value={act}]").click()
        page.wait_for_load_state()
        clicks += 1
    return clicks


@pytest.mark.parametrize("javascript", [True, False])
def test_off_takes_as_many_clicks_as_on(sign_in: SignIn, *, javascript: bool) -> None:
    page = sign_in("Nils", java_script_enabled=javascript)

    on = {key: clicks_until(page, key, "give", "On") for key in SWITCHES}
    off = {key: clicks_until(page, key, "withdraw", "Off") for key in SWITCHES}

    assert on == off == dict.fromkeys(SWITCHES, 1)


def test_a_topic_takes_as_many_clicks_off_as_on(sign_in: SignIn) -> None:
    page = sign_in("Max", java_script_enabled=False)
    page.goto("/account/messages/")
    cell = page.locator("#topic_offers-mail")

    cell.get_by_role("button", name="Switch on").click()
    expect(cell.locator(".badge")).to_have_text("On, and waits")
    cell.get_by_role("button", name="Switch off").click()
    expect(cell.locator(".badge")).to_have_text("Off")


def test_a_switch_works_by_keyboard(sign_in: SignIn) -> None:
    page = sign_in("Vi")
    page.goto("/account/consents/")

    page.locator("#statistics button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#statistics .badge")).to_have_text("On")
    page.locator("#statistics button").focus()
    page.keyboard.press("Space")
    expect(page.locator("#statistics .badge")).to_have_text("Off")


@pytest.mark.parametrize("address", ["/account/consents/", "/account/messages/"])
def test_nothing_is_cut_off_on_a_narrow_screen(sign_in: SignIn, address: str) -> None:
    page = sign_in("Vi", viewport=NARROW)
    page.goto(address)

    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
