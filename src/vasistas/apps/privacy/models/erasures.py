"""An erasure under way, and the certificate of one that is done."""

import uuid

from django.db import models

from vasistas.apps.privacy.models.exports import HASH_CHARS
from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, not_personal


class Erasure(models.Model):
    """One erasure. It names the person while it runs; then only the certificate stays, which names nobody."""

    number = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subject = models.OneToOneField(Subject, on_delete=models.SET_NULL, null=True, related_name="+")
    token_hash = models.CharField(max_length=HASH_CHARS, blank=True, db_index=True)
    asked_at = models.DateTimeField()
    unreadable_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    keys = models.PositiveIntegerField(default=0)
    rows = models.JSONField(default=dict)  # label of a model -> how many of its rows went
    kept = models.JSONField(default=list)  # what stays by law: model, count, statute, day
    certificate = models.TextField(blank=True)  # JSON, signed

    def __str__(self) -> str:
        return f"erasure {self.pk}"


declare(
    "privacy.Erasure",
    None,
    number=not_personal("random; the number of the certificate"),
    subject=not_personal("a row without any content; emptied when the erasure is done"),
    token_hash=not_personal("of a random token that leads to a certificate, which names nobody"),
    asked_at=not_personal("a time of an erasure that names nobody"),
    unreadable_at=not_personal("a time of an erasure that names nobody"),
    finished_at=not_personal("a time of an erasure that names nobody"),
    keys=not_personal("a count"),
    rows=not_personal("counts"),
    kept=not_personal("counts, a law and a day"),
    certificate=not_personal("counts and times, signed; names nobody"),
)
