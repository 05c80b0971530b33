"""What staff does with conversations beside answering them."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from vasistas.apps.support import rules
from vasistas.apps.support.models import Ticket, TicketMessage, Window
from vasistas.lib.errors import DomainError

State = Ticket.State
CLOSED_AT_ONCE = 500  # conversations of one run of the worker


class NotMergeable(DomainError):  # noqa: N818 — refusals read as facts
    code = "support.not_mergeable"


class Merged(DomainError):  # noqa: N818 — see above
    """It went into another conversation, where it goes on."""

    status = 409
    code = "support.merged"

    def __init__(self) -> None:
        super().__init__(_("This went into another conversation. Go on there."))


class WindowRefused(DomainError):  # noqa: N818 — see above
    code = "support.window_refused"


def assign(*, ticket: Ticket, to: int | None) -> None:
    """Take a conversation in hand, or leave it to others. to: the staff's subject."""
    with transaction.atomic():
        ticket = _locked(ticket)
        ticket.assigned_to_id = to
        if ticket.state in {State.NEW, State.OPEN}:
            ticket.state = State.OPEN if to else State.NEW
        ticket.save(update_fields=["assigned_to", "state"])


def set_urgent(*, ticket: Ticket, is_urgent: bool) -> None:
    """An urgent conversation is due in hours; one that waits for the person stays so."""
    with transaction.atomic():
        ticket = _locked(ticket)
        ticket.is_urgent = is_urgent
        if ticket.due_at is not None:
            ticket.due_at = rules.due(ticket.last_at, is_urgent=is_urgent)  # from when they wrote
        ticket.save(update_fields=["is_urgent", "due_at"])


def close(*, ticket: Ticket, at: datetime) -> None:
    """Done. What the person writes afterwards opens it again."""
    with transaction.atomic():
        ticket = _locked(ticket)
        ticket.state, ticket.due_at, ticket.closed_at = State.CLOSED, None, ticket.closed_at or at
        ticket.save(update_fields=["state", "due_at", "closed_at"])


def reopen(*, ticket: Ticket, at: datetime) -> None:
    with transaction.atomic():
        ticket = _locked(ticket)
        if ticket.state == State.CLOSED:
            ticket.state, ticket.closed_at = State.OPEN, None
            ticket.due_at = rules.due(at, is_urgent=ticket.is_urgent)
            ticket.save(update_fields=["state", "due_at", "closed_at"])


def merge(*, ticket: Ticket, number: str, at: datetime) -> Ticket:
    """Put a conversation into another one of the same person; answers to either then join there. Returns that one.

    Raises: NotMergeable: no such number, itself, or somebody else's: two people never read one conversation.
    """
    with transaction.atomic():
        wanted = Q(number=number.strip().upper()) | Q(pk=ticket.pk)
        both = list(Ticket.objects.select_for_update().filter(wanted).order_by("pk"))  # in one order: no deadlock
        into = next((one for one in both if one.pk != ticket.pk), None)
        ticket = next(one for one in both if one.pk == ticket.pk)
        if ticket.merged_into_id is not None:
            raise Merged
        if into is None or into.merged_into_id is not None:
            raise NotMergeable(_("There is no other conversation with this number. Check it in the queue."))
        if into.subject_id != ticket.subject_id:
            raise NotMergeable(_("That conversation is another person's. Two people never read one conversation."))
        TicketMessage.objects.filter(ticket=ticket).update(ticket=into)
        Ticket.objects.filter(merged_into=ticket).update(merged_into=into)
        ticket.merged_into, ticket.state, ticket.due_at, ticket.closed_at = into, State.CLOSED, None, at
        ticket.save(update_fields=["merged_into", "state", "due_at", "closed_at"])
        if into.state in {State.CLOSED, State.WAITING}:
            into.state, into.closed_at = State.OPEN, None
        into.due_at = into.due_at or rules.due(at, is_urgent=into.is_urgent)
        into.last_at = max(into.last_at, ticket.last_at)
        into.save(update_fields=["state", "due_at", "closed_at", "last_at"])
    return into


def close_forgotten(at: datetime) -> int:
    """Close what waited for the person for CLOSED_UNANSWERED_AFTER, so that its period of keeping begins."""
    old = Ticket.objects.filter(state=State.WAITING, last_at__lt=at - rules.CLOSED_UNANSWERED_AFTER)
    found = list(old.values_list("pk", flat=True)[:CLOSED_AT_ONCE])
    return Ticket.objects.filter(pk__in=found).update(state=State.CLOSED, closed_at=at)


def open_window(*, ticket: Ticket, by: int, window: Window, at: datetime) -> Window:
    """Let one member of the staff look at what the person of a ticket said in one room, for WINDOW_KEPT_OPEN.

    window: unsaved, with purpose, reason, room_id, from_at and to_at. Raises: WindowRefused: no reason, or a longer
    span than WINDOW_SPAN_MAX. SubjectGone.
    """
    if not str(window.reason).strip():
        raise WindowRefused(_("Say why. The person reads it beside each look."))
    if not window.from_at < window.to_at <= window.from_at + rules.WINDOW_SPAN_MAX:
        raise WindowRefused(_("Choose at most 24 hours of chat, the beginning before the end."))
    window.ticket, window.subject_id, window.staff_id = ticket, ticket.subject_id, by
    window.opened_at, window.expires_at = at, at + rules.WINDOW_KEPT_OPEN
    window.save()
    return window


def _locked(ticket: Ticket) -> Ticket:
    """Raises: Merged."""
    found = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if found.merged_into_id is not None:
        raise Merged
    return found
