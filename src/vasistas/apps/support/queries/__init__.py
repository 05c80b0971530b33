"""Which conversations there are, and what stands in one."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from vasistas.apps.support import rules
from vasistas.apps.support.models import (
    NUMBER_CHARS,
    Attachment,
    CannedAnswer,
    Probe,
    RawMail,
    Ticket,
    TicketMessage,
    Window,
)
from vasistas.guard import sealed
from vasistas.lib.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS = ("open", "mine", "unassigned", "urgent", "overdue", "waiting", "closed")
MESSAGES_MAX = 200  # of one conversation on a page, the newest
FOUND_MAX = 50  # conversations of one search
OPEN = (Ticket.State.NEW, Ticket.State.OPEN)


class TicketNotFound(NotFound):
    code = "support.ticket_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such conversation."))


@dataclass(frozen=True)
class Counts:
    """Of conversations that wait for us; failed: raw mails that could not be read."""

    open: int
    unassigned: int
    urgent: int
    overdue: int
    failed: int


def queue(view: str, *, staff: int, at: datetime) -> QuerySet[Ticket]:
    """The conversations of one view, the one that is due first on top; staff: the subject of who looks."""
    chosen: Mapping[str, Q] = {
        "open": Q(state__in=OPEN),
        "mine": Q(state__in=[*OPEN, Ticket.State.WAITING], assigned_to=staff),
        "unassigned": Q(state__in=OPEN, assigned_to=None),
        "urgent": Q(state__in=OPEN, is_urgent=True),
        "overdue": Q(state__in=OPEN, due_at__lt=at),
        "waiting": Q(state=Ticket.State.WAITING),
        "closed": Q(state=Ticket.State.CLOSED),
    }
    rows = Ticket.objects.filter(chosen.get(view, chosen["open"]), kind=Ticket.Kind.PROBLEM)
    return rows.order_by("-last_at") if view in {"closed", "waiting"} else rows.order_by("due_at", "pk")


def counts(at: datetime) -> Counts:
    """Reads no column of anybody."""
    told = Ticket.objects.filter(state__in=OPEN).aggregate(
        open=Count("pk"),
        unassigned=Count("pk", filter=Q(assigned_to=None)),
        overdue=Count("pk", filter=Q(due_at__lt=at)),
    )
    urgent = queue("urgent", staff=0, at=at).count()
    return Counts(**told, urgent=urgent, failed=RawMail.objects.filter(failed_at__isnull=False).count())


def overdue_count(at: datetime) -> int:
    return Ticket.objects.filter(state__in=OPEN, due_at__lt=at).count()


def get_ticket(number: str) -> Ticket:
    """Raises: TicketNotFound."""
    found = Ticket.objects.filter(number=number.upper()).first()
    if found is None:
        raise TicketNotFound
    return found


def get_own_ticket(subject_id: int, number: str) -> Ticket:
    """Raises: TicketNotFound: none, or somebody else's."""
    found = Ticket.objects.filter(subject=subject_id, number=number.upper()).first()
    if found is None:
        raise TicketNotFound
    return found


def tickets_of(subject_id: int) -> QuerySet[Ticket]:
    """A person's conversations, newest first, without those that went into another."""
    return Ticket.objects.filter(subject=subject_id, merged_into=None).order_by("-last_at", "-pk")


def find(text: str) -> list[Ticket]:
    """Conversations by number, or by the whole mail address of who wrote; nothing else is searched."""
    plain = text.strip().strip("[]")
    wanted = Q(index=rules.index_of(plain)) if "@" in plain else Q(number=plain.upper()[:NUMBER_CHARS])
    return list(Ticket.objects.filter(wanted).order_by("-pk")[:FOUND_MAX]) if plain else []


def thread(ticket: Ticket, *, with_notes: bool) -> list[TicketMessage]:
    """What was said, oldest first, files beside it without their bytes; notes are for the staff."""
    rows = TicketMessage.objects.filter(ticket=ticket).order_by("-pk")
    if not with_notes:
        rows = rows.exclude(direction=TicketMessage.Direction.NOTE)
    files = Prefetch("attachments", Attachment.objects.defer("data").order_by("pk"))
    return sealed.openable(rows.prefetch_related(files)[:MESSAGES_MAX], "text", "quoted", "auth")[::-1]


def get_attachment(ticket: Ticket, attachment_id: int) -> Attachment:
    """Raises: TicketNotFound: it hangs on no message of this conversation."""
    found = Attachment.objects.filter(pk=attachment_id, message__ticket=ticket).first()
    if found is None:
        raise TicketNotFound
    return found


def window_of(ticket: Ticket, *, staff: int, at: datetime) -> Window | None:
    """The look at the person's chat that this member of the staff has open."""
    return Window.objects.filter(ticket=ticket, staff=staff, expires_at__gt=at).order_by("-pk").first()


def canned() -> QuerySet[CannedAnswer]:
    return CannedAnswer.objects.order_by("name")


def latest_probes(count: int) -> list[Probe]:
    return list(Probe.objects.order_by("-sent_at")[:count])


def unread(at: datetime) -> int:
    """Raw mails that wait longer than they should."""
    return RawMail.objects.filter(received_at__lt=at - rules.PROBE_WITHIN).count()
