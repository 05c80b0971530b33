"""What comes in becomes a conversation. A mail is acknowledged when its raw bytes are stored, and read behind that."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import REQUEST_CHARS_MAX, RightsRequest, Subject
from vasistas.apps.support import rules
from vasistas.apps.support.models import (
    FILE_BYTES_MAX,
    MAIL_BYTES_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    TOKEN_CHARS,
    Attachment,
    Probe,
    RawMail,
    Ticket,
    TicketMessage,
)
from vasistas.apps.support.operations import receipts
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone
from vasistas.inbound import File, Kind, Mail, Refused, parse
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, LimitReached

WAY = "ticket"
BATCH = 50  # raw mails that one run of the worker reads
TRIES_MAX = 5  # of reading one mail; then staff looks at it
TRY_AGAIN_AFTER = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MAILS_MAX = 50  # of one sender in a day
MAILS_OF_ALL_MAX = 20_000  # of everyone in a day
DAY_S = 24 * 3600

_WAY = re.compile(rf"(?i:{WAY})\+([A-Za-z0-9_-]{{{TOKEN_CHARS}}})\Z")

logger = logging.getLogger(__name__)

Direction = TicketMessage.Direction
State = Ticket.State


@dataclass(frozen=True)
class Said:
    """What a person says, by whatever way. files: taken already by their bytes. message_id, sender: of a mail."""

    text: str
    title: str = ""
    quoted: str = ""
    files: tuple[File, ...] = ()
    message_id: str = ""
    sender: str = ""
    auth: str = ""
    is_automatic: bool = False


# -- The door ----------------------------------------------------------------------------------------------------------


def address_for(ticket: Ticket) -> str:
    """Where an answer to our mail goes: to its conversation, where mails come in; else to the operator."""
    return f"{WAY}+{ticket.token}@{settings.MAIL_IN_DOMAIN}" if settings.MAIL_IN_DOMAIN else settings.OPERATOR.mail


def is_ours(address: str) -> bool:
    """Whether mails to an address become conversations: the operator's own, and those that lead to one."""
    return address.casefold() == settings.OPERATOR.mail.casefold() or bool(_token_of(address))


def accept(mail: Mail, *, at: datetime) -> None:
    """Keep a mail, sealed, before its server is told that we have it. `take_in` reads it.

    Raises: Refused: it is empty, nobody could be answered, or there were too many of this sender today. What the
    database raises: then the sender's server comes again.
    """
    if len(mail.raw) > MAIL_BYTES_MAX:
        raise Refused(552, "5.3.4 Your mail is too large. Send it again with smaller files.")
    if mail.kind is Kind.LETTER and not mail.sender:
        raise Refused(550, "5.6.0 Your mail names no address to answer to. Give one in the line From.")
    if mail.is_whole and not (mail.subject or mail.whole or mail.kept or mail.kind is not Kind.LETTER):
        raise Refused(554, "5.6.0 Your mail is empty. Write what happened.")
    _limit(mail.sender, at)
    with processing("intake"):
        RawMail.objects.create(
            raw=mail.raw, to=mail.to[:254], has_sender=mail.has_sender, received_at=at, not_before=at
        )


def _limit(sender: str, at: datetime) -> None:
    now = at.timestamp()
    try:
        limits.hit("support.mails", sender, limit=MAILS_MAX, per_s=DAY_S, now=now)
        limits.hit("support.mails", "", limit=MAILS_OF_ALL_MAX, per_s=DAY_S, now=now)
    except LimitReached:
        raise Refused(451, "4.7.1 Too many mails today. Send it again tomorrow.") from None


