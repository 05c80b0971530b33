"""Writes of "who got what": note a transfer. What is old goes by its retention rule (guard/retention.py)."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from vasistas.guard import subjects
from vasistas.guard.egress.models import Transfer
from vasistas.guard.purposes import processing


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
        rows = Transfer.objects.filter(**same)
        if len(times) == 1 and rows.filter(subject__in=times).update(count=F("count") + times.total()):
            return
        made = [Transfer(**same, subject=subject) for subject in sorted(times)]
        Transfer.objects.bulk_create(made, ignore_conflicts=True)
        list(rows.filter(subject__in=times).order_by("subject").select_for_update().values_list("pk"))  # in one order
        for count in set(times.values()):
            some = [subject for subject, found in times.items() if found == count]
            rows.filter(subject__in=some).update(count=F("count") + count)
