"""What was corrected about a person: what stood before, and what stands since."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

CORRECTED_CHARS_MAX = 500
PLACE_CHARS_MAX = 100


class Correction(SealedRow):
    """One field of one person was corrected. It goes with the person, or by its age."""

    class By(models.TextChoices):
        SELF = "self", _("You")
        STAFF = "staff", _("Staff of this site")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=PLACE_CHARS_MAX)  # a key of the policy
    field = models.CharField(max_length=PLACE_CHARS_MAX)  # "accounts.Member.display_name"
    before = SealedText(key_class="identity", chars_max=CORRECTED_CHARS_MAX, blank=True)
    after = SealedText(key_class="identity", chars_max=CORRECTED_CHARS_MAX, blank=True)
    by = models.CharField(max_length=8, choices=By, default=By.SELF)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["subject", "category"], name="privacy_correction_of"),)

    def __str__(self) -> str:
        return f"correction {self.pk}"


_KEEP = "correction_history"

declare(
    "privacy.Correction",
    "subject",
    subject=derived("the path itself"),
    row_key=not_personal("random; binds what is sealed to its row"),
    category=not_personal("a key of the policy"),
    field=not_personal("a name of code"),
    before=sealed("user.account.correction", keep=_KEEP, key_class="identity"),
    after=sealed("user.account.correction", keep=_KEEP, key_class="identity"),
    by=not_personal("who wrote it: the person, or staff; the read log has whom"),
    at=personal("user.account.activity", keep=_KEEP),
)
