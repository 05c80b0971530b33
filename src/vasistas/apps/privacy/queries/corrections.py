"""Reads on what was corrected."""

from django.db import models

from vasistas.apps.privacy.models import Correction


def corrections_of(subject_id: int, category: str) -> models.QuerySet[Correction]:
    """What this person corrected in a category, newest first."""
    return Correction.objects.filter(subject_id=subject_id, category=category).order_by("-pk")
