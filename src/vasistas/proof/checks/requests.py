"""Clause 9: requests are answered within their month."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from vasistas.apps.privacy.models import UNANSWERED, RightsRequest, Subject
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding

OVERDUE_BY = timedelta(days=40)


@check(
    "requests.none_is_overdue",
    kind="live",
    words={
        "en": "No request is unanswered after its day: one month, or the extension its person was told of in time.",
        "fr": "Aucune demande n’est sans réponse après son échéance : un mois, ou la prolongation annoncée à temps.",
    },
)
def none_is_overdue(now: datetime) -> Finding:
    unanswered = RightsRequest.objects.filter(state__in=UNANSWERED)
    late = unanswered.filter(due_date__lt=timezone.localdate(now)).count()
    return finding(unanswered.count(), [f"{late} requests"] if late else [])


@counterexample("requests.none_is_overdue")
def leave_one_unanswered(now: datetime) -> None:
    """As a staff that forgets one would: it came, and nobody looked."""
    came = now - OVERDUE_BY
    RightsRequest.objects.create(
        subject=Subject.objects.latest("pk"),
        kind=RightsRequest.Kind.OTHER,
        via=RightsRequest.Via.ACCOUNT,
        received_at=came,
        due_date=timezone.localdate(came) + timedelta(days=31),
        submit_key=uuid.uuid4(),
    )
