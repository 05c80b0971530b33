"""Who got what about me."""

from dataclasses import dataclass
from datetime import date

from vasistas.guard import subjects
from vasistas.guard.egress.models import Transfer
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Recipient
from vasistas.guard.purposes import processing

TRANSFERS_SHOWN_MAX = 500


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
    recipients = get_policy().recipients
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
