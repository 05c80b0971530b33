"""A link by mail for people who cannot sign in: the address itself is not kept with it."""

from django.db import models

from vasistas.apps.privacy.models.exports import HASH_CHARS
from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal

RIGHTS_LINK_HOURS = 24


class RightsLink(models.Model):
    """Proves that its holder reads the mails of an address. subject: the person with this address; None: nobody has it.
    It serves one act.
    """

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, null=True, related_name="+")
    token_hash = models.CharField(max_length=HASH_CHARS, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"rights link {self.pk}"


declare(
    "privacy.RightsLink",
    "subject",
    subject=derived("the path itself"),
    token_hash=personal("user.authorization.credentials", keep="rights_link"),
    made_at=personal("user.account.activity", keep="rights_link"),
    expires_at=not_personal("an expiry"),
    used_at=personal("user.account.activity", keep="rights_link"),
)
