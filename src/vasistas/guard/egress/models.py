"""Who got what: one row for a day, a recipient, a purpose, the categories, and whom it was about."""

from typing import ClassVar

from django.db import models

from vasistas.guard.declarations import declare, found_by, not_personal, personal

AUDIT_ID_CHARS = 36  # a UUID in text


class Transfer(models.Model):
    """What was handed over in one day. No content, no address, no hour: those would tell more than who got what."""

    recipient = models.CharField(max_length=64)
    purpose = models.CharField(max_length=64)
    categories = models.CharField(max_length=500)  # sorted, one space between
    subject = models.CharField(max_length=AUDIT_ID_CHARS, blank=True)  # audit id; "": nobody with an account
    at = models.DateTimeField()  # 00:00 UTC of the day
    count = models.PositiveIntegerField(default=0)  # times

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject", "at", "recipient", "purpose", "categories"], name="egress_transfer_of_a_day"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="egress_transfer_at")]

    def __str__(self) -> str:
        return f"transfer {self.pk}"


_KEEP = "transfer_log"

declare(
    "egress.Transfer",
    found_by("the audit id in subject; what links it to a person is sealed with that person's key"),
    recipient=not_personal("a key of the policy"),
    purpose=not_personal("a key of the policy"),
    categories=not_personal("keys of the policy"),
    subject=personal("user.unique_id.pseudonymous", keep=_KEEP),
    at=personal("user.account.activity", keep=_KEEP),
    count=not_personal("a number"),
)
