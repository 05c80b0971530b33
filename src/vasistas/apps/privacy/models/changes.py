"""Changes of the policy: who of the staff approved one, and who was told of it."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models

from vasistas.apps.privacy.models.exports import HASH_CHARS
from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal

NOTICE_LEASE = timedelta(minutes=10)  # a mail that neither left nor failed by then is tried again
NOTICE_TRIES_MAX = 5  # mails refused by the member's own provider; My Account says it still
NOTICE_PAUSE = timedelta(hours=6)  # between two such tries
CHOICE_CHARS = 8


class PolicyApproval(models.Model):
    """One member of staff approves exactly these files as a version. `reference` stands in the version's files instead
    of the person.
    """

    class Role(models.TextChoices):
        STAFF = "staff"
        OPERATOR = "operator"

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField()
    files_hash = models.CharField(max_length=HASH_CHARS)
    role = models.CharField(max_length=CHOICE_CHARS, choices=Role)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["files_hash", "subject"], name="privacy_one_approval_each"),
        ]

    def __str__(self) -> str:
        return f"policy approval {self.pk}"


class PolicyNotice(models.Model):
    """One person is told of one version, in one way. By mail: `told_at` when the mail server took it; while it is on
    its way, and between two tries, nobody else sends it before `lease_until`. On the site: when they put it away.
    """

    class Via(models.TextChoices):
        MAIL = "mail"
        SITE = "site"

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    via = models.CharField(max_length=CHOICE_CHARS, choices=Via)
    told_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "version", "via"], name="privacy_told_once_each_way"),
        ]

    def __str__(self) -> str:
        return f"policy notice {self.pk}"


declare(
    "privacy.PolicyApproval",
    "subject",
    subject=derived("the path itself"),
    reference=not_personal("random; stands in the files of the version, which name nobody"),
    version=not_personal("a number of a version"),
    files_hash=not_personal("a hash of the policy's files"),
    role=not_personal("a role"),
    at=personal("user.account.activity", keep="account_life"),
)
declare(
    "privacy.PolicyNotice",
    "subject",
    subject=derived("the path itself"),
    version=not_personal("a number of a version"),
    via=not_personal("a way"),
    told_at=personal("user.account.activity", keep="account_life"),
    lease_until=not_personal("an expiry"),
    refusals=not_personal("a count"),
)
