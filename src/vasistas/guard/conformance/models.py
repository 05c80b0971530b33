"""What the runs of checks and of their counterexamples left: results and counts, nothing of anybody."""

from datetime import timedelta
from typing import ClassVar

from django.db import models

from vasistas.guard.declarations import declare, not_personal

KEY_CHARS_MAX = 80
DETAIL_CHARS_MAX = 500
KEEP = timedelta(days=90)


class Evidence(models.Model):
    """One result. Rows are added, never changed; the newest of each check and sort counts."""

    class Sort(models.TextChoices):
        CHECK = "check"  # on live data
        COUNTEREXAMPLE = "counterexample"  # in the scratch site, on a planted violation
        DRILL = "drill"  # a restore that was carried out; a check reads it

    class Result(models.TextChoices):
        """HOLDS … are results of a check; RED, GREEN, BROKEN are what a counterexample made of it."""

        HOLDS = "HOLDS"
        VIOLATED = "VIOLATED"
        UNPROVEN = "UNPROVEN"
        NOT_APPLICABLE = "NOT_APPLICABLE"
        RED = "RED"
        GREEN = "GREEN"
        BROKEN = "BROKEN"

    key = models.CharField(max_length=KEY_CHARS_MAX)
    sort = models.CharField(max_length=16, choices=Sort)
    result = models.CharField(max_length=16, choices=Result)
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    counted = models.PositiveBigIntegerField(default=0)
    violations = models.PositiveBigIntegerField(default=0)
    detail = models.CharField(max_length=DETAIL_CHARS_MAX, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sort", "key", "-id"], name="conformance_evidence_newest"),
            models.Index(fields=["at"], name="conformance_evidence_oldest"),
        ]

    def __str__(self) -> str:
        return f"evidence {self.pk}"


declare(
    "conformance.Evidence",
    None,
    key=not_personal("the name of a check"),
    sort=not_personal("a sort"),
    result=not_personal("a result"),
    at=not_personal("when a check ran"),
    took_ms=not_personal("a duration"),
    counted=not_personal("a count"),
    violations=not_personal("a count"),
    detail=not_personal("names of code and counts"),
)
