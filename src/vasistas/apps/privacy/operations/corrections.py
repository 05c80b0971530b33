"""Something about a person is corrected: what stood before is kept, and who got it is told."""

from datetime import datetime

from django.db import models, transaction

from vasistas.apps.privacy.models import CORRECTED_CHARS_MAX, Correction, RecipientNotice
from vasistas.apps.privacy.operations.recipients import tell_recipients
from vasistas.guard import declarations, subjects
from vasistas.guard.purposes import processing


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