def _token_of(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    found = _WAY.match(local)
    is_there = found is not None and bool(settings.MAIL_IN_DOMAIN) and domain.lower() == settings.MAIL_IN_DOMAIN
    return found[1] if found is not None and is_there else ""


# -- Reading -----------------------------------------------------------------------------------------------------------


def take_in(at: datetime) -> int:
    """Read what waits, oldest first, BATCH at most; return how many became messages or were let go.

    One transaction each: the message is there and the raw mail is gone, or neither. One that cannot be read waits
    longer each time, and stays for the staff after TRIES_MAX.
    """
    with processing("intake"):
        waiting = RawMail.objects.filter(failed_at=None, not_before__lte=at).order_by("pk")
        return sum(_take_one(pk, at) for pk in list(waiting.values_list("pk", flat=True)[:BATCH]))


def _take_one(pk: int, at: datetime) -> bool:
    try:
        with transaction.atomic():
            raw = RawMail.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if raw is None:
                return False  # another worker reads it
            read(parse(raw.raw, to=raw.to, envelope=None if raw.has_sender else ""), at=raw.received_at)
            raw.delete()
    except Exception as error:  # noqa: BLE001 — whatever it trips over, the mail is somebody's and stays
        logger.error("support.not_read kind=%s", type(error).__name__)  # noqa: TRY400 — a traceback may quote a mail
        _put_off(pk, at)
        return False
    return True


def _put_off(pk: int, at: datetime) -> None:
    with transaction.atomic():
        raw = RawMail.objects.select_for_update().only("attempts").get(pk=pk)
        raw.attempts += 1
        if raw.attempts >= TRIES_MAX:
            raw.failed_at = at
        else:
            raw.not_before = at + TRY_AGAIN_AFTER[raw.attempts - 1]
        raw.save(update_fields=["attempts", "failed_at", "not_before"])


def read(mail: Mail, *, at: datetime) -> TicketMessage | None:
    """Put a mail into its conversation, or begin one; None: it is no message to anybody, or stands there already.

    Nobody answers a machine (RFC 3834, 2); what one writes is read all the same, for an authority's mail may look so.
    """
    is_our_own = mail.sender == settings.OPERATOR.mail.lower()
    if is_our_own or not (mail.sender or mail.kind is Kind.BOUNCE):
        _note_probe(mail, at)
        return None
    index = rules.index_of_message(mail.message_id, sender=mail.sender)
    if mail.message_id and TicketMessage.objects.filter(message_index=index).exists():
        return None  # a server sends again what it missed our answer to
    ticket = _thread_of(mail)
    is_machine = mail.kind is not Kind.LETTER
    if ticket is None and mail.kind is Kind.BOUNCE:
        return None
    with transaction.atomic():
        if ticket is None:
            member = accounts.subject_of_address(mail.sender) if is_proven(mail) else None
            ticket = _begin(mail.sender, title=mail.subject, via=Ticket.Via.MAIL, at=at, subject_id=member)
            made = add(ticket, _said(mail), at=at)
            if not is_machine:
                receipts.acknowledge(ticket, auth=mail.auth, at=at)
        else:
            made = add(ticket, _said(mail), at=at)
        if mail.asks and not is_machine:
            _ask(ticket, mail, at)
    return made


def report(*, subject_id: int | None, address: str, said: Said, at: datetime) -> Ticket:
    """Begin a conversation from the form. subject_id: of who is signed in; address: where to answer others, or "".

    Raises: SubjectGone.
    """
    with transaction.atomic():
        ticket = _begin(address, title=said.title, via=Ticket.Via.FORM, at=at, subject_id=subject_id)
        add(ticket, said, at=at)
        if address:
            receipts.acknowledge(ticket, auth=(), at=at)
    return ticket


def add(ticket: Ticket, said: Said, *, at: datetime) -> TicketMessage:
    """Add what the person says; unless a machine said it, the conversation waits for us again.

    Raises: SubjectGone.
    """
    made = TicketMessage.objects.create(
        ticket=ticket,
        subject_id=ticket.subject_id,
        direction=Direction.IN,
        text=said.text[:TEXT_CHARS_MAX],
        quoted=said.quoted[:TEXT_CHARS_MAX],
        message_id=said.message_id,
        message_index=rules.index_of_message(said.message_id, sender=said.sender) if said.message_id else "",
        auth=said.auth,
        is_automatic=said.is_automatic,
        at=at,
    )
    for file in said.files:
        kept = {"name": file.name, "content_type": file.content_type, "size": len(file.data), "data": file.data}
        Attachment.objects.create(message=made, subject_id=ticket.subject_id, **kept)
    if not said.is_automatic:
        _wait_for_us(ticket, at)
    return made


def _wait_for_us(ticket: Ticket, at: datetime) -> None:
    ticket.last_at = at
    if ticket.state in {State.WAITING, State.CLOSED}:
        ticket.state = State.OPEN if ticket.assigned_to_id else State.NEW
        ticket.closed_at = None
    ticket.due_at = ticket.due_at or rules.due(at, is_urgent=ticket.is_urgent)
    ticket.save(update_fields=["last_at", "state", "closed_at", "due_at"])


def _begin(address: str, *, title: str, via: str, at: datetime, subject_id: int | None = None) -> Ticket:
    """A new conversation of a member who is known to write, else of the correspondent with this address, or a new one:
    an address that anybody could write is nobody's proof.
    """
    index, is_known = rules.index_of(address) if address else "", subject_id is not None
    if subject_id is None and address:
        subject_id = _who_wrote(index)
    one_line = " ".join(title.split())[:TITLE_CHARS_MAX]  # it becomes a header of our answer
    values: dict[str, Any] = {"via": via, "title": one_line, "address": address, "index": index}
    values |= {"opened_at": at, "last_at": at, "due_at": rules.due(at, is_urgent=False)}
    if subject_id is not None:
        try:
            with transaction.atomic():
                return Ticket.objects.create(subject_id=subject_id, **values)
        except SubjectGone:
            if is_known and via == Ticket.Via.FORM:
                raise
    stranger = privacy.create_subject(kind=Subject.Kind.CORRESPONDENT, at=at)
    return Ticket.objects.create(subject=stranger, **values)


def _who_wrote(index: str) -> int | None:
    earlier = Ticket.objects.filter(index=index, subject__kind=Subject.Kind.CORRESPONDENT)
    return earlier.order_by("-pk").values_list("subject_id", flat=True).first()


def _thread_of(mail: Mail) -> Ticket | None:
    """The conversation a mail belongs to: its address says so, or it answers a message there and comes from the same
    sender. A number in the subject decides nothing: anybody can write one.
    """
    token = _token_of(mail.to)
    found = Ticket.objects.filter(token=token).first() if token else None
    if found is None and mail.references:
        of_both = ("", mail.sender)
        indexes = [rules.index_of_message(one, sender=by) for one in mail.references for by in of_both]
        theirs = Ticket.objects.filter(index=rules.index_of(mail.sender), messages__message_index__in=indexes)
        found = theirs.order_by("-pk").first()
    if found is not None and found.merged_into_id is not None:
        found = Ticket.objects.filter(pk=found.merged_into_id).first() or found
    return found


def _said(mail: Mail) -> Said:
    left_out, files = mail.files - len(mail.kept), mail.kept
    text = mail.text or mail.whole
    if not mail.is_whole:
        text = _("[This mail could not be read whole. It is kept as a file.]")
        files = (File("mail.eml", "message/rfc822", mail.raw),) if len(mail.raw) <= FILE_BYTES_MAX else ()
    if left_out:
        text += "\n\n" + _("[%(count)d files were not kept: of another type, or too large.]") % {"count": left_out}
    return Said(
        text=text.strip(),
        quoted=mail.whole if mail.whole != mail.text else "",
        files=files,
        message_id=mail.message_id,
        sender=mail.sender,
        auth=trusted(mail.auth),
        is_automatic=mail.kind is not Kind.LETTER,
    )


def is_proven(mail: Mail) -> bool:
    """Whether our own mail server found that the line From is true (DMARC, RFC 7489)."""
    return "dmarc=pass" in trusted(mail.auth)


def trusted(auth: tuple[tuple[str, str], ...]) -> str:
    """The results of our own mail server alone; others may be the sender's (RFC 8601, 7.1)."""
    return next((results for server, results in auth if server == settings.MAIL_AUTHSERV_ID and server), "")


def _ask(ticket: Ticket, mail: Mail, at: datetime) -> None:
    """Enter what a mail asks under the sender's rights, unproven: its month runs from today (GDPR Art. 12(3))."""
    asked = privacy.Asked(
        mail.asks,
        RightsRequest.Via.MAIL,
        text=f"{mail.subject}\n\n{mail.text}"[:REQUEST_CHARS_MAX].strip(),
        address=mail.sender,
        received_at=at,
        is_verified=False,
    )
    try:
        with transaction.atomic(), processing("requests", reason="a mail asks for a right"):
            made = privacy.open_request(subject_id=ticket.subject_id, asked=asked, at=at)
        words = _("This asks for a right (%(kind)s). It stands as request %(number)d.")
        said = words % {"kind": made.get_kind_display(), "number": made.pk}
    except DomainError:
        said = _("This asks for a right, and could not be entered as a request. Enter it by hand.")
    note = {"direction": Direction.NOTE, "text": said, "at": at, "is_automatic": True}
    TicketMessage.objects.create(ticket=ticket, subject_id=ticket.subject_id, **note)


def _note_probe(mail: Mail, at: datetime) -> None:
    if (found := rules.PROBE.search(mail.subject)) is not None:
        Probe.objects.filter(token=found[1], arrived_at=None).update(arrived_at=at)
