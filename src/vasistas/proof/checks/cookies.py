"""Clause 8: what is kept in a browser is what the register lists, and of that what is necessary or was accepted."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from vasistas.guard import cookies
from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Cookie, Policy, Storage
from vasistas.proof import canary
from vasistas.proof.browser import STARTS, Browser, tags
from vasistas.proof.checks.pages import PAGES_MIN, every_page, replace_template

SCRIPTS_MIN = 10
FORMS = (  # beginnings of views that are nothing but forms, guarded by a cookie
    *("account", "pages:rights_by_mail", "pages:demo_sms"),
    *("pages:subscribe", "pages:confirm_subscription", "pages:preferences"),
    *("pages:report_problem", "pages:report_room"),
)
GATE = "vasistas.guard.middleware.GateCookies"
KEPT = re.compile(r"\b(localStorage|sessionStorage)\.(?:get|set|remove)Item\(\s*[\"']([\w.-]+)[\"']")
STORES = re.compile(r"\b(localStorage|sessionStorage|indexedDB|document\.cookie|cookieStore|caches\.open)\b")


@check(
    "cookies.observed_are_declared",
    kind="probe",
    words={
        "en": "A visitor and a member get no cookie that the cookie register does not list.",
        "fr": "Visiteurs et membres ne reçoivent aucun cookie absent du registre des cookies.",
    },
)
def cookies_are_declared(now: datetime) -> Finding:
    browser = Browser()
    pages = every_page(now)
    browser.get("/accounts/login/")
    answers = [browser.post("/age-statement/", {"next": "/", "is_adult": "yes"})]
    with canary.stage(now) as canaries:
        member = canary.browser_of(canaries.vi)
        answers += [member.get(path) for path in ("/", "/account/", f"/rooms/{canaries.rooms[0].slug}/")]
    headers = [page.headers for page in pages] + [answer.headers for answer in answers]
    names = {*_set_by(one.get_list("Set-Cookie") for one in headers)}
    wrong = {name for name in names if cookies.declared(get_policy(), name) is None}
    return finding(len(pages) + len(answers), wrong, at_least=PAGES_MIN)


@check(
    "cookies.looking_sets_none",
    kind="probe",
    words={
        "en": "A visitor who looks around, and sends no form, gets no cookie.",
        "fr": "Un visiteur qui se promène sans envoyer de formulaire ne reçoit aucun cookie.",
    },
)
def looking_sets_no_cookie(now: datetime) -> Finding:
    pages = [page for page in every_page(now) if not page.view.startswith(FORMS)]
    wrong = {page.view for page in pages if page.headers.get_list("Set-Cookie")}
    return finding(len(pages), wrong, at_least=PAGES_MIN)


def _set_by(headers: Iterable[list[str]]) -> Iterator[str]:
    """Yield the names that are set; what is taken back is not set."""
    for lines in headers:
        for line in lines:
            yield from (name for name, morsel in SimpleCookie(line).items() if morsel["max-age"] != "0")


@counterexample("cookies.observed_are_declared")
@counterexample("cookies.looking_sets_none")
def set_a_cookie_nobody_declared(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    cookies.gate = _set_anyway  # type: ignore[assignment]  # it plants a fault


def _set_anyway(_request: HttpRequest, response: HttpResponse, *_policy: Any) -> None:
    response.set_cookie("_visitor", "1234567890")


# -- The gate itself, under a register that asks for something ---------------------------------------------------------


@dataclass(frozen=True)
class State:
    """How somebody stands to the choice. days: how long ago they made it. None: not at all."""

    name: str
    days: int | None = None
    accepts: bool = False
    has_gpc: bool = False

    def request(self, policy: Policy, now: datetime) -> HttpRequest:
        request = HttpRequest()
        if self.has_gpc:
            request.META["HTTP_SEC_GPC"] = "1"
        if self.days is not None:
            accepted = cookies.asked_kinds(policy) if self.accepts else ()
            day = (now - timedelta(days=self.days)).date()
            request.COOKIES = {cookies.CHOICE: cookies.value_of(policy, accepted, day)}
        return request


ACCEPTED = State("accepted", days=0, accepts=True)
STATES = [
    State("before a choice"),
    State("refused", days=0),
    ACCEPTED,
    State("accepted too long ago", days=cookies.CHOICE_KEPT.days, accepts=True),
    State("before a choice, Sec-GPC", has_gpc=True),
    State("refused, Sec-GPC", days=0, has_gpc=True),
    State("accepted, Sec-GPC", days=0, accepts=True, has_gpc=True),
]
WANTED = "proof_wanted"


def asking(policy: Policy) -> Policy:
    """The policy, as if it listed one cookie more, which needs consent."""
    words = dict.fromkeys(policy.languages, "For a check.")
    kind = next(iter(policy.purposes))
    return replace(policy, cookies=(*policy.cookies, Cookie(WANTED, Storage.COOKIE, kind, words, words)))


@check(
    "cookies.gate_drops_the_rest",
    kind="static",
    words={
        "en": "The gate stands outermost and drops every undeclared or unconsented cookie, in each state of the "
        "choice.",
        "fr": "La barrière est la plus extérieure et retire tout cookie non déclaré ou non consenti, quel que "
        "soit le choix.",
    },
)
def gate_drops_the_rest(now: datetime) -> Finding:
    policy = asking(get_policy())
    wrong = set() if settings.MIDDLEWARE[0] == GATE else {"settings: MIDDLEWARE"}
    for state in STATES:
        response = HttpResponse(headers={"Set-Cookie": "raw=1"})
        for name in (settings.SESSION_COOKIE_NAME, WANTED, "proof_undeclared"):
            response.set_cookie(name, "1")
        cookies.gate(state.request(policy, now), response, policy, now.date(), note=lambda _why, _name: None)
        allowed = {settings.SESSION_COOKIE_NAME} | ({WANTED} if state is ACCEPTED else set())
        if set(response.cookies) != allowed or response.has_header("Set-Cookie"):
            wrong.add(state.name)
    return finding(len(STATES), wrong)


@counterexample("cookies.gate_drops_the_rest")
def take_silence_for_a_yes(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    cookies.Choice.allows = lambda _self, _kind: True  # type: ignore[method-assign, assignment]  # it plants a fault


@check(
    "cookies.follow_the_choice",
    kind="canary",
    words={
        "en": "Visitors and members who have not chosen, refuse, accept, with and without Global Privacy "
        "Control: each gets "
        "the cookies that stand for it in the register, and no other.",
        "fr": "Visiteurs et membres, sans choix, après refus, après accord, avec et sans Global Privacy Control "
        ": chacun "
        "reçoit les cookies prévus au registre, et aucun autre.",
    },
)
def cookies_follow_the_choice(now: datetime) -> Finding:
    policy, counted, wrong = get_policy(), 0, set()
    with canary.stage(now) as canaries:
        for answer in (None, "refuse", "accept"):
            for has_gpc in (False, True):
                headers = {"Sec-GPC": "1"} if has_gpc else {}
                allowed = set(cookies.asked_kinds(policy)) if answer == "accept" and not has_gpc else set()
                for browser in (Browser(), canary.browser_of(canaries.vi)):
                    names = {*_names_after(browser, answer, headers)}
                    counted += 1
                    wrong |= {name for name in names if not _may(policy, name, allowed)}
    told = Browser().get(reverse("pages:gpc"))
    if not told.is_success or told.json().get("gpc") is not True:
        wrong.add("pages:gpc")
    return finding(counted, wrong)


def _names_after(browser: Browser, answer: str | None, headers: dict[str, str]) -> Iterator[str]:
    """Look around, choose, look around again; yield what is set after the choice, by it, or without one."""
    paths = [*STARTS, reverse("pages:cookies"), "/accounts/login/"]
    if answer:
        for path in paths:
            browser.get(path, headers)
        sent = {"Origin": settings.PUBLIC_URL, **headers}
        done = browser.ask("POST", reverse("pages:cookies"), {"choice": answer}, sent)
        if not done.is_redirect:
            raise NotProven(f"The page of cookies answers {done.status_code} to a choice.")
        yield from _set_by([done.headers.get_list("Set-Cookie")])
    for path in paths:
        yield from _set_by([browser.get(path, headers).headers.get_list("Set-Cookie")])


def _may(policy: Policy, name: str, kinds: set[str]) -> bool:
    entry = cookies.declared(policy, name)
    return entry is not None and entry.kind in {cookies.NECESSARY, *kinds}


@counterexample("cookies.follow_the_choice")
def set_what_was_refused(now: datetime) -> None:
    """Let the register ask for a cookie that pages set, and the gate not listen."""
    rules = settings.POLICY / "policy.toml"
    text = rules.read_text()
    text = re.sub(r'(\[cookies\.csrftoken\]\s+storage = "cookie"\s+kind = )"necessary"', r'\1"account"', text)
    text = re.sub(r"^version = (\d+)", lambda found: f"version = {int(found[1]) + 1}", text, flags=re.MULTILINE)
    rules.write_text(text)  # a draft
    get_policy.cache_clear()
    take_silence_for_a_yes(now)


# -- Scripts, and the first layer --------------------------------------------------------------------------------------


def stores_in(script: str) -> set[tuple[str, str]]:
    """Return (storage, name) of what a script keeps; the name is empty where it does not stand there in plain text."""
    code = re.sub(r"(?<![:\"'])//[^\n]*|/\*.*?\*/", "", script, flags=re.DOTALL)
    return {*KEPT.findall(code), *((storage, "") for storage in STORES.findall(KEPT.sub("", code)))}


def scripts() -> dict[str, Path]:
    """Return every script that the site serves, by its path below /static/."""
    found: dict[str, Path] = {}
    for finder in get_finders():
        for path, storage in finder.list([]):
            if path.endswith((".js", ".mjs")):
                found.setdefault(path, Path(storage.path(path)))  # the first finder wins, as in collecting
    return found


@check(
    "cookies.scripts_store_declared",
    kind="static",
    words={
        "en": "No script of the site keeps anything in a browser by means that the register does not list.",
        "fr": "Aucun script du site ne garde quoi que ce soit dans un navigateur par un moyen absent du registre.",
    },
)
def scripts_store_declared(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    policy, every = get_policy(), scripts()
    wrong = {
        name
        for name, path in every.items()
        for storage, key in stores_in(path.read_text())
        if cookies.declared(policy, key, storage) is None
    }
    return finding(len(every), wrong, at_least=SCRIPTS_MIN)


@counterexample("cookies.scripts_store_declared")
def serve_a_script_that_remembers(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    from django.contrib.staticfiles import finders  # noqa: PLC0415 — only a counterexample changes them

    folder = settings.DATA / "planted"
    folder.mkdir()
    (folder / "remember.js").write_text('localStorage.setItem("visitor", crypto.randomUUID());\n')
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, folder]
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]  # the stubs do not know it


@check(
    "cookies.refusing_is_as_easy",
    kind="probe",
    words={
        "en": "The first layer appears only where there is something to ask; on it refusing and accepting are "
        "one click each, "
        "of the same look.",
        "fr": "Le premier niveau n’apparaît que s’il y a à demander ; refuser et accepter y prennent un clic "
        "chacun, sous "
        "la même apparence.",
    },
)
def refusing_is_as_easy(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    policy = get_policy()
    drawn = render_to_string(BANNER, {"cookie_kinds": [next(iter(policy.purposes.values()))], "here": "/"})
    forms = [named for tag, named in tags(drawn, "form", "button") if tag == "form"]
    buttons = [named for tag, named in tags(drawn, "button") if named.get("name") == "choice"]
    looks = {(named.get("class"), named.get("type"), "disabled" in named) for named in buttons}
    wrong = set()
    if [named.get("value") for named in buttons] != ["refuse", "accept"] or len(looks) != 1 or len(forms) != 1:
        wrong.add(BANNER)
    is_shown = any(named.get("id") == "cookie-banner" for _, named in tags(Browser().get("/").text, "h2"))
    if is_shown != bool(cookies.asked_kinds(policy)):
        wrong.add("pages:home")
    return finding(2, wrong)


BANNER = "components/cookie_banner.html"


@counterexample("cookies.refusing_is_as_easy")
def hide_refusing(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    replace_template(BANNER, '<form method="post"><button name="choice" value="accept">Fine</button></form>')
