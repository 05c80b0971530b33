"""Who may broadcast, and until when. Nothing of how it was found out stands here."""

from django.db import models

from vasistas.apps.providers.models import Host
from vasistas.guard.declarations import declare, derived, personal


class Clearance(models.Model):
    """Staff has checked who this host is; it counts until `verified_until`. A host without one is not cleared."""

    host = models.OneToOneField(Host, on_delete=models.CASCADE, related_name="clearance")
    verified_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"clearance {self.pk}"


declare(
    "verification.Clearance",
    "host__member__subject",
    host=derived("the path to the person"),
    verified_until=personal("host.business", keep="contract"),
)
