"""A request in a real browser: the member asks, staff answers with a second factor, the member sees both."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext, SignIn

NARROW = {"width": 320, "height": 640}


def staff_page(new_context: NewContext, sam: Page) -> Page:
    """Sam's window without scripts, in the session that Sam has."""
    return new_context(java_script_enabled=False, storage_state=sam.context.storage_state()).new_page()


def test_member_asks_and_staff_answers_without_scripts(
    sign_in: SignIn, new_context: NewContext, sam: Page, pictures: Path
) -> None:
    member = sign_in("Vi", java_script_enabled=False, viewport=NARROW)
    member.goto("/account/requests/")
    assert member.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    member.screenshot(path=pictures / "requests.png", full_page=True)
    member.select_option("[name=kind]", "review")
    member.locator("#id_text").fill("Please look at my mute again.")
    member.get_by_role("button", name="Send").focus()
    member.keyboard.press("Enter")
    member.wait_for_url(re.compile(r"/account/requests/\d+/$"))
    number = member.url.rstrip("/").rpartition("/")[2]

    staff = staff_page(new_context, sam)
    staff.goto("/staff/requests/")
    staff.screenshot(path=pictures / "queue.png", full_page=True)
    staff.click(f"a[href='/staff/requests/{number}/']")
    expect(staff.locator("main")).to_contain_text("Please look at my mute again.")
    staff.screenshot(path=pictures / "desk.png", full_page=True)
    staff.locator("section[aria-labelledby=answer] textarea").fill("It was lifted today.")
    staff.get_by_role("button", name="Answer and close").click()
    expect(staff.locator("main .page-head .badge")).to_have_text("Answered")

    member.reload()
    expect(member.locator("main")).to_contain_text("It was lifted today.")
    assert member.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    member.screenshot(path=pictures / "request.png", full_page=True)
    member.goto("/account/reads/")
    expect(member.locator("main")).to_contain_text(f"request {number}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_restricting_and_lifting_are_one_click_each(sign_in: SignIn, scheme: str, pictures: Path) -> None:
    member = sign_in("Vi", color_scheme=scheme)
    member.goto("/account/requests/")
    member.get_by_role("button", name="Restrict").click()
    expect(member.locator("main")).to_contain_text("Your data is kept and not used.")
    member.screenshot(path=pictures / f"restricted-{scheme}.png", full_page=True)

    member.get_by_role("button", name="Let it be used again").click()

    expect(member.get_by_role("button", name="Restrict")).to_be_visible()
