"""Clause 3: what people write to us becomes a conversation, is answered in it, and serves nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from django.conf import settings

from vasistas.apps.support import operations
from vasistas.apps.support.models import Ticket, TicketMessage
from vasistas.apps.support.operations import answering, intake
from vasistas.guard import gate, purposes
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.inbound import parse
from vasistas.proof import canary
from vasistas.proof.canary import Canaries

WRITTEN = "user.content.support"
MAY_READ = frozenset(
    {"intake", "support", "correspond", "assistance", "dispute", "rights", "retention", "prove", "maintain"}
)
HOST = "proof.invalid"


def _mail(canaries: Canaries, number: int, *, to: str, references: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = str(canaries.vi.email), to, "The canary does not sing"
    mail["Message-ID"] = f"<{canaries.rooms[0].slug}.{number}@{HOST}>"
    if references:
        mail["References"] = references
    mail.set_content(f"It is the {number}. day.")
    return mail.as_bytes()


def _read(raw: bytes, to: str, now: datetime) -> TicketMessage | None:
    with processing("intake"):
        return intake.read(parse(raw, to=to), at=now)


def _faults(canaries: Canaries, now: datetime, strangers: list[UUID]) -> Iterator[str]:
    """strangers: handles of the keys of whoever is made on the way: no mail server vouches for a canary."""
    with canary.arranging():
        first = _mail(canaries, 1, to=settings.OPERATOR.mail)
    begun = _read(first, settings.OPERATOR.mail, now)
    with canary.arranging():
        ticket = Ticket.objects.filter(messages=begun).first()
        if begun is None or ticket is None:
            yield "a mail became no conversation"
            return
        strangers.append(ticket.subject.key_handle)
        made = operations.answer(ticket=ticket, by=canaries.sam.subject_id, text="Cover the cage.", at=now)
        sent = answering.mail_of(made)
        heads, back = sent.extra_headers, operations.address_for(ticket)
        if sent.to != [str(canaries.vi.email)] or heads.get("In-Reply-To") != str(begun.message_id):
            yield "the answer is not in the conversation of the mail"
        if heads.get("Reply-To") != back:
            yield "an answer to the answer would not come back"
        second = _mail(canaries, 2, to=back)
        third = _mail(canaries, 3, to=settings.OPERATOR.mail, references=heads["Message-ID"])
    joined = [_read(second, back, now), _read(third, settings.OPERATOR.mail, now)]
    if any(one is None or one.ticket_id != ticket.pk for one in joined):
        yield "the next mail did not join the conversation"


@check(
    "support.mail_is_answered_in_its_conversation",
    kind="canary",
    words={
        "en": "A mail becomes a conversation of its sender; our answer is in its thread, and what they answer joins.",
        "fr": "Un e-mail devient un échange de son auteur ; notre réponse est dans son fil, et la suite l’y rejoint.",
    },
)
def mail_is_answered(now: datetime) -> Finding:
    strangers: list[UUID] = []
    try:
        with canary.stage(now) as canaries:
            return finding(3, list(_faults(canaries, now, strangers)))
    finally:
        canary.forget_keys(strangers)


@counterexample("support.mail_is_answered_in_its_conversation")
def lose_the_thread(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    vars(intake)["_thread_of"] = lambda _mail: None


@check(
    "support.is_refused_elsewhere",
    kind="probe",
    is_gated=True,
    words={
        "en": "What a canary wrote to us opens under no purpose but helping it and its own rights: not for bulletins, "
        "not for profiles, not for figures, not for moderation or money.",
        "fr": "Ce qu’un témoin nous a écrit ne s’ouvre que pour l’aider et pour ses droits : ni pour les lettres, ni "
        "pour des profils, ni pour des chiffres, ni pour la modération ou l’argent.",
    },
)
def is_refused_elsewhere(now: datetime) -> Finding:
    policy, wrong = get_policy(), []
    with canary.stage(now) as canaries:
        with canary.arranging():
            said = intake.Said(text=f"Canary {canaries.rooms[0].slug} needs help.", title="Help")
            ticket = operations.report(subject_id=canaries.vi.subject_id, address="", said=said, at=now)
            line = TicketMessage.objects.get(ticket=ticket)
        with purposes.scope(lambda: purposes.NOBODY):
            wrong += ["no purpose"] if _opens(line) else []
        for key in policy.purposes.keys() - MAY_READ:
            with purposes.scope(lambda: purposes.NOBODY), processing(key, reason=canary.REASON):
                wrong += [key] if _opens(line) or _selects(line.pk) else []
    return finding(len(policy.purposes) + 1, wrong)


def _opens(line: TicketMessage) -> bool:
    try:
        return bool(line.text)
    except (gate.PurposeMissing, gate.PurposeRefused):
        return False


def _selects(pk: int) -> bool:
    try:
        return TicketMessage.objects.filter(pk=pk).values_list("text", "at").first() is not None
    except (gate.PurposeMissing, gate.PurposeRefused):
        return False


@counterexample("support.is_refused_elsewhere")
def let_bulletins_read_it(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    policy = get_policy()
    allowed = replace(policy.purposes["bulletins"], categories=policy.purposes["bulletins"].categories | {WRITTEN})
    planted = replace(policy, purposes={**policy.purposes, "bulletins": allowed})
    vars(purposes)["get_policy"] = lambda: planted
