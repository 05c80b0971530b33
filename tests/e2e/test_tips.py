"""Tips between people in real browsers: one tips, everyone sees the goal move and reads of it in the chat."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewContext, SignIn
from tests.e2e.test_rooms import ask, prepare, state_is, until

ROOM = "/rooms/piano-with-mira"  # of the demo: has a menu and a goal, and is not on air


def enter(page: Page, address: str = f"{ROOM}/") -> Page:
    page.goto(address)
    expect(page.locator("html")).to_have_attribute("data-realtime", "live")
    return page


def told(page: Page, words: str) -> Locator:
    return page.locator(".chat__line--told").filter(has_text=words)


def begin_goal(desk: Page, title: str, target: int) -> None:
    desk.fill("#goal-title", title)
    desk.fill("#goal-credits", str(target))
    desk.get_by_role("button", name="Begin the next goal").click()
    expect(desk.locator("[data-goal-title]")).to_have_text(title)
    expect(desk.locator("html")).to_have_attribute("data-realtime", "live")


@pytest.fixture
def mira(sign_in: SignIn) -> Iterator[Page]:
    page = prepare(sign_in("Mira", permissions=["camera", "microphone"]))
    yield page
    ask(page, "POST", f"{ROOM}/cut")


def test_a_tip_moves_the_goal_for_everyone(mira: Page, sign_in: SignIn, new_context: NewContext) -> None:
    vi, visitor = enter(sign_in("Vi")), enter(new_context().new_page())
    desk = enter(mira.context.new_page(), "/studio/tips/")
    expect(vi.locator("[data-tip]")).to_be_hidden()
    begin_goal(desk, "A second waltz", 1_000)
    for page in (vi, visitor):
        expect(page.locator("[data-goal-title]")).to_have_text("A second waltz")

    assert mira.evaluate(f"publish('{ROOM}/whip')")["status"] == 201
    until(mira, state_is("live"))

    expect(vi.locator("[data-tip]")).to_be_visible()  # without loading the page again
    vi.locator("summary", has_text="Say something with it").click()
    vi.fill("#tip-text", "for the second waltz")
    vi.fill("#tip-credits", "25")
    vi.press("#tip-text", "Enter")  # never one of the quick amounts

    for page in (vi, visitor):
        expect(told(page, "for the second waltz")).to_have_count(1)
        expect(told(page, "Vi tipped 25 credits (€2.50)")).to_have_count(1)
    for page in (vi, visitor, desk):
        expect(page.locator("[data-goal-words]")).to_have_text("25 / 1000 credits (€100.00)")
    expect(desk.locator(".tips__one", has_text="for the second waltz")).to_have_count(1)

    desk.get_by_role("button", name="Take these words away").click()
    expect(desk.locator(".tips__one", has_text="for the second waltz")).to_have_count(0)

    expect(told(visitor, "for the second waltz")).to_have_count(0)
    expect(told(visitor, "Vi tipped 25 credits")).to_have_count(1)

    vi.locator("#tip-anonymous").check()
    vi.fill("#tip-credits", "975")
    vi.press("#tip-credits", "Enter")

    expect(told(visitor, "Someone tipped 975 credits")).to_have_count(1)
    expect(told(visitor, "Goal reached")).to_have_count(1)
    expect(visitor.locator("[data-goal-bar]")).to_have_js_property("value", 100)
