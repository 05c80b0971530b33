"""Something about a person is corrected: what stood before is kept, and who got it is told."""

from datetime import datetime, timedelta

from django.db import models, transaction

from vasistas.apps.privacy.models import CORRECTED_CHARS_MAX, Correction, RecipientNotice
from vasistas.apps.privacy.operations.recipients import tell_recipients
from vasistas.guard import declarations, subjects
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing

CORRECTIONS_RETENTION = "correction_history"


def note_correction(*, row: models.Model, field: str, before: str, after: str, at: datetime) -> None:
    """Keep that a person corrected `field` of a row of theirs, and tell the recipients of it. Call it in the
    transaction of the correction itself: the three come to be together, or none does.

    Nothing is kept where nothing changed, nor of a field that is declared to be about nobody.
    Raises: SubjectGone.   Locks: the person's fence, shared.   Source: GDPR Art. 16 and 19.
    """
    declaration = declarations.of(row._meta.model)
    held = declaration.personal.get(field) if declaration else None
    if before == after or held is None:
        return
    subject_id = subjects.subject_id_of(row)
    with processing("rights"), transaction.atomic():
        Correction.objects.create(
            subject_id=subject_id,
            category=held.category,
            field=f"{row._meta.label}.{field}",
            before=before[:CORRECTED_CHARS_MAX],
            after=after[:CORRECTED_CHARS_MAX],
            at=at,
        )
        what = RecipientNotice.What.CORRECTED
        tell_recipients(subject_id=subject_id, what=what, at=at, categories={held.category})


@processing("retention")
def forget_corrections(at: datetime) -> int:
    """Delete the history that has reached the policy's age. Returns how many rows went."""
    days = get_policy().retention[CORRECTIONS_RETENTION].days_max
    return 0 if days is None else Correction.objects.filter(at__lt=at - timedelta(days=days)).delete()[0]
