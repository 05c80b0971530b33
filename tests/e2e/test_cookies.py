"""What a real browser keeps equals what the register lists: before a choice, after refusing, after accepting, each with
and without Global Privacy Control, for a visitor and a member, over a walk through the site.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.conftest import NewContext, SignIn, enter
from tests.e2e.site import Site, running
from tests.guard.policy.files import change, compiled, copied
from vasistas.config import settings
from vasistas.guard import cookies
from vasistas.guard.policy.model import Policy

PUBLIC = ["/", "/rooms/", "/contact/", "/source/", "/privacy/", "/privacy/?lang=fr", "/privacy/cookies/"]
PUBLIC += ["/privacy/proof/", "/privacy/versions/", "/accounts/login/", "/accounts/signup/", "/no-such-page/"]
MEMBERS = ["/", "/account/", "/account/name/", "/accounts/email/", "/accounts/2fa/", "/accounts/sessions/", "/studio/"]
ROOMS_MAX = 2
GPC = {"Sec-GPC": "1"}
PAGE = "/privacy/cookies/"
STORED = """async () => ({
  localStorage: Object.keys(localStorage),
  sessionStorage: Object.keys(sessionStorage),
  indexedDB: (await indexedDB.databases()).map((one) => one.name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).map((one) => one.scope),
})"""


@dataclass
class Seen:
    """What a browser kept and asked: cookies by name; storage -> keys, without those that are empty; foreign hosts."""

    cookies: set[str] = field(default_factory=set)
    stored: dict[str, set[str]] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    pages: int = 0

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield (storage, name) of all that was kept."""
        yield from (("cookie", name) for name in self.cookies)
        yield from ((storage, name) for storage, names in self.stored.items() for name in names)


def walk(context: BrowserContext, page: Page, url: str, paths: list[str]) -> Seen:
    """Go through the pages and the first rooms they link; look after each of them."""
    seen, waiting = Seen(), list(paths)
    context.on("request", lambda request: seen.foreign.add(urlsplit(request.url).netloc))
    taken = 0
    while waiting:
        page.goto(urljoin(url, waiting.pop(0)))
        seen.pages += 1
        seen.cookies |= {one["name"] for one in context.cookies()}
        for where, keys in page.evaluate(STORED).items():
            if keys:
                seen.stored.setdefault(where, set()).update(keys)
        for room in re.findall(r'href="(/rooms/[\w-]+/)"', page.content()):
            if taken < ROOMS_MAX and room not in {*paths, *waiting}:
                waiting.append(room)
                taken += 1
    seen.foreign -= {urlsplit(url).netloc, ""}  # what has no host is data: or blob:
    return seen


def may(policy: Policy, *kinds: str) -> set[str]:
    return {one.name for one in policy.cookies if one.storage == "cookie" and one.kind in {cookies.NECESSARY, *kinds}}


def test_the_watcher_sees_what_is_planted(new_context: NewContext, site: Site) -> None:
    context = new_context(bypass_csp=True)  # with it the browser would refuse to ask another site
    page = context.new_page()
    page.goto("/contact/")
    page.evaluate("""async () => {
      document.cookie = "planted=1"; localStorage.a = 1; sessionStorage.b = 1; await caches.open("c");
      await new Promise((done) => Object.assign(indexedDB.open("d"), {onsuccess: done}));
    }""")
    context.route("https://counter.example/**", lambda route: route.fulfill(body=""))
    context.add_init_script("fetch('https://counter.example/x', {mode: 'no-cors'}).catch(() => {})")

    seen = walk(context, page, site.url, ["/contact/"])

    assert (seen.cookies, seen.foreign) == ({"planted"}, {"counter.example"})
    assert seen.stored == {"localStorage": {"a"}, "sessionStorage": {"b"}, "caches": {"c"}, "indexedDB": {"d"}}


# -- The site as it is: everything necessary, nothing to ask -----------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, GPC], ids=["plain", "gpc"])
def test_a_visitor_keeps_the_token_of_forms_at_most(new_context: NewContext, site: Site, headers) -> None:
    looking, forms = new_context(extra_http_headers=headers), new_context(extra_http_headers=headers)
    public = [path for path in PUBLIC if not path.startswith("/accounts/")]

    looked = walk(looking, looking.new_page(), site.url, public)
    filled = walk(forms, forms.new_page(), site.url, PUBLIC)

    assert (looked.cookies, looked.stored, looked.foreign) == (set(), {}, set())
    assert (filled.cookies, filled.stored, filled.foreign) == ({"csrftoken"}, {}, set())
    assert looked.pages > len(public)


@pytest.mark.parametrize("headers", [{}, GPC], ids=["plain", "gpc"])
def test_a_member_keeps_what_the_register_lists_and_nothing_else(sign_in: SignIn, site: Site, headers) -> None:
    page = sign_in("Mira", extra_http_headers=headers)

    seen = walk(page.context, page, site.url, [*MEMBERS, *PUBLIC])

    assert {"sessionid", "csrftoken"} <= seen.cookies <= may(compiled(settings.POLICY))
    assert (seen.stored, seen.foreign) == ({}, set())


