"""The person behind every row: one `Subject`, which knows nothing but that someone is there."""

import uuid
from typing import Any, ClassVar

from django.db import models

from vasistas.guard.declarations import declare, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

AUDIT_ID_CHARS = 36  # a UUID in words of RFC 9562


class Subject(SealedRow):
    """One data subject (GDPR Art. 4(1)). Every personal row of the product leads here, and this row is the fence:
    a writer holds it shared while it inserts, the eraser holds it alone.

    `key_handle` names the person's keys in the key store; `audit_id` names the person in the audit chain, and is sealed
    with those keys: when they are destroyed, the chain's entries are nobody's.
    """

    class Kind(models.TextChoices):
        VISITOR = "visitor"
        MEMBER = "member"
        HOST = "host"
        CORRESPONDENT = "correspondent"
        THIRD_PERSON = "third_person"

    class State(models.TextChoices):
        ACTIVE = "active"
        RESTRICTED = "restricted"
        ERASING = "erasing"
        ERASED = "erased"

    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    key_handle = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    audit_id = SealedText(key_class="identity", chars_max=AUDIT_ID_CHARS)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state"], condition=models.Q(state="restricted"), name="privacy_subject_restricted")
        ]

    def __str__(self) -> str:
        return f"subject {self.pk}"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        raise TypeError("Subject is the one fence; refer to it, do not inherit from it.")


declare(
    "privacy.Subject",
    "self",
    kind=not_personal("the role in which the site knows someone"),
    state=not_personal("the state of the fence"),
    row_key=not_personal("random; binds the seal to its row"),
    key_handle=not_personal("random; the key store alone knows its keys"),
    audit_id=sealed("user.unique_id.pseudonymous", keep="audit_number", key_class="identity"),
    created_at=personal("user.account.activity", keep="account_life"),
)
