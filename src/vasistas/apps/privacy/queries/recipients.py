"""Reads on what recipients were told."""

from django.db.models import Count, QuerySet

from vasistas.apps.privacy.models import RecipientNotice
from vasistas.apps.privacy.models.recipients import OPEN
from vasistas.guard.egress import queries as egress
from vasistas.guard.purposes import processing

NOTICES_SHOWN_MAX = 100  # newest of one recipient


@processing("audit")
def recipient_notices_of(subject_id: int, recipient: str) -> list[RecipientNotice]:
    """What one recipient was told about a person, newest first."""
    about = egress.known_as(subject_id, recipient)
    found = RecipientNotice.objects.filter(recipient=recipient, about=about)
    return list(found.order_by("-pk")[:NOTICES_SHOWN_MAX])


def waiting() -> dict[str, int]:
    """How many notices wait for each recipient."""
    rows = RecipientNotice.objects.filter(state__in=OPEN).values_list("recipient").annotate(Count("pk"))
    return dict(rows.order_by("recipient"))


def escalated() -> "QuerySet[RecipientNotice]":
    """What a person here has to take care of, oldest first."""
    return RecipientNotice.objects.filter(state=RecipientNotice.State.ESCALATED).order_by("pk")
