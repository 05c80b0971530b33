"""The chat of one room between people in real browsers, over the real gateway, and without JavaScript."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewContext, SignIn
from tests.e2e.site import Site
from tests.factories.dumps import files_below

ROOM = "/rooms/reef/"
HOSTILE = "<img src=x onerror=alert(1)> <b>hi</b> javascript:alert(1)"


def enter(page: Page) -> Page:
    """Open the room and wait until its connection is up."""
    page.goto(ROOM)
    expect(page.locator("html")).to_have_attribute("data-realtime", "live")
    return page


def say(page: Page, words: str) -> None:
    page.fill("chat-panel [data-text]", words)
    page.press("chat-panel [data-text]", "Enter")


def line(page: Page, words: str) -> Locator:
    return page.locator(".chat__line").filter(has_text=words)


def act_on(page: Page, words: str, act: str) -> None:
    line(page, words).hover()
    line(page, words).locator("[data-act-link]").click()
    page.locator("[data-menu]").get_by_role("button", name=act).click()


def test_people_talk_both_ways_and_visitors_read_along(sign_in: SignIn, new_context: NewContext) -> None:
    ada, vi, visitor = enter(sign_in("Ada")), enter(sign_in("Vi")), enter(new_context().new_page())

    say(vi, "good evening :wave:")
    say(ada, "welcome @Vi")

    for page in (ada, vi, visitor):
        expect(line(page, "good evening 👋")).to_have_count(1)
        expect(line(page, "welcome @Vi")).to_have_count(1)
        expect(line(page, "welcome @Vi").locator("[data-badge=host]")).to_have_count(1)
    expect(line(vi, "welcome @Vi")).to_have_class(re.compile("chat__line--call"))
    expect(visitor.get_by_role("link", name="Sign in to chat")).to_be_visible()
    vi.reload()
    expect(line(vi, "welcome @Vi")).to_have_count(1)


def test_no_file_of_a_running_site_holds_words_or_addresses(sign_in: SignIn, site: Site) -> None:
    vi = enter(sign_in("Vi"))
    say(vi, "a kingfisher over the weir")
    expect(line(vi, "a kingfisher over the weir")).to_have_count(1)

    files = {name: held for name, held in files_below(site.data).items() if not name.startswith("demo-mail/")}

    assert {"site.sqlite3", "site.sqlite3-wal", "keys/keyring.sqlite3"} <= set(files)
    assert [name for name, held in files.items() if b"kingfisher" in held] == []
    assert [name for name, held in files.items() if site.logins["Vi"][0].encode() in held.lower()] == []
    assert [name for name, held in files.items() if b"The reef at noon" in held]  # the search can find


def test_hostile_words_stay_words(sign_in: SignIn, new_context: NewContext) -> None:
    vi, visitor = enter(sign_in("Vi")), enter(new_context().new_page())
    alerts: list[str] = []
    visitor.on("dialog", lambda dialog: alerts.append(dialog.message))

    say(vi, HOSTILE)

    for page in (vi, visitor):
        expect(line(page, HOSTILE)).to_have_count(1)
    visitor.reload()
    expect(line(visitor, HOSTILE)).to_have_count(1)
    expect(visitor.locator(".chat__lines :is(img, b)")).to_have_count(0)
    assert alerts == []


def test_moderating_is_seen_at_once(sign_in: SignIn, new_context: NewContext) -> None:
    bo, max_, visitor = enter(sign_in("Bo")), enter(sign_in("Max")), enter(new_context().new_page())
    say(max_, "buy followers here")
    expect(line(bo, "buy followers here")).to_have_count(1)

    act_on(bo, "buy followers here", "Remove this message")

    for page in (bo, max_, visitor):
        expect(line(page, "buy followers here")).to_have_count(0)
    say(max_, "sorry, wrong window")
    expect(line(bo, "sorry, wrong window")).to_have_count(1)
    act_on(bo, "sorry, wrong window", "Mute for 10 minutes")
    expect(max_.locator("chat-panel [data-error]")).to_contain_text("You are muted in this room for 10 more min.")
    expect(max_.locator("chat-panel [data-text]")).to_be_disabled()

    say(bo, "/unmute Max")

    expect(bo.locator("chat-panel [data-error]")).to_have_text("Max may speak again.")
    expect(max_.locator("chat-panel [data-text]")).to_be_enabled()


def test_slow_mode_shows_and_counts_down(sign_in: SignIn) -> None:
    bo, nils = enter(sign_in("Bo")), enter(sign_in("Nils"))  # Nils has said nothing before

    say(bo, "/slow 30")
    expect(nils.locator("[data-slow]")).to_have_text("Slow mode: 30 s")
    say(nils, "one at a time")
    expect(line(bo, "one at a time")).to_have_count(1)

    expect(nils.locator("[data-count]")).to_have_text(re.compile(r"Wait \d+ s"))
    expect(nils.locator("[data-send]")).to_be_disabled()
    say(bo, "/slow off")
    expect(nils.locator("[data-slow]")).to_be_hidden()
    expect(nils.locator("[data-send]")).to_be_enabled()


def test_a_refused_message_says_why_and_keeps_its_words(sign_in: SignIn) -> None:
    vi = enter(sign_in("Vi"))

    say(vi, "look at https://spam.example/")

    expect(vi.locator("chat-panel [data-error]")).to_have_text("Links are off in this chat.")
    expect(vi.locator("chat-panel [data-text]")).to_have_value("look at https://spam.example/")
    expect(vi.locator(".chat__line--pending")).to_have_count(0)


def test_the_chat_works_without_javascript(sign_in: SignIn) -> None:
    page = sign_in("Stu", java_script_enabled=False)
    page.goto(ROOM)

    page.fill("chat-panel [data-text]", "hello without scripts")
    page.click("chat-panel [data-send]")
    expect(page).to_have_url(re.compile(r"/rooms/reef/#chat$"))
    expect(line(page, "hello without scripts")).to_have_count(1)

    page.fill("chat-panel [data-text]", "https://spam.example/")
    page.click("chat-panel [data-send]")
    expect(page.locator("[data-error]")).to_have_text("Links are off in this chat.")
    expect(page.locator("[data-text]")).to_have_value("https://spam.example/")

    page.goto(ROOM)
    line(page, "hello without scripts").locator("[data-act-link]").click()
    page.get_by_role("button", name="Remove this message").click()
    expect(page).to_have_url(re.compile(r"/rooms/reef/#chat$"))
    expect(line(page, "hello without scripts")).to_have_count(0)
