"""Clauses 4, 7 and 10, as a visitor's browser sees them: My Account and the operator at the bottom of every page, no
third party asked.
"""

import functools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.proof import canary
from vasistas.proof.browser import Page, error_pages, fault_page, footer, foreign_loads, not_logged, public_pages

SIGNED_IN = {  # what only members and staff see, the libraries' pages and a refusal among it
    "vi": (
        *("pages:my_account", "pages:security", "pages:my_data", "pages:my_reads", "pages:export", "accounts:name"),
        *("account_email", "account_change_password", "account_logout", "mfa_index", "admin:index"),
    ),
    "sam": ("pages:staff", "pages:staff_proof", "admin:index", "admin:accounts_member_changelist"),
}
PAGES_MIN = 6  # a crawl that finds fewer has not been let in
OWN_SOURCES = {"'none'", "'self'", "blob:", "data:"}
ASKING = {"default-src", "script-src", "style-src", "img-src", "media-src", "font-src", "connect-src", "form-action"}
ASKING |= {"frame-src", "worker-src", "object-src", "manifest-src"}


@functools.lru_cache(maxsize=1)
def every_page(_now: datetime) -> list[Page]:
    """One walk for all checks of a run."""
    return [*public_pages(), *error_pages()]


def pages_behind_the_door(now: datetime) -> Iterator[Page]:
    """Yield the pages SIGNED_IN names, as canaries see them."""
    with canary.stage(now) as canaries, not_logged():
        for who, views in SIGNED_IN.items():
            browser = canary.browser_of(getattr(canaries, who))
            for view in views:
                answer = browser.get(reverse(view))
                if answer.is_redirect:  # the administration sends strangers to its own door, which refuses
                    answer = browser.get(answer.headers["Location"].removeprefix(settings.PUBLIC_URL))
                yield Page("", f"{view} as {who}", answer.status_code, answer.headers, answer.text)


def _pages_with(pages: list[Page], is_wrong: Callable[[Page], bool]) -> Finding:
    return finding(len(pages), {page.view for page in pages if is_wrong(page)}, at_least=PAGES_MIN)


@check(
    "pages.lead_to_my_account",
    kind="probe",
    words={
        "en": "Every public page, error pages, those of members and of staff too, links to My Account at its bottom.",
        "fr": "Chaque page publique, d’erreur, des membres et de l’équipe renvoie à My Account en bas de page.",
    },
)
def pages_lead_to_my_account(now: datetime) -> Finding:
    pages = [*every_page(now), fault_page(), *pages_behind_the_door(now)]
    return _pages_with(pages, lambda page: reverse("pages:my_account") not in footer(page.markup)[1])


@check(
    "pages.name_the_operator",
    kind="probe",
    words={
        "en": "Every public page, error pages too, gives the operator's name, post and mail.",
        "fr": "Chaque page publique, pages d’erreur comprises, donne le nom, l’adresse et l’e-mail de l’exploitant.",
    },
)
def pages_name_the_operator(now: datetime) -> Finding:
    def is_silent(page: Page) -> bool:
        words, links = footer(page.markup)
        said = {settings.OPERATOR.name, settings.OPERATOR.address}
        return not all(one in words for one in said) or f"mailto:{settings.OPERATOR.mail}" not in links

    return _pages_with([*every_page(now), fault_page()], is_silent)


@counterexample("pages.lead_to_my_account")
@counterexample("pages.name_the_operator")
def draw_a_page_without_footer(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    replace_template("pages/contact.html", "<!doctype html><title>Contact</title><h1>Contact</h1>")


def replace_template(name: str, source: str) -> None:
    from django.template import engines  # noqa: PLC0415 — only a counterexample touches the engine
    from django.template.loaders.locmem import Loader  # noqa: PLC0415 — see above

    engine: Any = getattr(engines["django"], "engine")  # noqa: B009 — the stubs do not know it
    engine.template_loaders.insert(0, Loader(engine, {name: source}))


@check(
    "chat.period_is_shown",
    kind="canary",
    words={
        "en": "Beside the field where you write stands how long it is kept, as the policy has it.",
        "fr": "À côté du champ de saisie figure la durée de conservation, telle que dans la politique.",
    },
)
def chat_period_is_shown(now: datetime) -> Finding:
    days = get_policy().retention["room_chat"].days_max
    with canary.stage(now) as canaries:
        room = canaries.rooms[0]
        markup = canary.browser_of(canaries.vi).get(reverse("pages:watch", args=[room.slug])).text
    said = re.search(r'id="chat-keep"[^>]*>([^<]*)<', markup)
    is_said = said is not None and re.search(rf"\b{days}\b", said[1]) is not None
    return finding(1, [] if is_said else ["pages:watch"])


@counterexample("chat.period_is_shown")
def forget_the_period(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    replace_template("chat/_keep.html", "<p>Have fun.</p>")


@check(
    "pages.ask_no_third_party",
    kind="probe",
    words={
        "en": "No public page makes a browser ask another site, and the browser is told to refuse it.",
        "fr": "Aucune page publique ne fait interroger un autre site, et le navigateur a l’ordre de le refuser.",
    },
)
def pages_ask_no_third_party(now: datetime) -> Finding:
    pages = every_page(now)
    return _pages_with(
        pages, lambda page: bool(foreign_loads(page.markup)) or not _is_closed(page.headers.get(POLICY, ""))
    )


POLICY = "Content-Security-Policy"


def _is_closed(header: str) -> bool:
    """Whether a content security policy lets nothing but the site itself be asked (W3C CSP3).

    A form may lead to the pages of payment providers: that is where somebody goes, not what a page asks.
    """
    directives = {words[0]: set(words[1:]) for part in header.split(";") if (words := part.split())}
    directives["form-action"] = directives.get("form-action", set()) - set(settings.PAYMENT_PAGES)
    allowed = set().union(*(sources for name, sources in directives.items() if name in ASKING))
    foreign = {source for source in allowed - OWN_SOURCES if not source.startswith("'nonce-")}
    return "default-src" in directives and not foreign


@counterexample("pages.ask_no_third_party")
def count_visitors_elsewhere(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    page = '<!doctype html><title>Contact</title><img src="https://counter.example/pixel.gif" alt="">'
    replace_template("pages/contact.html", page)
