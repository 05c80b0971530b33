"""By which ways people refuse."""

from datetime import datetime

from django.db.models import Count

from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.guard.purposes import processing


@processing("consents")
def refusals_by_way(*, since: datetime) -> list[tuple[str, int]]:
    """Each way by its words and how many objected by it; of people we know, for an address alone is nobody."""
    found = Consent.objects.filter(key=OBJECTION, act=Consent.Act.OBJECTED, at__gte=since)
    counts = dict(found.order_by().values_list("source").annotate(count=Count("pk")))
    return [(str(way.label), counts.get(str(way), 0)) for way in Consent.Source]
