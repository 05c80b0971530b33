"""People who proved an address for bulletins, and campaigns that are due."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

from tests.factories.consents import give
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact
from vasistas.apps.privacy import operations as privacy

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclasses.dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def make_reader(name: str, *, subject_id: int | None = None, topic: str = "features", **over: Any) -> Contact:
    """`<name>@example.org`, proven, with consent to a topic by mail; "" for none."""
    subject_id = subject_id or privacy.create_subject(kind="visitor", at=NOW).pk
    address = f"{name.lower()}@example.org"
    row = {"channel": "mail", "index": rules.index_of("mail", address), "address": address, "language": "en"}
    contact = Contact.objects.create(subject_id=subject_id, **{**row, "confirmed_at": NOW, **over})
    if topic:
        give(subject_id, "bulletins", at=NOW)
        give(subject_id, f"topic_{topic}", contact.channel, at=NOW)
    return contact


def make_campaign(**over: Any) -> Campaign:
    """One that is due."""
    row = {"name": "News", "topic": "features", "subject_line": "News", "body": "Something new.", "made_at": NOW}
    return Campaign.objects.create(**{**row, "state": "scheduled", "scheduled_at": NOW, **over})
