"""A visitor's bulletins in a real browser, without scripts: ask, confirm by the mail, choose, stop."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext

NARROW = {"width": 320, "height": 640}
ADDRESS = "kim@visitor.example"


def link_in_mail(page: Page) -> str:
    """The way to confirm, as the newest mail to the visitor says it."""
    page.goto("/demo/mail/")
    found = re.search(r"/bulletins/[\w-]{43}/confirm/", page.content())
    if found is None:
        page.get_by_role("link").filter(has_text=re.compile("confirm", re.IGNORECASE)).first.click()
        found = re.search(r"/bulletins/[\w-]{43}/confirm/", page.content())
    assert found is not None
    return found[0]


def test_a_visitor_asks_confirms_and_stops(new_context: NewContext, pictures: Path) -> None:
    page = new_context(java_script_enabled=False, viewport=NARROW).new_page()
    page.goto("/")
    page.locator(".site-footer").get_by_role("link", name="Bulletins").click()
    page.fill("[name=email]", ADDRESS)
    page.get_by_role("button", name="Send me the link").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("a mail is on its way")

    page.goto(confirm := link_in_mail(page))
    page.get_by_role("checkbox").first.check()
    page.screenshot(path=pictures / "confirm.png", full_page=True)
    page.get_by_role("button", name="Confirm").click()
    page.goto(choices := confirm.removesuffix("confirm/"))
    expect(page.locator("#reach")).to_contain_text("confirmed")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    page.screenshot(path=pictures / "choices.png", full_page=True)

    page.goto(f"{choices}stop/")
    page.get_by_role("button", name="Stop everything").click()
    expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    page.goto(choices)
    expect(page.get_by_role("status")).to_contain_text("You objected")
