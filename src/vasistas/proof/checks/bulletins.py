"""Clause 4: only confirmed subscriptions count, and each letter says who sends it and how to end it."""

import email
import email.policy
import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.signals import post_save
from django.utils.html import escape

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations, rules
from vasistas.apps.bulletins.letters import Recipient, compose, letter
from vasistas.apps.bulletins.models import Campaign, Contact, Send
from vasistas.apps.bulletins.queries import audience
from vasistas.apps.privacy import queries as choices
from vasistas.apps.privacy.queries import State
from vasistas.guard.conformance.registry import Finding, check, count, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.proof import canary, letters

SWEPT_WITHIN = timedelta(hours=2)  # the sweep runs hourly
LATEST_MAX = 500  # sends looked at, newest first
GRACE = timedelta(seconds=60)
STANDS = (State.ON, State.ANEW)  # anew: it stood by the words of its day


@check(
    "bulletins.only_confirmed",
    kind="live",
    words={
        "en": "Nothing was ever handed over to an address or number that nobody had confirmed.",
        "fr": "Rien n’a jamais été remis à une adresse ou un numéro que personne n’avait confirmé.",
    },
)
def only_confirmed(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    handed = Send.objects.filter(handed_at__isnull=False)
    unproven = Q(contact__confirmed_at=None) & Q(handed_at__gt=F("contact__asked_at") + GRACE)
    return count(handed.count(), handed.filter(unproven).count(), "sends")


@counterexample("bulletins.only_confirmed")
def write_to_the_unconfirmed(now: datetime) -> None:
    member = Member.objects.filter(emailaddress__verified=True).latest("pk")
    letters.consent(member, now)
    contact = operations.ensure_of_member(subject_id=member.subject_id, at=now)
    if contact is not None:
        Contact.objects.filter(pk=contact.pk).update(confirmed_at=None, asked_at=now - timedelta(hours=1))
        letters.queue(letters.campaign(now), contact, now, state=Send.State.HANDED, handed_at=now)


@check(
    "bulletins.unconfirmed_are_not_selected",
    kind="canary",
    words={
        "en": "A member chose a topic, but the address was not confirmed: no campaign selects it; once it is, one "
        "does.",
        "fr": "Un membre a choisi un sujet, mais l’adresse n’est pas confirmée : aucune campagne ne la retient ; une "
        "fois confirmée, si.",
    },
)
def unconfirmed_are_not_selected(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries:
        with canary.arranging():
            letters.consent(canaries.vi, now)
            mine = Contact.objects.filter(subject=canaries.vi.subject)
            mine.delete()
            known = {"subject": canaries.vi.subject, "channel": "mail", "address": str(canaries.vi.email)}
            index = rules.index_of("mail", str(canaries.vi.email))
            Contact.objects.create(**known, index=index, language="en", asked_at=now)
            running = letters.campaign(now)
        audience.insert_sends(running, now)
        with canary.arranging():
            selected = Send.objects.filter(campaign=running, subject=canaries.vi.subject)
            wrong += ["selected"] if selected.exists() else []
            mine.update(confirmed_at=now, asked_at=None)
        audience.insert_sends(running, now)
        with canary.arranging():
            wrong += [] if selected.exists() else ["never selected"]
    return finding(2, wrong)


@counterexample("bulletins.unconfirmed_are_not_selected")
def confirm_for_them(now: datetime) -> None:
    def prove(instance: Contact, created: bool, **_sent: Any) -> None:  # noqa: FBT001 — Django's signature
        if created:
            Contact.objects.filter(pk=instance.pk).update(confirmed_at=now, asked_at=None)

    post_save.connect(prove, sender=Contact, weak=False)


@check(
    "bulletins.only_consented",
    kind="live",
    words={
        "en": "Of the latest messages handed over, each had the consent of its reader to its topic at that moment.",
        "fr": "Parmi les derniers messages remis, chacun avait à cet instant le consentement de son destinataire.",
    },
)
def only_consented(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    handed = Send.objects.filter(handed_at__isnull=False).order_by("-pk").select_related("campaign")[:LATEST_MAX]
    policy, wrong, looked_at = get_policy(), 0, 0
    for send in handed:
        looked_at += 1
        chosen = choices.choices_of(send.subject_id, at=send.handed_at - GRACE if send.handed_at else send.made_at)
        key, channel = rules.switch_of(send.campaign.topic), send.campaign.channel
        wrong += chosen.state(policy, key, channel) not in STANDS and not _stood_just_now(send)
    return count(looked_at, wrong, "sends")


def _stood_just_now(send: Send) -> bool:
    """Consent given within the minute before."""
    at = send.handed_at or send.made_at
    state = choices.choices_of(send.subject_id, at=at).state(
        get_policy(), rules.switch_of(send.campaign.topic), send.campaign.channel
    )
    return state in STANDS


@counterexample("bulletins.only_consented")
def write_to_somebody(now: datetime) -> None:
    member = Member.objects.filter(emailaddress__verified=True).latest("pk")
    contact = operations.ensure_of_member(subject_id=member.subject_id, at=now)
    if contact is not None:
        letters.queue(letters.campaign(now), contact, now, state=Send.State.HANDED, handed_at=now)


@check(
    "bulletins.letters_say_who_and_end",
    kind="static",
    words={
        "en": "A letter as it leaves names the operator with address, ends by one click (RFC 8058) and by a link, has "
        "a plain-text twin, and fetches nothing from anywhere.",
        "fr": "Une lettre telle qu’elle part nomme l’exploitant et son adresse, s’arrête d’un clic (RFC 8058) et par "
        "un lien, a son double en texte, et ne va rien chercher ailleurs.",
    },
)
def letters_say_who_and_end(now: datetime) -> Finding:
    to = Recipient("t" * 43, "canary@proof.invalid", "en", 1)
    _return_path, sent = compose(Campaign(**letters.WORDS, made_at=now)).bytes_for(to)
    mail: Any = email.message_from_bytes(sent, policy=email.policy.default)
    bodies = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    stop, one = letter.links(to.token)["stop"], settings.OPERATOR
    wrong = [] if f"<{stop}>" in str(mail["List-Unsubscribe"]) else ["List-Unsubscribe"]
    wrong += [] if mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" else ["List-Unsubscribe-Post"]
    wrong += [kind for kind in ("text/plain", "text/html") if kind not in bodies]
    for kind, content in bodies.items():
        said = [one.name, one.address, one.mail, stop]
        missing = [text for text in said if (escape(text) if kind == "text/html" else text) not in content]
        wrong += [f"{kind}: {len(missing)} missing"] if missing else []
    wrong += ["fetches something"] if FETCHES.search(bodies.get("text/html", "")) else []
    return finding(len(bodies), wrong, at_least=1)


FETCHES = re.compile(r"<img|<link|<script|<iframe|@import|url\(|\bbackground=", re.IGNORECASE)


@counterexample("bulletins.letters_say_who_and_end")
def no_way_out(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    vars(letter)["_headers"] = lambda *_asked: {}
    letter._form.cache_clear()  # noqa: SLF001 — planted


@check(
    "bulletins.unconfirmed_vanish",
    kind="live",
    words={
        "en": "No address or number that was not confirmed within 7 days is still there.",
        "fr": "Aucune adresse ni numéro non confirmé sous 7 jours n’est encore là.",
    },
)
def unconfirmed_vanish(now: datetime) -> Finding:
    waiting = Contact.objects.filter(confirmed_at=None)
    old = waiting.filter(asked_at__lt=now - rules.UNCONFIRMED_KEPT - SWEPT_WITHIN).count()
    return count(waiting.count(), old, "contacts")


@counterexample("bulletins.unconfirmed_vanish")
def keep_one(now: datetime) -> None:
    member = Member.objects.filter(emailaddress__verified=True).latest("pk")
    contact = operations.ensure_of_member(subject_id=member.subject_id, at=now)
    if contact is not None:
        Contact.objects.filter(pk=contact.pk).update(confirmed_at=None, asked_at=now - timedelta(days=8))
