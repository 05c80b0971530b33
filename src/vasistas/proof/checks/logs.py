"""Clause 5: what the processes write to their logs names nobody."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.signals import user_login_failed
from django.urls import reverse

from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.proof import canary
from vasistas.proof.browser import ADDRESS, AGENT, Browser
from vasistas.proof.canary import Canaries

WRONG = "a password that is wrong"
SIGN_IN = "/accounts/login/"


@check(
    "logs.name_nobody",
    kind="drill",
    words={
        "en": "A failed sign-in, chat, a staff visit and dead links leave no name, address or text in the log.",
        "fr": "Connexion manquée, messages, visite de l’équipe, liens morts : le journal n’en garde rien de personnel.",
    },
)
def logs_name_nobody(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        with canary.arranging():
            mail = canaries.vi.email
        text = "The canary says 0815"
        with _listening() as lines:
            asked = _journey(canaries, mail, text)
    marks = {
        "mail address": mail,
        "name shown": canaries.vi.display_name,
        "network address": ADDRESS,
        "browser": AGENT,
        "text said": text,
        "password": WRONG,
    }
    logging.getLogger(__name__).debug("conformance.listened lines=%d", len(lines))
    return finding(asked, {name for name, mark in marks.items() if any(mark in line for line in lines)}, at_least=4)


def _journey(canaries: Canaries, mail: str, text: str) -> int:
    """Do what could be logged carelessly. Return how many requests were made."""
    stranger = Browser()
    if stranger.get(SIGN_IN).status_code >= 500:  # noqa: PLR2004 — an HTTP server error
        raise NotProven("The page to sign in does not answer.")
    vi, sam = canary.browser_of(canaries.vi), canary.browser_of(canaries.sam)
    room = canaries.rooms[0].slug
    vi.get(reverse("pages:watch", args=[room]))
    answers = [
        stranger.post(SIGN_IN, {"login": mail, "password": WRONG}),
        stranger.get(f"/rooms/?q={mail}"),
        stranger.get(f"/nowhere/{mail}/"),
        vi.post(reverse("chat:say", args=[room]), {"text": text}),
        vi.post(reverse("chat:say", args=[room]), {"text": text * 100}),
        sam.get(reverse("admin:accounts_member_change", args=[canaries.vi.pk])),
        sam.get(f"/admin/accounts/member/?q={mail}"),
    ]
    return len(answers)


class _Ear(logging.Handler):
    """Takes every record that is written anywhere, as the site's own formatter would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        formatters = [handler.formatter for handler in logging.getLogger().handlers if handler.formatter]
        self.setFormatter(formatters[0] if formatters else logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _listening() -> Iterator[list[str]]:
    ear = _Ear()
    others = [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    listened = [logging.getLogger(), *(one for one in others if not one.propagate)]  # the rest reach the root
    for logger in listened:
        logger.addHandler(ear)
    try:
        yield ear.lines
    finally:
        for logger in listened:
            logger.removeHandler(ear)


@counterexample("logs.name_nobody")
def log_who_failed(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    def tell(credentials: dict[str, Any], **_signal: Any) -> None:
        logging.getLogger("vasistas.accounts").error("accounts.sign_in_failed who=%s", credentials)

    user_login_failed.connect(tell, weak=False)
