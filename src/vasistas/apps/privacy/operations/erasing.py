"""Someone is erased."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import Subject
from vasistas.guard import erasure, keyring
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError


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
    fence, without a time and with a number nobody can open.

    Raises: RowsLeft: the scan found rows; nothing of step 3 is undone, call again.
    Locks: the subject's row (FOR UPDATE) in step 1. Source: GDPR Art. 17; guard/precedence.py decides what a hold or
    a statute keeps, once there are any.
    """
    with transaction.atomic():
        subject = Subject.objects.select_for_update().get(pk=subject_id)
        subject.state = Subject.State.ERASING
        subject.save(update_fields=["state"])
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
    return Erased(rows, keys)


@processing("rights", reason="erasure")
def rows_of(subject_id: int) -> dict[str, int]:
    """Count the rows that lead to a subject, by model; models without any are left out."""
    counts = {step.model._meta.label: step.rows(subject_id).count() for step in erasure.plan()}
    return {label: count for label, count in counts.items() if count}
