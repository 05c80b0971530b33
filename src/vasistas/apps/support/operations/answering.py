"""We answer, in the same conversation; and the worker sends what waits."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts import outbox
from vasistas.apps.support import rules
from vasistas.apps.support.models import Ticket, TicketMessage
from vasistas.apps.support.operations import intake, receipts
from vasistas.apps.support.operations.desk import Merged
from vasistas.apps.support.operations.intake import Said
from vasistas.guard.purposes import processing

SEND_AT_ONCE = 50  # mails of one run of the worker
TRIES_MAX = 8  # of handing one mail over
LEASE = timedelta(minutes=5)  # longer than a mail server takes; then it is tried again under the same Message-ID
PAUSE = timedelta(minutes=2)  # after a failure, twice as long each time

logger = logging.getLogger(__name__)

Handing = TicketMessage.Handing


def answer(*, ticket: Ticket, by: int, text: str, at: datetime) -> TicketMessage:
    """Answer a person; the conversation then waits for them. by: the staff's subject.

    Raises: SubjectGone. Locks: the ticket's row.
    """
    with transaction.atomic():
        ticket = _locked(ticket)
        made = receipts.queue(ticket, text, author_id=by, at=at)
        ticket.state, ticket.due_at, ticket.last_at = Ticket.State.WAITING, None, at
        ticket.closed_at = None
        ticket.answered_at = ticket.answered_at or at
        ticket.assigned_to_id = ticket.assigned_to_id or by
        ticket.save(update_fields=["state", "due_at", "last_at", "closed_at", "answered_at", "assigned_to"])
    return made


def note(*, ticket: Ticket, by: int, text: str, at: datetime) -> TicketMessage:
    """Write something down for the staff. The person sees it in what is held about them, as all that is."""
    said = {"direction": TicketMessage.Direction.NOTE, "author_id": by, "text": text, "at": at}
    return TicketMessage.objects.create(ticket=ticket, subject_id=ticket.subject_id, **said)


def say_from_form(*, ticket: Ticket, text: str, at: datetime) -> TicketMessage:
    """The person goes on, signed in."""
    with transaction.atomic():
        return intake.add(_locked(ticket), Said(text=text), at=at)


def _locked(ticket: Ticket) -> Ticket:
    """Raises: Merged."""
    found = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if found.merged_into_id is not None:
        raise Merged
    return found


# -- Sending -----------------------------------------------------------------------------------------------------------


def send_due(at: datetime) -> int:
    """Send answers that wait, oldest first, SEND_AT_ONCE at most; return how many left.

    Each is leased in a transaction of its own before the mail server is spoken to. One that does not answer makes all
    wait.
    """
    sent = 0
    with processing("intake"):
        waiting = TicketMessage.objects.filter(handing__in=[Handing.QUEUED, Handing.LEASED], not_before__lte=at)
        for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:SEND_AT_ONCE]):
            message = _leased(pk, at)
            if message is None:
                continue
            try:
                outbox.send_and_wait(mail_of(message))
            except outbox.MailRefused as refused:
                _put_off(message, at, for_good=not refused.is_for_now)
            except outbox.AnswerLost:  # it may have been taken: a second try may be a second mail
                _put_off(message, at, for_good=True)
            except ValueError:  # no mail can carry this address or title; the text of the error may name somebody
                _put_off(message, at, for_good=True)
            except OSError as error:
                logger.warning("support.mails_wait error=%s", type(error).__name__)
                _put_off(message, at, for_good=False)
                break
            else:
                TicketMessage.objects.filter(pk=pk).update(handing=Handing.SENT)
                sent += 1
    return sent


def _leased(pk: int, at: datetime) -> TicketMessage | None:
    with transaction.atomic():
        message = TicketMessage.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        if message is None or message.handing not in {Handing.QUEUED, Handing.LEASED}:
            return None
        message.handing, message.not_before, message.attempts = Handing.LEASED, at + LEASE, message.attempts + 1
        message.save(update_fields=["handing", "not_before", "attempts"])
    return message


def _put_off(message: TicketMessage, at: datetime, *, for_good: bool) -> None:
    is_over = for_good or message.attempts >= TRIES_MAX
    message.handing = Handing.FAILED if is_over else Handing.QUEUED
    message.not_before = at + PAUSE * 2 ** (message.attempts - 1)
    message.save(update_fields=["handing", "not_before"])
    if is_over:  # staff sees it: the conversation waits for us again
        Ticket.objects.filter(pk=message.ticket_id, due_at=None).update(
            state=Ticket.State.OPEN, due_at=at, closed_at=None
        )


def mail_of(message: TicketMessage) -> EmailMessage:
    """The mail of an answer: in the thread of what it answers (RFC 5322, 3.6.4), answerable by itself."""
    ticket = Ticket.objects.get(pk=message.ticket_id)
    before = TicketMessage.objects.filter(ticket=ticket, pk__lt=message.pk).exclude(message_index="")
    ids = [str(one.message_id) for one in before.order_by("-pk")[: rules.REFERENCES_MAX]][::-1]
    theirs = before.filter(direction=TicketMessage.Direction.IN).order_by("-pk").first()
    headers = {"Message-ID": str(message.message_id), "Reply-To": intake.address_for(ticket)}
    if ids:
        headers |= {"In-Reply-To": str(theirs.message_id) if theirs else ids[-1], "References": " ".join(ids)}
    if message.is_automatic:
        headers["Auto-Submitted"] = "auto-replied"  # RFC 3834, 5
    title = str(ticket.title) or f"[{ticket.number}]"
    ours = _("Your message has arrived [%(number)s]") % {"number": ticket.number}  # no words of somebody's to strangers
    answering = title if title.lower().startswith("re:") else f"Re: {title}"
    return EmailMessage(
        subject=ours if message.is_automatic else answering,
        body=str(message.text),
        from_email=f"{settings.SENDER_NAME} <{settings.OPERATOR.mail}>",
        to=[str(ticket.address)],
        headers=headers,
    )