def test_staff_keep_what_the_register_lists_and_nothing_else(sign_in: SignIn, new_context: NewContext, site) -> None:
    demo = new_context().new_page()
    demo.goto("/demo/mail/")
    page = sign_in("Sam")  # up to the second factor
    page.fill("input[name=code]", demo.locator(".notice strong").inner_text())
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/2fa/" not in url)
    page.goto("/admin/accounts/member/")
    assert page.evaluate(STORED)["localStorage"] == []  # not even whether it is light or dark
    page.locator("#nav-filter").fill("room")
    page.locator("#toggle-nav-sidebar").click()
    page.locator("#changelist-filter details summary").first.click()

    seen = walk(page.context, page, site.url, ["/admin/", "/admin/accounts/member/", "/staff/", "/staff/proof/"])

    listed = {(one.storage, one.name) for one in compiled(settings.POLICY).cookies}
    assert {("localStorage", "django.admin.navSidebarIsOpen")} <= {*seen.pairs()} <= listed
    assert seen.foreign == set()


@pytest.mark.parametrize("script", [True, False])
def test_the_page_says_why_there_is_nothing_to_choose(new_context: NewContext, script) -> None:
    page = new_context(java_script_enabled=script, viewport={"width": 320, "height": 640}).new_page()
    page.goto("/")

    assert page.locator(".cookie-banner").count() == 0
    page.get_by_role("contentinfo").get_by_role("link", name="Cookies").click()
    assert page.get_by_role("heading", name="There is nothing to choose").is_visible()


# -- The same site under a register that asks: the token of forms, and something a script would keep -------------------


@dataclass(frozen=True)
class Asking:
    site: Site
    policy: Policy
    session: str  # of a member who is signed in


@pytest.fixture(scope="module")
def asking(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    folder = copied(settings.POLICY, tmp_path_factory.mktemp("asking"))
    listed = '[cookies.csrftoken]\nstorage = "cookie"\nkind = '
    change(folder, f'{listed}"necessary"', f'{listed}"account"')
    extra = '[cookies."seen_*"]\nstorage = "localStorage"\nkind = "rooms"\n'
    extra += 'words = { en = "For a test.", fr = "Pour un test." }\nduration = { en = "a day", fr = "un jour" }\n\n'
    change(folder, "[cookies.messages]", f"{extra}[cookies.messages]")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASISTAS_POLICY", str(folder))
        with running(tmp_path_factory.mktemp("asking-site") / "data", "--hosts", "0") as site:
            context = chromium.new_context(base_url=site.url)
            page = context.new_page()
            page.goto(PAGE)
            page.get_by_role("button", name="Accept all").click()
            enter(page, *site.logins["Mira"])
            session = next(one["value"] for one in context.cookies() if one["name"] == "sessionid")
            context.close()
            yield Asking(site, compiled(folder), session)


@pytest.mark.parametrize("headers", [{}, GPC], ids=["plain", "gpc"])
@pytest.mark.parametrize("is_member", [False, True], ids=["visitor", "member"])
@pytest.mark.parametrize("answer", [None, "Refuse", "Accept"])
def test_observed_equals_declared(chromium: Browser, asking: Asking, answer, is_member, headers) -> None:
    context = chromium.new_context(base_url=asking.site.url, extra_http_headers=headers)
    page = context.new_page()
    if is_member:
        context.add_cookies([{"name": "sessionid", "value": asking.session, "url": asking.site.url, "httpOnly": True}])
    page.goto("/rooms/")
    assert page.locator(".cookie-banner").count() == (0 if headers else 1)
    if answer and headers:  # accepted before Global Privacy Control was turned on
        context.set_extra_http_headers({})
        page.reload()
    if answer:
        page.locator(".cookie-banner").get_by_role("button", name=answer, exact=True).click()
        page.wait_for_url("**/rooms/")
        context.set_extra_http_headers(headers)

    seen = walk(context, page, asking.site.url, [*(MEMBERS if is_member else []), *PUBLIC])

    kept = {"sessionid"} if is_member else set()
    kept |= {"cookie_choice"} if answer else set()
    kept |= {"csrftoken"} if answer == "Accept" and not headers else set()
    assert (seen.cookies, seen.stored, seen.foreign) == (kept, {}, set())
    assert kept <= may(asking.policy, *(["account"] if answer == "Accept" else []))
    context.close()


def test_changing_ones_mind_clears_what_was_kept(chromium: Browser, asking: Asking, pictures: Path) -> None:
    context = chromium.new_context(base_url=asking.site.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Accept", exact=True).click()
    page.goto("/accounts/login/")
    page.evaluate("localStorage.seen_fish = 1")
    page.goto(PAGE)
    page.screenshot(path=pictures / "cookies-accepted.png", full_page=True)
    page.get_by_role("button", name="Refuse all").click()
    page.wait_for_url(f"**{PAGE}")

    assert {one["name"] for one in context.cookies()} == {"cookie_choice"}
    assert page.evaluate("Object.keys(localStorage)") == []
    assert page.get_by_text("refused", exact=True).count() == 2
    context.close()


def test_choosing_one_by_one_by_keyboard_and_without_scripts_on_a_small_telephone(
    chromium: Browser, asking: Asking, pictures: Path
) -> None:
    narrow = {"width": 320, "height": 640}
    context = chromium.new_context(base_url=asking.site.url, java_script_enabled=False, viewport=narrow)
    page = context.new_page()
    page.goto("/")
    page.screenshot(path=pictures / "banner-narrow.png")
    page.locator(".cookie-banner a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PAGE}")
    box = page.locator("input[name=kind][value=account]")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Keep this choice").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Chosen on").wait_for()

    assert box.is_checked()
    assert not page.locator("input[name=kind][value=rooms]").is_checked()
    for path in (PAGE, f"{PAGE}?lang=fr", "/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == narrow["width"], path
    context.close()
