"""The policy is changed as a house would do it: Sam and Lea read and approve, Lea releases, a member sees it coming."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import enter
from tests.e2e.site import Site, running
from tests.factories.policy import NOTICE, release
from tests.pages.test_policy_change import lengthen_chat

NARROW = {"width": 320, "height": 640}
PERIOD_S = 30


def set_day(folder: Path, days: int) -> None:
    file, day = folder / "policy.toml", datetime.now(UTC).date().toordinal() + days
    text = file.read_text()
    file.write_text(re.sub(r"(?m)^effective = .*$", f"effective = {datetime.fromordinal(day).date()}", text, count=1))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: version 1 is in force, and a draft keeps the chat for longer."""
    folder = tmp_path_factory.mktemp("house")
    policy = folder / "policy"
    shutil.copytree(settings.POLICY, policy, ignore=shutil.ignore_patterns("versions"))
    set_day(policy, 0)
    release(policy, today=datetime.now(UTC).date())
    lengthen_chat(policy)
    set_day(policy, NOTICE.days)
    file = policy / "policy.toml"
    file.write_text(file.read_text().replace("version = 1\n", "version = 2\n", 1))  # or the start would be refused
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASISTAS_POLICY", str(policy))
        with running(folder / "data", "--hosts", "0") as started:
            yield started


type Open = Callable[..., Page]


@pytest.fixture
def enter_as(chromium: Browser, house: Site) -> Iterator[Open]:
    """Sign one of the demo's people in; staff with the code of their authenticator."""
    opened: list[BrowserContext] = []

    def sign_in(name: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=house.url, **options)
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        mail, password = house.logins[name]
        enter(page, mail, password)
        if "/2fa/" in page.url:
            secret = (house.data / "secrets/demo_staff_totp").read_text()
            page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S)))
            page.locator("main form:has([name=code]) button[type=submit]").click()
            page.wait_for_url(lambda url: "/2fa/" not in url)
        return page

    yield sign_in
    for context in opened:
        context.close()


def fits_a_small_telephone(page: Page, address: str) -> bool:
    """In light and dark; the page is wide again afterwards."""
    wide, widths = page.viewport_size, set()
    page.set_viewport_size(NARROW)
    page.goto(address)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        widths.add(page.evaluate("document.documentElement.scrollWidth"))
    if wide:
        page.set_viewport_size(wide)
    return widths == {NARROW["width"]}


def test_two_people_change_the_policy_and_a_member_sees_it_coming(enter_as: Open, house: Site, pictures: Path) -> None:
    sam, lea = enter_as("Sam", java_script_enabled=False), enter_as("Lea")
    assert fits_a_small_telephone(sam, "/account/changes/")
    assert fits_a_small_telephone(sam, "/staff/policy/")
    expect(sam.locator("main")).to_contain_text("Period: 60 days after it was said")
    sam.screenshot(path=pictures / "draft.png", full_page=True)
    sam.get_by_role("button", name="Approve exactly this").focus()
    sam.keyboard.press("Enter")
    expect(sam.locator("main")).to_contain_text("You have approved it.")
    expect(sam.get_by_role("button", name="Release it")).to_have_count(0)

    lea.goto("/staff/policy/")
    expect(lea.locator("main")).to_contain_text("Sam (Staff)")
    lea.get_by_role("button", name="Approve exactly this").click()
    expect(lea.locator("main")).to_contain_text("2 of 2 approvals")
    lea.screenshot(path=pictures / "approved.png", full_page=True)
    lea.get_by_role("button", name="Release it").click()
    expect(lea.locator("main")).to_contain_text("Members are being told.")
    lea.screenshot(path=pictures / "released.png", full_page=True)

    vi = enter_as("Vi", viewport=NARROW, java_script_enabled=False)
    vi.goto("/account/")
    banner = vi.get_by_role("region", name=re.compile("The privacy policy changes on"))
    expect(banner).to_be_visible()
    vi.screenshot(path=pictures / "account.png")
    assert vi.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    banner.get_by_role("link", name="What changes").click()
    expect(vi.locator("main")).to_contain_text("From version 1 to version 2")
    vi.goto("/account/")
    banner.get_by_role("button", name="I have read it").click()
    vi.wait_for_url("**/account/changes/")
    expect(banner).to_have_count(0)
    vi.screenshot(path=pictures / "changes.png", full_page=True)
    vi.goto("/privacy/")
    expect(vi.locator("main")).to_contain_text("Version 1")
    expect(banner).to_be_visible()
    vi.screenshot(path=pictures / "privacy.png")
