"""One site and one Chromium for all journeys; a fresh context (its own cookies) for each person in a test."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.site import Site, running

WAIT_MS = 60_000  # until a state is there; nothing is said of how soon
CHROMIUM = "/usr/bin/chromium"
FAKE_DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=user-gesture-required",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
]

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("site") / "data", "--hosts", "0") as started:
        yield started


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium with a fake camera and microphone that say yes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_DEVICES])
        yield browser
        browser.close()


type NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser, site: Site) -> Iterator[NewContext]:
    """Open a context of its own for one person; closed after the test."""
    opened: list[BrowserContext] = []

    def open_context(**options: Any) -> BrowserContext:
        context = chromium.new_context(base_url=site.url, **options)
        context.set_default_timeout(WAIT_MS)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        for page in context.pages:
            page.unroute_all(behavior="wait")  # what still goes through a test's route would be told of its end
        context.close()


def enter(page: Page, mail: str, password: str) -> None:
    """Sign in on the page of that name."""
    page.goto("/accounts/login/")
    page.fill("input[name=login]", mail)
    page.fill("input[name=password]", password)
    page.click("main form button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)


def escape_twice(page: Page) -> None:
    """Press Escape, and again 0.2 s later by the clock of the events, however long the browser takes for them."""
    keyboard, at = page.context.new_cdp_session(page), time.time()
    key = {"key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 27}
    for pressed_at in (at, at + 0.2):
        for what in ("rawKeyDown", "keyUp"):
            keyboard.send("Input.dispatchKeyEvent", {**key, "type": what, "timestamp": pressed_at})
    keyboard.detach()


type SignIn = Callable[[str], Page]


@pytest.fixture
def sign_in(new_context: NewContext, site: Site) -> SignIn:
    """Sign one of the demo's people in, in a context of their own; returns their first page."""

    def enter_as(name: str, **options: Any) -> Page:
        page = new_context(**options).new_page()
        enter(page, *site.logins[name])
        return page

    return enter_as


@pytest.fixture(scope="session")
def sessions_of_staff() -> dict[str, Any]:
    """What is kept in the browser of staff who have signed in: a code of the moment signs in once."""
    return {}


@pytest.fixture
def sam(new_context: NewContext, site: Site, sessions_of_staff: dict[str, Any]) -> Page:
    """Support staff, signed in with the code of the moment, which the demo shows."""
    if kept := sessions_of_staff.get("Sam"):
        return new_context(storage_state=kept).new_page()
    page = new_context().new_page()
    enter(page, *site.logins["Sam"])
    codes = page.context.new_page()
    codes.goto("/demo/mail/")
    page.fill("[name=code]", codes.inner_text(".notice strong"))
    codes.close()
    page.click("main form button[type=submit]")
    page.wait_for_url(lambda url: "/authenticate/" not in url)
    sessions_of_staff["Sam"] = page.context.storage_state()
    return page


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for screenshots that a person looks at after a failure."""
    return tmp_path_factory.mktemp("pictures")
