"""A canary that subscribed: contacts, consent, a letter that waits. For the checks of clauses 2 and 4."""

from dataclasses import dataclass
from datetime import datetime

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations, rules
from vasistas.apps.bulletins.models import Campaign, Channel, Contact, Send, Suppression
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Consent
from vasistas.apps.privacy.operations import Said
from vasistas.proof import canary

TOPIC = "features"
NUMBER = "+352621000000"
WORDS = {"name": "canary", "topic": TOPIC, "channel": "mail", "subject_line": "News", "body": "Hello."}


@dataclass(frozen=True)
class Reader:
    """member: of the canaries. mail, phone: where letters go. waiting: a letter that was not handed over yet."""

    member: Member
    mail: Contact
    phone: Contact
    waiting: Send

    def faults(self, source: str, *, channel: str = Channel.MAIL) -> list[str]:
        """What does not stand as it must after this reader refused by a way."""
        with canary.arranging():
            latest = Consent.objects.filter(subject=self.member.subject, act__in=["objected", "lifted"]).last()
            index = self.mail.index if channel == Channel.MAIL else self.phone.index
            suppressed = Suppression.objects.filter(channel=channel, index=index).exists()
            letter = Send.objects.get(pk=self.waiting.pk)
        found = []
        if latest is None or latest.act != Consent.Act.OBJECTED or latest.source != source:
            found.append("no objection on record")
        if not suppressed:
            found.append("the address is not suppressed")
        if letter.state != Send.State.CANCELLED:
            found.append("a letter still waits")
        return found


def subscribe(member: Member, now: datetime) -> Reader:
    """Let a canary choose a topic by mail and SMS, and let one letter to it wait."""
    with canary.arranging():
        consent(member, now)
        mail = Contact.objects.get(subject=member.subject, channel=Channel.MAIL)
        index = rules.index_of(Channel.SMS, NUMBER)
        known = {"subject": member.subject, "channel": Channel.SMS, "index": index, "address": NUMBER}
        phone = Contact.objects.create(**known, language="en", confirmed_at=now)
        return Reader(member, mail, phone, queue(campaign(now), mail, now))


def consent(member: Member, now: datetime) -> None:
    texts, said = operations.texts("en"), Said(now)
    choices = ((rules.MASTER, ""), (rules.switch_of(TOPIC), "mail"), (rules.switch_of(TOPIC), "sms"))
    for key, channel in choices:
        privacy.give_consent(subject_id=member.subject_id, key=key, channel=channel, text_hash=texts[key], said=said)


def campaign(now: datetime, **over: object) -> Campaign:
    return Campaign.objects.create(**{**WORDS, "made_at": now, "state": Campaign.State.DRAFT, **over})


def queue(letter: Campaign, contact: Contact, now: datetime, **over: object) -> Send:
    said = {"campaign": letter, "contact": contact, "subject_id": contact.subject_id, "not_before": now, "made_at": now}
    return Send.objects.create(**{**said, **over})
