"""Each page of My Account on the smallest phone, by keyboard and without JavaScript."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.e2e.conftest import enter

PAGES = {
    "pages:my_account": [],
    "pages:security": [],
    "pages:money": [],
    "pages:limits": [],
    "pages:my_consents": [],
    "pages:messages": [],
    "pages:my_data": [],
    "pages:my_category": ["user.account.activity"],
    "pages:my_reads": [],
    "pages:recipients": [],
    "pages:export": [],
    "pages:requests": [],
    "pages:erase": [],
    "pages:my_changes": [],
    "pages:erase_category": ["user.behaviour.following"],
    "pages:correct": ["user.account.username"],
    "accounts:name": [],
    "account_email": [],
    "account_change_password": [],
    "mfa_index": [],
    "mfa_list_webauthn": [],
    "usersessions_list": [],
}
TABS_MAX = 150  # a page that needs more to walk through is lost on a keyboard

# The number of controls that Tab should reach: what is shown, enabled, and not taken out of the order.
CONTROLS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(
    (one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.type !== 'hidden'
        && one.tabIndex >= 0 && !(one.type === 'radio' && !one.checked)).length"""
FOCUSED = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    window.walked ??= [];
    const is_again = window.walked.includes(at);
    window.walked.push(at);
    const style = getComputedStyle(at), around = at.parentElement ? getComputedStyle(at.parentElement) : style;
    const seen = [style, around].some((one) =>
        (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== 'none');
    const place = at.getBoundingClientRect();
    return {is_again, is_seen: seen && place.width > 0 && place.right <= innerWidth + 1 && place.left >= -1,
        name: at.outerHTML.slice(0, 120)};
}"""


def there() -> Iterator[tuple[str, str]]:
    """Name and address of each page."""
    for name, arguments in PAGES.items():
        yield name, reverse(name, args=arguments)


@pytest.fixture(scope="module")
def state(chromium, site) -> Any:
    """Vi's cookies, from one sign-in for all pages."""
    context = chromium.new_context(base_url=site.url)
    enter(context.new_page(), *site.logins["Vi"])
    kept = context.storage_state()
    context.close()
    return kept


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_the_smallest_phone(new_context, state, scheme):
    page = new_context(storage_state=state, viewport={"width": 320, "height": 640}, color_scheme=scheme).new_page()
    widths = {}

    for name, address in there():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, name
        widths[name] = page.evaluate("document.documentElement.scrollWidth")

    assert widths == dict.fromkeys(widths, 320)


@pytest.mark.parametrize(("name", "address"), list(there()))
def test_every_control_is_reached_by_keyboard_and_seen(new_context, state, name, address):
    page = new_context(storage_state=state).new_page()
    page.goto(address)

    reached, unseen = walk(page)

    assert unseen == []
    assert reached >= page.evaluate(CONTROLS)


def walk(page: Page) -> tuple[int, list[str]]:
    """Press Tab until the page ends or begins again. Returns how many controls were reached, and those whose focus
    nobody sees.
    """
    unseen: list[str] = []
    for reached in range(TABS_MAX):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None or found["is_again"]:
            return reached, unseen
        if not found["is_seen"]:
            unseen.append(found["name"])
    raise AssertionError(f"more than {TABS_MAX} controls")


def test_the_walk_sees_what_is_wrong(new_context):
    """The counterexample: one link without a mark of its focus, one that Tab does not reach."""
    page = new_context().new_page()
    page.set_content("""<style>a {outline: none !important}</style><a href="/">seen by nobody</a>
        <div inert><button>out of reach</button></div>""")

    reached, unseen = walk(page)

    assert len(unseen) == 1
    assert reached < page.evaluate(CONTROLS)


def test_the_menu_folds_on_a_phone_and_marks_the_page(new_context, state):
    page = new_context(
        storage_state=state, viewport={"width": 320, "height": 640}, java_script_enabled=False
    ).new_page()
    page.goto("/account/security/")
    menu = page.locator(".account-menu")
    expect(menu.locator("a", has_text="My data")).not_to_be_visible()

    menu.locator("summary").press("Enter")
    expect(menu.locator("[aria-current=page]")).to_have_text("Security")
    menu.locator("a", has_text="My data").click()

    expect(page.locator("h1")).to_have_text("My data")


def test_security_works_without_javascript(new_context, site):
    phone, laptop = new_context(java_script_enabled=False).new_page(), new_context().new_page()
    for page in (phone, laptop):
        enter(page, *site.logins["Max"])

    phone.goto("/account/security/")
    rows = phone.locator("section", has_text="Where you are signed in").locator("li")
    there = rows.count()  # sessions of other journeys too; the one last used stands first
    assert there >= 2
    rows.locator("button").first.click()
    expect(rows).to_have_count(there - 1)
    phone.click("text=Switch alerts off")
    phone.fill("[name=password]", site.logins["Max"][1])  # it asks once more who it is
    phone.click("main form button[type=submit]")
    expect(phone.locator(".messages")).to_contain_text("Sign-in alerts are off.")
    phone.click("text=Switch alerts on")
    expect(phone.locator(".messages")).to_contain_text("Sign-in alerts are on.")

    laptop.goto("/account/")
    assert "/accounts/login/" in laptop.url
    phone.goto("/demo/mail/")
    subjects = phone.locator(".demo-mails")
    expect(subjects).to_contain_text("A new sign-in")
    expect(subjects).to_contain_text("Sign-in alerts were switched off")
