"""Third parties who offer webcam services here: hosts, and the studios some of them work for. Knows no rooms."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from vasistas.guard.declarations import declare, derived, not_personal, personal

STUDIO_NAME_CHARS_MIN = 3
STUDIO_NAME_CHARS_MAX = 60
STUDIO_SLUG_CHARS_MAX = 40
HASH_CHARS = 64  # SHA-256 in hex


class Studio(models.Model):
    """A firm that hosts work for; its owner invites them."""

    name = models.CharField(max_length=STUDIO_NAME_CHARS_MAX)
    slug = models.SlugField(max_length=STUDIO_SLUG_CHARS_MAX, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studios")
    created_at = models.DateTimeField()
    host_share_percent = models.PositiveSmallIntegerField(default=80)  # of what the platform leaves

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(host_share_percent__lte=100), name="providers_studio_share_percent"
            )
        ]

    def __str__(self) -> str:
        return f"studio {self.pk}"


class Host(models.Model):
    """A member who agreed to the terms for providers and may broadcast."""

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="host")
    studio = models.ForeignKey(Studio, on_delete=models.SET_NULL, null=True, blank=True, related_name="hosts")
    agreed_at = models.DateTimeField()
    is_suspended = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"host {self.pk}"

    @property
    def is_barred(self) -> bool:
        """May not broadcast: suspended as a host, or the account itself is closed."""
        return self.is_suspended or not self.member.is_active


class StudioInvitation(models.Model):
    """A link that lets one host join a studio, once. Only the hash of its token is stored."""

    studio = models.ForeignKey(Studio, on_delete=models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=HASH_CHARS, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["studio", "expires_at"], name="providers_invitation_recent")]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


declare(
    "providers.Studio",
    "owner__subject",
    name=personal("host.business", keep="contract"),
    slug=personal("host.business", keep="contract"),
    owner=derived("the path to the person"),
    created_at=personal("host.business", keep="contract"),
    host_share_percent=personal("host.business", keep="contract"),
)
declare(
    "providers.Host",
    "member__subject",
    member=derived("the path to the person"),
    studio=personal("host.business", keep="contract"),
    agreed_at=personal("host.business", keep="contract"),
    is_suspended=personal("host.business", keep="contract"),
)
declare(
    "providers.StudioInvitation",
    None,
    studio=not_personal("a firm"),
    token_hash=not_personal("a random token's hash; names nobody"),
    expires_at=not_personal("an expiry"),
    used_at=not_personal("a time"),
)
