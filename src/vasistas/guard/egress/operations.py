"""Writes of "who got what": note a transfer, forget what is old."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from vasistas.guard import subjects
from vasistas.guard.egress.models import Transfer
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing

RETENTION = "transfer_log"


def note(
    *, recipient: str, purpose: str, categories: Collection[str], subject_ids: Sequence[int | None], at: datetime
) -> None:
    """Count one more for each, in the row of the day. Whoever is erased, or has no account, is nobody's row.

    Raises: DatabaseError: nothing was noted.   Locks: the rows of the day, until commit.
    """
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    audit_ids = subjects.audit_ids_of({one for one in subject_ids if one is not None})
    times = Counter("" if one is None else audit_ids.get(one, "") for one in subject_ids)
    same = {"recipient": recipient, "purpose": purpose, "categories": " ".join(sorted(categories)), "at": day}
    with processing("audit"), transaction.atomic():
        for subject, count in sorted(times.items()):
            rows = Transfer.objects.filter(**same, subject=subject)
            if not rows.update(count=F("count") + count):
                Transfer.objects.bulk_create([Transfer(**same, subject=subject)], ignore_conflicts=True)
                rows.update(count=F("count") + count)


@processing("audit")
def forget_old(at: datetime) -> int:
    """Delete what has reached the policy's age. Returns how many rows went."""
    days = get_policy().retention[RETENTION].days_max
    if days is None:
        return 0
    return Transfer.objects.filter(at__lt=at - timedelta(days=days)).delete()[0]
