"""What may be kept in a browser: what the register of the policy lists, and of that what is necessary or was accepted.

Source: ePrivacy directive Art. 5(3), GDPR Art. 7, W3C Global Privacy Control. Touches no database: the choice stays
with the person, in a cookie of its own.
"""

import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from http.cookies import Morsel

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from vasistas.guard.policy.model import Cookie, Policy, Storage

NECESSARY = "necessary"
CHOICE = "cookie_choice"  # the cookie that holds the choice
CHOICE_KEPT = timedelta(days=182)  # six months; then we ask again
CHOICE_CHARS_MAX = 1_000
GPC_SINCE = date(2026, 11, 22)  # the day this code began to honour Sec-GPC; /.well-known/gpc.json says it
NAMES_LOGGED_MAX = 100
SHOWN_DIGITS = 8  # of the fingerprint of what was accepted

logger = logging.getLogger(__name__)


class CookieRefused(Exception):  # noqa: N818 — refusals read as facts
    """Code set a cookie that the register does not list, or set it past the gate. Raised where settings say so."""


@dataclass(frozen=True)
class Choice:
    """What somebody chose, kind by kind. has_gpc: their browser sends `Sec-GPC: 1`, which refuses every kind there is.

    at: the day they chose; None: they did not, or it is more than CHOICE_KEPT ago.
    """

    accepted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    has_gpc: bool = False
    at: date | None = None

    def allows(self, kind: str) -> bool:
        return kind == NECESSARY or (kind in self.accepted and not self.has_gpc)

    def leaves_open(self, policy: Policy) -> tuple[str, ...]:
        """Return the kinds that are still to be asked; none where the browser has refused for the person."""
        if self.has_gpc:
            return ()
        return tuple(kind for kind in asked_kinds(policy) if kind not in self.accepted | self.refused)

    @property
    def until(self) -> date | None:
        return self.at + CHOICE_KEPT if self.at else None


def asked_kinds(policy: Policy) -> tuple[str, ...]:
    """Return the kinds that need consent, in the order of the register. Empty: there is nothing to ask."""
    return tuple(dict.fromkeys(cookie.kind for cookie in policy.cookies if cookie.kind != NECESSARY))


def of_kind(policy: Policy, kind: str) -> tuple[Cookie, ...]:
    return tuple(cookie for cookie in policy.cookies if cookie.kind == kind)


def covers(cookie: Cookie, name: str) -> bool:
    return re.fullmatch(re.escape(cookie.name).replace(r"\*", ".*"), name) is not None


def declared(policy: Policy, name: str, storage: str = Storage.COOKIE) -> Cookie | None:
    """Return the entry of the register that lists `name`."""
    return next((one for one in policy.cookies if one.storage == storage and covers(one, name)), None)


# -- The choice, in its cookie: `20261122.+account-1a2b3c4d.-rooms` ----------------------------------------------------


def choice_of(request: HttpRequest, policy: Policy, today: date) -> Choice:
    """Read what was chosen. What does not parse, or is older than CHOICE_KEPT, was not chosen.

    An acceptance holds for the entries that were shown then; a refusal holds for the kind, whatever comes to be in it.
    """
    has_gpc = request.headers.get("Sec-GPC") == "1"
    day, *words = request.COOKIES.get(CHOICE, "")[:CHOICE_CHARS_MAX].split(".")
    try:
        at = date.fromisoformat(day)
    except ValueError:
        return Choice(has_gpc=has_gpc)
    if not at <= today < at + CHOICE_KEPT:
        return Choice(has_gpc=has_gpc)
    said = set(words)
    kinds = asked_kinds(policy)
    return Choice(
        accepted=frozenset(kind for kind in kinds if f"+{kind}-{_fingerprint(policy, kind)}" in said),
        refused=frozenset(kind for kind in kinds if f"-{kind}" in said),
        has_gpc=has_gpc,
        at=at,
    )


