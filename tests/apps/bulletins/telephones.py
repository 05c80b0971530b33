"""People with a telephone, campaigns by SMS and their sends; and the outbox as the site's provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vasistas import sms
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact, Send
from vasistas.apps.privacy import queries as privacy
from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.sms.outbox import Outbox
from vasistas.sms.port import SmsPort

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
VI = "+352621123456"
MAX = "+352691987654"


@contextmanager
def provided(port: SmsPort | None) -> Iterator[None]:
    """Let this port be the site's until the block ends."""
    before = sms.get_port() if sms.is_on() else None
    sms.configure(port)
    try:
        yield
    finally:
        sms.configure(before)


@contextmanager
def outbox(folder: Path) -> Iterator[Outbox]:
    box = Outbox(folder, key=b"k" * 32)
    with provided(box):
        yield box


def make_phone(subject_id: int, number: str = VI, **over: Any) -> Contact:
    row = {"channel": "sms", "index": rules.index_of("sms", number), "address": number, "language": "en"}
    return Contact.objects.create(subject_id=subject_id, confirmed_at=NOW, **row | over)


def make_send(contact: Contact, state: str = "queued", **over: Any) -> Send:
    """One send of a campaign of its own."""
    campaign = Campaign.objects.create(
        name="Reef", topic="webcams", channel=contact.channel, sms_text="Reef", made_at=NOW, state="sending"
    )
    row = {"campaign": campaign, "contact": contact, "subject_id": contact.subject_id, "state": state}
    return Send.objects.create(**row, not_before=NOW, made_at=NOW, **over)


def has_objected(subject_id: int) -> bool:
    last = Consent.objects.filter(subject_id=subject_id, key=OBJECTION).order_by("-pk").first()
    assert not privacy.may_each([subject_id], "topic_webcams", "sms", at=datetime.now(UTC))
    return last is not None and last.act == Consent.Act.OBJECTED
