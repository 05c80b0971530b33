"""A link to all that is held about one person."""

from django.db import models

from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal

HASH_CHARS = 64  # SHA-256 in hex
EXPORT_LINK_DAYS = 7
EXPORT_STARTS_MAX = 5  # downloads that died half-way may be begun anew so often


class ExportLink(models.Model):
    """A link by which one person takes their archive, once. Only the hash of its token is stored. A download that broke
    off does not use it up; one that was written to its end does.
    """

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=HASH_CHARS, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    starts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"export link {self.pk}"


declare(
    "privacy.ExportLink",
    "subject",
    subject=derived("the path itself"),
    token_hash=personal("user.authorization.credentials", keep="export_link"),
    made_at=personal("user.account.activity", keep="export_link"),
    expires_at=not_personal("an expiry"),
    starts=not_personal("a count"),
    finished_at=personal("user.account.activity", keep="export_link"),
)
