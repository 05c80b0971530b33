"""Somebody switches paying on and buys credits on the sandbox's own page; another page of theirs hears of it."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import SignIn


def test_credits_are_bought_on_the_providers_page(sign_in: SignIn) -> None:
    page = sign_in("Stu")
    page.goto("/account/money/")
    page.get_by_role("button", name=re.compile("^Switch on")).click()
    expect(page.get_by_role("heading", name="Buy credits")).to_be_visible()
    other = page.context.new_page()
    other.goto("/account/")
    shown = other.locator(".site-header__credits [data-credits]")
    expect(shown).to_have_text("0")

    page.get_by_label("€25.00").check()
    page.get_by_role("button", name="Go to pay").click()
    page.wait_for_url(re.compile("/pay/"))
    assert "127.0.0.1" in page.url, "the provider is another site"
    page.locator("input[value=pays]").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()

    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(page.get_by_text("250 credits (€25.00) are yours.")).to_be_visible()
    expect(shown).to_have_text("250")