def value_of(policy: Policy, accepted: Iterable[str], today: date) -> str:
    """Write a choice down: each kind the register asks for is accepted or refused, none is left open."""
    yes = set(accepted)
    words = [f"+{kind}-{_fingerprint(policy, kind)}" if kind in yes else f"-{kind}" for kind in asked_kinds(policy)]
    return ".".join([f"{today:%Y%m%d}", *words])


def keep_choice(response: HttpResponseBase, policy: Policy, accepted: Iterable[str], today: date) -> None:
    """Send the choice along with an answer. What was refused goes: cookies by the gate, the rest by the browser."""
    yes = set(accepted)
    value = value_of(policy, yes, today)
    response.set_cookie(
        CHOICE, value, max_age=CHOICE_KEPT, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
    gone = [one for kind in asked_kinds(policy) if kind not in yes for one in of_kind(policy, kind)]
    if any(one.storage != Storage.COOKIE for one in gone):
        response.headers["Clear-Site-Data"] = '"storage"'  # W3C Clear Site Data: what scripts stored


def _fingerprint(policy: Policy, kind: str) -> str:
    told = [(one.name, one.storage, sorted(one.words.items()), sorted(one.duration.items()))
            for one in of_kind(policy, kind)]  # fmt: skip
    return hashlib.sha256(repr(sorted(told)).encode()).hexdigest()[:SHOWN_DIGITS]


# -- The gate ----------------------------------------------------------------------------------------------------------

dropped: Counter[str] = Counter()  # since this process began: undeclared, unconsented, raw
_named: set[str] = set()
_lock = threading.Lock()


def gate(
    request: HttpRequest,
    response: HttpResponseBase,
    policy: Policy,
    today: date,
    *,
    note: Callable[[str, str], None] | None = None,
) -> None:
    """Take out of `response` what may not be kept, and let go what was kept and may not be any more.

    Taking a cookie back passes: it leaves nothing behind. note(why, name): told of each that is dropped; without one
    it is counted and logged. Raises: CookieRefused, where COOKIE_FAULTS_RAISE is set:
    the code is at fault. A cookie without consent is no fault: it is dropped, and that is the end of it.
    """
    note = note or _note
    if response.has_header("Set-Cookie"):  # what goes past set_cookie() could be anything
        del response.headers["Set-Cookie"]
        note("raw", "Set-Cookie")
    choice = chosen_in(response, policy, today) or choice_of(request, policy, today)
    for name, morsel in list(response.cookies.items()):
        entry = declared(policy, name)
        if _takes_back(morsel) or (entry is not None and choice.allows(entry.kind)):
            continue
        del response.cookies[name]
        note("unconsented" if entry else "undeclared", name)
    for name in request.COOKIES:
        entry = declared(policy, name)
        if entry is not None and not choice.allows(entry.kind) and name not in response.cookies:
            response.delete_cookie(name)


def chosen_in(response: HttpResponseBase, policy: Policy, today: date) -> Choice | None:
    """Return the choice this very answer keeps: it counts from now on, not from the next page on."""
    morsel = response.cookies.get(CHOICE)
    if morsel is None:
        return None
    request = HttpRequest()
    request.COOKIES = {CHOICE: morsel.value}
    return choice_of(request, policy, today)


def _takes_back(morsel: Morsel[str]) -> bool:
    return morsel["max-age"] == 0 and not morsel.value


def _note(why: str, name: str) -> None:
    """Count; an undeclared name is a fault of ours and logged once, without digits: those might be somebody's."""
    shown = re.sub(r"[^A-Za-z_.-]", "", name)[:40]
    with _lock:
        dropped[why] += 1
        is_new = why != "unconsented" and shown not in _named and len(_named) < NAMES_LOGGED_MAX
        if is_new:
            _named.add(shown)
    if why == "unconsented":
        return
    if settings.COOKIE_FAULTS_RAISE:
        raise CookieRefused(f"The cookie {shown} is not in [cookies] of the policy ({why}). List it, or do not set it.")
    if is_new:
        logger.error("guard.cookie_dropped why=%s name=%s", why, shown)
