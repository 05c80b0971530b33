"""Writes on subjects."""

from datetime import datetime

from vasistas.apps.privacy.models import Subject


def create_subject(*, kind: Subject.Kind, at: datetime) -> Subject:
    """Open the row that every personal row of one new person leads to."""
    return Subject.objects.create(kind=kind, created_at=at)
