"""How fast objections end bulletins."""

from datetime import UTC, datetime

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from vasistas.apps.bulletins.models import Send
from vasistas.apps.privacy.models import Consent
from vasistas.guard.purposes import processing

Act = Consent.Act
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # an objection that was not taken back


@processing("prove")
def worst_delay() -> float | None:
    """Seconds from an objection to the last message handed over after it, at worst; 0: none was. None: nobody objected.

    What was sent after an objection was taken back is not counted. The sends that are kept (90 days) are asked.
    """
    objections = Consent.objects.filter(act=Act.OBJECTED)
    if not objections.exists():
        return None
    lifted = Consent.objects.filter(act=Act.LIFTED, subject=OuterRef("subject"), pk__gt=OuterRef("pk")).order_by("pk")
    sends = Send.objects.filter(
        subject=OuterRef("subject"), handed_at__gt=OuterRef("at"), handed_at__lt=OuterRef("until")
    ).order_by("-handed_at")
    with_end = objections.annotate(until=Coalesce(Subquery(lifted.values("at")[:1]), NEVER))
    late = with_end.annotate(last=Subquery(sends.values("handed_at")[:1])).filter(last__isnull=False)
    return max(((last - at).total_seconds() for at, last in late.values_list("at", "last")), default=0.0)
