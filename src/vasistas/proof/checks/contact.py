"""Clause 10: one record of contact, on every mail as on every page, and a way in that is tried."""

import email
import email.policy
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from vasistas.apps.accounts import outbox
from vasistas.apps.accounts.outbox import posting
from vasistas.apps.support import queries, rules
from vasistas.apps.support.models import Probe
from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding

PROBES = 24  # that are looked at: a day of them
STALE_AFTER = timedelta(hours=3)


@check(
    "mails.name_the_operator",
    kind="static",
    words={
        "en": "A mail as it leaves gives the operator's name, post and mail, whatever part of the site wrote it.",
        "fr": "Un e-mail tel qu’il part donne nom, adresse et e-mail de l’exploitant, quelle qu’en soit l’origine.",
    },
)
def mails_name_the_operator(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    sent: Any = email.message_from_bytes(
        outbox.as_bytes(EmailMessage("Hello", "Hello.", to=["canary@proof.invalid"])), policy=email.policy.default
    )
    text, one = sent.get_content(), settings.OPERATOR
    said = {"name": one.name, "address": one.address, "mail": one.mail}
    return finding(len(said), [name for name, words in said.items() if words not in text])


@counterexample("mails.name_the_operator")
def name_nobody(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    vars(posting)["name_the_operator"] = lambda _message: None


@check(
    "contact.messages_arrive",
    kind="freshness",
    words={
        "en": "A mail that the site writes to its own address every hour is in the support's hands within 5 minutes.",
        "fr": "Un e-mail que le site écrit chaque heure à sa propre adresse est à l’assistance en moins de 5 minutes.",
    },
)
def messages_arrive(now: datetime) -> Finding:
    if not settings.MAIL_COMES_IN:
        raise NotProven("No mail comes in here: neither VASISTAS_MAIL_IN_PORT nor VASISTAS_MAIL_IN_IMAP is set.")
    due = [one for one in queries.latest_probes(PROBES) if one.arrived_at or one.sent_at < now - rules.PROBE_WITHIN]
    if not due or due[0].sent_at < now - STALE_AFTER:
        raise NotProven("No message of the last 3 hours: the worker does not run, or has just begun.")
    late = [one for one in due if one.arrived_at is None or one.arrived_at - one.sent_at > rules.PROBE_WITHIN]
    latest_is_late = due[0] in late
    return finding(len(due), [f"{len(late)} of {len(due)} messages"] if latest_is_late else [])


@counterexample("contact.messages_arrive")
def lose_a_message(now: datetime) -> None:
    Probe.objects.create(sent_at=now - rules.PROBE_WITHIN - timedelta(seconds=1))
