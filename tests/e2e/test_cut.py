"""The moderation acts, and it counts at the node and the sockets: a banned viewer's and a cut room's media stop."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext, SignIn
from tests.e2e.test_accounts import sign_up
from tests.e2e.test_chat import line as chat_line
from tests.e2e.test_chat import say
from tests.e2e.test_journey import RECEIVED, decodes, go_live, player_is, until, watch

pytestmark = pytest.mark.media

ROOM = "/rooms/room-of-nora/"
# When pictures no longer arrive: so many ms without one.
SILENT_MS = 1_000
STOPPED = f"""async () => {{
  const got = await ({RECEIVED})();
  const now = Date.now();
  if (got.frames !== window.lastFrames) [window.lastFrames, window.lastFrameAt] = [got.frames, now];
  return {{silent: now - window.lastFrameAt, at: window.lastFrameAt}};
}}"""


def host(page: Page) -> Page:
    sign_up(page, "Nora")
    page.goto("/become-a-host/")
    page.fill("[name=title]", "Nora at the window")
    page.fill("[name=slug]", "room-of-nora")
    page.select_option("[name=category]", "music")
    page.check("[name=agreed]")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/studio/")
    return go_live(page)


def decide(sam: Page, action: str, facts: str) -> int:
    """Fill the form and send it; return when, in unix ms."""
    sam.select_option("[name=action]", action)
    sam.select_option("[name=ground]", "violence")
    sam.fill("[name=facts]", facts)
    at = int(sam.evaluate("Date.now()"))
    sam.get_by_role("button", name="Decide and carry out").click()
    expect(sam.get_by_text("The person got the statement of reasons")).to_be_visible()
    return at


def test_a_ban_and_a_cut_stop_media_and_sockets(
    new_context: NewContext, sign_in: SignIn, sam: Page, pictures: Path
) -> None:
    nora = host(new_context().new_page())
    otto = new_context().new_page()
    sign_up(otto, "Otto")
    visitor, vi = watch(new_context().new_page(), ROOM), watch(sign_in("Vi"), ROOM)
    for viewer in (watch(otto, ROOM), visitor, vi):
        decodes(viewer)
    say(otto, "I will find you")
    expect(chat_line(vi, "I will find you")).to_have_count(1)

    report(visitor.context.new_page())
    sam.goto("/staff/safety/")
    sam.get_by_role("link", name="Harassment, threats").first.click()
    decide(sam, "ban", "You threatened somebody in the chat.")
    until(otto, STOPPED, f"got.silent > {SILENT_MS}")
    say(vi, "is he gone?")
    expect(chat_line(visitor, "is he gone?")).to_have_count(1)
    expect(chat_line(otto, "is he gone?")).to_have_count(0)
    for viewer in (visitor, vi):
        player_is(viewer, "playing")

    sam.goto("/staff/safety/wall/")
    sam.screenshot(path=pictures / "wall.png", full_page=True)
    sam.get_by_role("listitem").filter(has_text="Nora at the window").get_by_role("link", name="More").click()
    for viewer in (visitor, vi):
        viewer.evaluate(STOPPED)
    decide(sam, "cut", "An animal was hurt.")
    for viewer in (visitor, vi):
        until(viewer, STOPPED, f"got.silent > {SILENT_MS}")
        player_is(viewer, "ended")

    read_statement(nora)


def report(page: Page) -> None:
    page.goto(f"{ROOM}report/")
    page.select_option("[name=ground]", "harassment")
    page.select_option("[name=line]", label="Otto: I will find you")
    page.fill("[name=words]", "He threatens people.")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_role("heading", name="Your report")).to_be_visible()


def read_statement(nora: Page) -> None:
    """Nora finds why in her account, appeals, and cannot go live again at once."""
    nora.goto("/account/decisions/")
    nora.get_by_role("link", name="The broadcast was ended").click()
    expect(nora.get_by_text("An animal was hurt.")).to_be_visible()
    nora.fill("[name=words]", "It was a toy.")
    nora.get_by_role("button", name="Appeal").click()
    expect(nora.get_by_text("Being looked at")).to_be_visible()
    nora.goto("/studio/live/")
    nora.click("[data-part=go]:enabled")
    expect(nora.get_by_text("The moderation ended your broadcast").first).to_be_visible()
