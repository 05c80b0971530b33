"""Which reports, decisions and appeals there are, and who is on duty."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.safety import rules
from vasistas.apps.safety.models import Appeal, Decision, Report, Shift
from vasistas.lib.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS = ("open", "mine", "urgent", "overdue", "closed")
OPEN = (Report.State.NEW, Report.State.OPEN)
SHOWN_MAX = 50  # decisions of one person on a page
REPORTS_OF_ROOM_MAX = 200  # rooms of which open reports are counted at once


class NotThere(NotFound):
    code = "safety.not_there"

    def __init__(self) -> None:
        super().__init__(_("There is nothing here."))


@dataclass(frozen=True)
class Counts:
    open: int
    overdue: int
    appeals: int


def queue(view: str, *, staff: int, at: datetime) -> QuerySet[Report]:
    """Reports of one view, the one that is due first on top."""
    urgent = [ground for ground, _name in Report._meta.get_field("ground").flatchoices if rules.is_urgent(ground)]
    chosen: Mapping[str, Q] = {
        "open": Q(state__in=OPEN),
        "mine": Q(state__in=OPEN, assigned_to=staff),
        "urgent": Q(state__in=OPEN, ground__in=urgent),
        "overdue": Q(state__in=OPEN, due_at__lt=at),
        "closed": ~Q(state__in=OPEN),
    }
    rows = _reports().filter(chosen.get(view, chosen["open"]))
    return rows.order_by("-decided_at") if view == "closed" else rows.order_by("due_at", "pk")


def _reports() -> QuerySet[Report]:
    """With what the desk shows of a report and its room; nothing of who reported."""
    of_report = ("number", "target", "ground", "state", "received_at", "due_at", "decided_at", "assigned_to", "about")
    shown = (*of_report, "message_id", "words", "subject", "row_key", "room__slug", "room__title")
    return Report.objects.select_related("room").only(*shown)


def counts(at: datetime) -> Counts:
    """Reads no column of anybody."""
    told = Report.objects.filter(state__in=OPEN).aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=at))
    )
    return Counts(**told, appeals=Appeal.objects.filter(state=Appeal.State.OPEN).count())


def get_report(number: str) -> Report:
    """Raises: NotThere."""
    found = _reports().filter(number=number.upper()).first()
    if found is None:
        raise NotThere
    return found


def get_receipt(token: str) -> Report:
    """A report for whoever made it. Raises: NotThere."""
    found = Report.objects.filter(token=token).only("number", "state", "received_at", "due_at", "decided_at").first()
    if found is None:
        raise NotThere
    return found


def get_statement(token: str) -> Decision:
    """A decision for the person it is about. Raises: NotThere."""
    found = Decision.objects.filter(token=token).first()
    if found is None:
        raise NotThere
    return found


def appeal_of(decision: Decision) -> Appeal | None:
    return Appeal.objects.filter(decision=decision).first()


def decisions_of(subject_id: int) -> QuerySet[Decision]:
    return Decision.objects.filter(subject=subject_id).order_by("-pk")


def strikes_of(subject_id: int, at: datetime) -> int:
    """What counts against somebody now; see rules.strikes."""
    rows = Decision.objects.filter(subject=subject_id).only("action", "at", "lifted_at", "until").order_by("-pk")
    return rules.strikes(list(rows[:SHOWN_MAX]), timezone.localdate(at))


def reports_about(subject_id: int) -> int:
    return Report.objects.filter(about=subject_id).count()


def open_appeals() -> QuerySet[Appeal]:
    return Appeal.objects.filter(state=Appeal.State.OPEN).select_related("decision").order_by("due_at")


def get_appeal(appeal_id: int) -> Appeal:
    """Raises: NotThere."""
    found = Appeal.objects.filter(pk=appeal_id).select_related("decision").first()
    if found is None:
        raise NotThere
    return found


def is_somebody_on_duty(at: datetime) -> bool:
    return Shift.objects.filter(ended_at=None, seen_at__gt=at - rules.SHIFT_SILENT).exists()


def is_on_duty(staff: int, at: datetime) -> bool:
    return Shift.objects.filter(staff=staff, ended_at=None, seen_at__gt=at - rules.SHIFT_SILENT).exists()


def open_reports_by_room() -> dict[int, int]:
    """How many open reports each room has, the most reported first."""
    rows = Report.objects.filter(state__in=OPEN, room__isnull=False).values_list("room").annotate(count=Count("pk"))
    return dict(rows.order_by("-count")[:REPORTS_OF_ROOM_MAX])


def statement_counts(since: datetime, until: datetime) -> "list[Mapping[str, Any]]":
    """Decisions by action, ground, and whether a machine made them, for the transparency report; counts alone."""
    rows = Decision.objects.filter(at__gte=since, at__lt=until).values("action", "ground", "is_automated")
    told = rows.annotate(count=Count("pk"), reversed=Count("pk", filter=Q(appeal__state="reversed"))).order_by()
    return [dict(row) for row in told]
