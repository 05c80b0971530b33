"""Whoever writes for the first time is told that it is here: once, and never a machine."""

from datetime import datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vasistas.apps.support import rules
from vasistas.apps.support.models import Ticket, TicketMessage
from vasistas.lib import limits
from vasistas.lib.errors import LimitReached

RECEIPTS_OF_ALL_MAX = 500  # to everyone in an hour: what is forged reaches no crowd
RECEIPTS_MAX = 2  # to one address in an hour: two machines that answer each other stop here (RFC 3834, 2)
HOUR_S = 3600


def acknowledge(ticket: Ticket, *, auth: tuple[tuple[str, str], ...], at: datetime) -> None:
    """Queue the receipt of a new conversation, unless the line From was shown to be forged, or there were enough."""
    is_forged = any(server == settings.MAIL_AUTHSERV_ID and "dmarc=fail" in found for server, found in auth)
    if is_forged or not _may(ticket, at):
        return
    text = _(
        "Your message has arrived, and a person will read it. Its number is %(number)s. We answer by %(due)s.\n\n"
        "To add something, answer this mail. Never send us a password."
    ) % {"number": ticket.number, "due": date_format(ticket.due_at or at, "DATETIME_FORMAT")}
    queue(ticket, text, author_id=None, at=at, is_automatic=True)


def _may(ticket: Ticket, at: datetime) -> bool:
    try:
        limits.hit("support.receipts", "", limit=RECEIPTS_OF_ALL_MAX, per_s=HOUR_S, now=at.timestamp())
        limits.hit("support.receipts", ticket.index, limit=RECEIPTS_MAX, per_s=HOUR_S, now=at.timestamp())
    except LimitReached:
        return False
    return True


def queue(
    ticket: Ticket, text: str, *, author_id: int | None, at: datetime, is_automatic: bool = False
) -> TicketMessage:
    """Add what we say; by mail, where the person gave an address. `answering.send_due` sends it.

    Raises: SubjectGone.
    """
    message_id = f"<{rules.digest(ticket.token, str(at.timestamp()), text)[:40]}@{_host()}>"
    handing = TicketMessage.Handing.QUEUED if ticket.index else TicketMessage.Handing.NONE
    return TicketMessage.objects.create(
        ticket=ticket,
        subject_id=ticket.subject_id,
        direction=TicketMessage.Direction.OUT,
        author_id=author_id,
        text=text,
        message_id=message_id,
        message_index=rules.index_of(message_id),
        is_automatic=is_automatic,
        at=at,
        handing=handing,
        not_before=at,
    )


def _host() -> str:
    return settings.MAIL_IN_DOMAIN or settings.OPERATOR.mail.rpartition("@")[2]
