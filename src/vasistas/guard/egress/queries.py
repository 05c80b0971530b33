"""Who got what about me."""

from dataclasses import dataclass
from datetime import date

from vasistas.guard import keyring, subjects
from vasistas.guard.egress import door
from vasistas.guard.egress.models import Transfer
from vasistas.guard.policy.model import Recipient
from vasistas.guard.purposes import processing

TRANSFERS_SHOWN_MAX = 500
PAIRWISE_KEY = "recipients.pairwise"  # of the site, in the key store


@dataclass(frozen=True)
class Given:
    """What one recipient got on one day. recipient, purpose, categories: keys of the policy. about: None once the
    policy no longer lists the recipient. count: times.
    """

    date: date
    recipient: str
    about: Recipient | None
    purpose: str
    categories: tuple[str, ...]
    count: int


@processing("audit")
def transfers_of(subject_id: int, *, limit: int = TRANSFERS_SHOWN_MAX) -> list[Given]:
    """Return what left about this subject, newest first. None, once their key is destroyed."""
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id)
    if not audit_id:
        return []
    recipients = door.recipients()
    return [
        Given(
            date=row.at.date(),
            recipient=row.recipient,
            about=recipients.get(row.recipient),
            purpose=row.purpose,
            categories=tuple(row.categories.split()),
            count=row.count,
        )
        for row in Transfer.objects.filter(subject=audit_id).order_by("-at", "-pk")[:limit]
    ]


@processing("audit")
def given_to(subject_id: int) -> dict[str, frozenset[str]]:
    """Return who got what about this subject: recipient -> categories. Empty once their key is destroyed."""
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id)
    found: dict[str, frozenset[str]] = {}
    if audit_id:
        rows = Transfer.objects.filter(subject=audit_id).values_list("recipient", "categories").distinct()
        for recipient, categories in rows:
            found[recipient] = found.get(recipient, frozenset()) | set(categories.split())
    return found


def known_as(subject_id: int, recipient: str) -> str:
    """Return the one name under which `recipient` may know this person: 32 hex digits, another for each recipient, so
    that no two can compare what they have. It outlives the account, and nobody can turn it back into one.
    """
    return keyring.blind(PAIRWISE_KEY, f"{recipient}|{subjects.handle_of(subject_id)}")
