"""Someone is erased."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import Subject
from vasistas.apps.privacy.operations.recipients import tell_recipients
from vasistas.guard import erasure, journal, keyring
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError

HANDLES_MAX = 500  # of one query


@dataclass(frozen=True)
class Erased:
    """rows: model label -> how many went. keys: how many data keys were destroyed."""

    rows: dict[str, int]
    keys: int


class RowsLeft(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Rows of an erased person were found afterwards: a writer went around the fence."""

    status = 500
    code = "privacy.rows_left"


@processing("rights", reason="erasure")
def erase(*, subject_id: int, at: datetime) -> Erased:
    """Make one person unreadable at once, then delete their rows; a repeat finishes what an interrupted run began.

    1. Fence: the state becomes `erasing`; writers that hold the fence are waited for, later ones are refused.
    2. Keys: every data key of the subject is destroyed, and none is ever made again.
    3. Rows: deleted in the order of the declarations. 4. Scan: nothing may be left. The subject's own row stays as the
    fence, without a time and with a number nobody can open. The journal outside of the database has a line before
    step 1 and one after step 4, so that a restored backup is erased again.

    Raises: RowsLeft: the scan found rows; nothing of step 3 is undone, call again.
    Locks: the subject's row (FOR UPDATE) in step 1. Source: GDPR Art. 17; guard/precedence.py decides what a hold or
    a statute keeps, once there are any.
    """
    handle = Subject.objects.values_list("key_handle", flat=True).get(pk=subject_id)
    journal.note(settings.DATA, handle, journal.INTENT, at)
    with transaction.atomic():
        subject = Subject.objects.select_for_update().get(pk=subject_id)
        subject.state = Subject.State.ERASING
        subject.save(update_fields=["state"])
        tell_recipients(subject_id=subject_id, what="erased", at=at)  # while the keys live that tell who got what
    keys = keyring.destroy(subject.key_handle)
    rows: dict[str, int] = {}
    with transaction.atomic():  # without the fence: nobody new is let in, and a writer may hold what we delete
        for step in erasure.plan():
            _count, by_model = step.rows(subject_id).delete()
            for label, count in by_model.items():
                rows[label] = rows.get(label, 0) + count
        # When they came is nobody's business any more.
        Subject.objects.filter(pk=subject_id).update(state=Subject.State.ERASED, created_at=at)
    left = rows_of(subject_id)
    if left:
        raise RowsLeft(_("Some rows are left: %(models)s. Erase again.") % {"models": ", ".join(sorted(left))})
    journal.note(settings.DATA, handle, journal.DONE, at)
    return Erased(rows, keys)


@processing("rights", reason="replay of the journal of erasures")
def replay(*, at: datetime) -> int:
    """Erase again whoever the journal names, in data or keys that may be older; return how many had come back.

    Afterwards SQLite's file is written anew: what was deleted leaves no bytes in it.
    Raises: as erase(); call again.
    """
    back = 0
    for handle in journal.handles(journal.path_in(settings.DATA)):
        subject = Subject.objects.filter(key_handle=handle).first()
        if subject is not None and subject.state != Subject.State.ERASED:  # the backup has no notices of the erasure
            tell_recipients(subject_id=subject.pk, what="erased", at=at)
        keys = keyring.destroy(handle)  # also of someone who came after the backup was made
        if subject is None:
            back += bool(keys)
            continue
        if keys or subject.state != Subject.State.ERASED or rows_of(subject.pk):
            erase(subject_id=subject.pk, at=at)
            back += 1
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return back


@processing("rights", reason="replay of the journal of erasures")
def came_back() -> list[UUID]:
    """The handles of people the journal calls erased, and the database does not: it is older, and was not replayed."""
    erased = journal.handles(journal.path_in(settings.DATA), step=journal.DONE)
    found: list[UUID] = []
    for start in range(0, len(erased), HANDLES_MAX):
        some = Subject.objects.filter(key_handle__in=erased[start : start + HANDLES_MAX])
        found += some.exclude(state=Subject.State.ERASED).values_list("key_handle", flat=True)
    return found


@processing("rights", reason="erasure")
def rows_of(subject_id: int) -> dict[str, int]:
    """Count the rows that lead to a subject, by model; models without any are left out."""
    counts = {step.model._meta.label: step.rows(subject_id).count() for step in erasure.plan()}
    return {label: count for label, count in counts.items() if count}
