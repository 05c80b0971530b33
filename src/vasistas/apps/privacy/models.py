"""The person behind every row: one `Subject`, which knows nothing but that someone is there."""

import uuid
from typing import Any

from django.db import models

from vasistas.guard.declarations import declare, not_personal, personal


class Subject(models.Model):
    """One data subject (GDPR Art. 4(1)). Every personal row of the product leads here, and this row is the fence:
    a writer holds it shared while it inserts, the eraser holds it alone.
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
    audit_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"subject {self.pk}"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        raise TypeError("Subject is the one fence; refer to it, do not inherit from it.")


declare(
    "privacy.Subject",
    "self",
    kind=not_personal("the role in which the site knows someone"),
    state=not_personal("the state of the fence"),
    audit_id=personal("user.unique_id.pseudonymous", keep="audit_number"),
    created_at=personal("user.account.activity", keep="account_life"),
)
