"""What recipients are told about people who corrected or erased something (GDPR Art. 19), until they acknowledge it."""

import uuid
from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.guard.declarations import declare, found_by, not_personal, personal

NAME_CHARS = 32  # of the name under which one recipient knows a person: 128 bits in hex
NOTICE_ATTEMPTS_MAX = 10  # with the waits below: three days
NOTICE_WAIT_FIRST = timedelta(minutes=1)
NOTICE_WAIT_FACTOR = 3
NOTICE_WAIT_MAX = timedelta(days=1)


class RecipientNotice(models.Model):
    """One recipient has to be told once. It knows nobody's number here, only the name that this recipient alone has for
    the person; so it outlives an erasure, and tells nobody but that recipient whom it is about.
    """

    class What(models.TextChoices):
        CORRECTED = "corrected", _("Corrected")
        ERASED = "erased", _("Erased")

    class State(models.TextChoices):
        PENDING = "pending", _("Waits to be sent")
        FAILED = "failed", _("Not acknowledged yet, is sent again")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        ESCALATED = "escalated", _("Not acknowledged; a person here takes care of it")

    notice_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    recipient = models.CharField(max_length=64)
    about = models.CharField(max_length=NAME_CHARS)
    what = models.CharField(max_length=12, choices=What)
    categories = models.CharField(max_length=500)  # sorted, one space between
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    fault = models.CharField(max_length=32, blank=True)
    by_hand = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["recipient", "about"], condition=models.Q(what="erased"), name="privacy_notice_of_erasure_once"
            ),
        )
        indexes = (
            models.Index(fields=["state", "next_attempt_at"], name="privacy_notice_due"),
            models.Index(fields=["about"], name="privacy_notice_about"),
        )

    def __str__(self) -> str:
        return f"notice {self.notice_id}"


OPEN = (RecipientNotice.State.PENDING, RecipientNotice.State.FAILED)


def wait_after(attempts: int) -> timedelta:
    """How long until the next attempt, after so many."""
    grown: timedelta = NOTICE_WAIT_FIRST * NOTICE_WAIT_FACTOR ** min(attempts - 1, NOTICE_ATTEMPTS_MAX)
    return min(grown, NOTICE_WAIT_MAX)


_KEEP = "recipient_notice"

declare(
    "privacy.RecipientNotice",
    found_by("the name in about, which is computed from the person and the recipient: egress.queries.known_as"),
    notice_id=not_personal("random; names one delivery"),
    recipient=not_personal("a key of the policy"),
    about=personal("user.unique_id.pseudonymous", keep=_KEEP),
    what=not_personal("a word: corrected or erased"),
    categories=not_personal("keys of the policy"),
    state=not_personal("whether the recipient has acknowledged"),
    attempts=not_personal("a count"),
    next_attempt_at=not_personal("when it is sent again"),
    fault=not_personal("why the recipient did not acknowledge, in words of code"),
    by_hand=not_personal("whether staff told it by another way"),
    made_at=personal("user.account.activity", keep=_KEEP),
    settled_at=personal("user.account.activity", keep=_KEEP),
)
