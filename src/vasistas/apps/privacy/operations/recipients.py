"""Who got something is told what became of it: noted with the correction or erasure itself, sent behind it, sent again
until it is acknowledged, and handed to a person here when it is not.
"""

import logging
from collections.abc import Collection
from datetime import datetime

import httpx
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import NOTICE_ATTEMPTS_MAX, RecipientNotice
from vasistas.apps.privacy.models.recipients import OPEN, wait_after
from vasistas.guard.egress import door, webhooks
from vasistas.guard.egress import queries as egress
from vasistas.guard.egress.webhooks import NotAcknowledged, Told
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound

NOTICES_PER_RUN = 100
NO_ADDRESS = "no address"  # the policy says neither where it is told nor why not
SENT = frozenset({"user.unique_id.pseudonymous"})  # all that a notice carries of a person

State, What = RecipientNotice.State, RecipientNotice.What

logger = logging.getLogger(__name__)


@processing("audit")
def tell_recipients(*, subject_id: int, what: str, at: datetime, categories: Collection[str] = ()) -> int:
    """Note for each recipient that really got data of this person that it has to be told, in the caller's transaction.

    Call it while the person's keys live and before rows of transfers go: who got what is found by their audit number.
    categories: what was corrected; of an erasure, all of it. Calling it again adds nothing. Recipients that the policy
    says need not be told (`not_told`) are left out. Returns how many are to be told anew.
    Source: GDPR Art. 19.
    """
    added = 0
    with transaction.atomic():
        for recipient, got in sorted(egress.given_to(subject_id).items()):
            known = door.recipients().get(recipient)
            told = (got if what == What.ERASED else got & set(categories)) - SENT
            if told and not (known is not None and known.not_told):
                added += _note(recipient, egress.known_as(subject_id, recipient), what, sorted(told), at)
    return added


def _note(recipient: str, about: str, what: str, categories: list[str], at: datetime) -> bool:
    mine = RecipientNotice.objects.filter(recipient=recipient, about=about)
    told = " ".join(categories)
    if what == What.ERASED:
        mine.filter(what=What.CORRECTED).exclude(state=State.ACKNOWLEDGED).delete()  # it is to erase all now
        is_noted = mine.filter(what=what).exists()
    else:
        is_noted = mine.filter(what=what, categories=told, state=State.PENDING, attempts=0).exists()
    if not is_noted:
        RecipientNotice.objects.create(
            recipient=recipient, about=about, what=what, categories=told, next_attempt_at=at, made_at=at
        )
    return not is_noted


def send_notices(*, at: datetime, transport: httpx.BaseTransport | None = None) -> int:
    """Send what is due, NOTICES_PER_RUN at most; a recipient that fails once waits for the next run, and so holds up no
    other. Not in a transaction. Returns how many were acknowledged.
    """
    down: set[str] = set()
    acknowledged = 0
    for _turn in range(NOTICES_PER_RUN):
        found = _next_due(at, down)
        if found is None:
            break
        if send_notice(found[0], at=at, transport=transport):
            acknowledged += 1
        else:
            down.add(found[1])
    return acknowledged


@processing("audit")
def _next_due(at: datetime, down: Collection[str]) -> tuple[int, str] | None:
    due = RecipientNotice.objects.filter(state__in=OPEN, next_attempt_at__lte=at).exclude(recipient__in=down)
    return due.order_by("next_attempt_at", "pk").values_list("pk", "recipient").first()


def send_notice(pk: int, *, at: datetime, transport: httpx.BaseTransport | None = None) -> bool:
    """Send one notice that is due; whether it was acknowledged.

    The attempt is counted before it is made: a process that dies in between leaves a notice that is sent again, under
    the same id, which the recipient knows then.
    """
    told = _claim(pk, at)
    if told is None:
        return False
    recipient = door.recipients().get(told.recipient)
    try:
        if recipient is None or not recipient.told_at:
            raise NotAcknowledged(NO_ADDRESS)  # noqa: TRY301 — one way for all that fails
        with processing("rights", reason="a notice under GDPR Art. 19"):
            door.hand_over(told.recipient, SENT, [None])  # whom it is about is not known here any more
        webhooks.deliver(recipient.told_at, told, at=at, transport=transport)
    except door.TransferRefused:
        _failed(pk, "refused by the door", at)
    except NotAcknowledged as fault:
        _failed(pk, str(fault), at)
    else:
        with processing("audit"):
            RecipientNotice.objects.filter(pk=pk).update(state=State.ACKNOWLEDGED, settled_at=at, fault="")
        return True
    return False


@processing("audit")
def _claim(pk: int, at: datetime) -> Told | None:
    with transaction.atomic():
        due = RecipientNotice.objects.select_for_update().filter(pk=pk, state__in=OPEN, next_attempt_at__lte=at)
        row = due.first()
        if row is None:
            return None  # another process has it
        row.attempts += 1
        row.next_attempt_at = at + wait_after(row.attempts)
        row.save(update_fields=["attempts", "next_attempt_at"])
    return Told(row.notice_id, row.recipient, row.what, row.about, row.categories.split())


def _failed(pk: int, fault: str, at: datetime) -> None:
    """Let it be sent again, or hand it to a person here; the first of a recipient alarms, the others lie beside it."""
    with processing("audit"), transaction.atomic():
        row = RecipientNotice.objects.only("attempts", "recipient").get(pk=pk)
        is_over = row.attempts >= NOTICE_ATTEMPTS_MAX or fault == NO_ADDRESS
        state = State.ESCALATED if is_over else State.FAILED
        every = RecipientNotice.objects.filter(recipient=row.recipient, state=State.ESCALATED)
        is_first = is_over and not every.exists()
        RecipientNotice.objects.filter(pk=pk, state__in=OPEN).update(state=state, fault=fault)
    logger.warning("recipients.not_acknowledged recipient=%s fault=%s state=%s", row.recipient, fault, state)
    if is_first:
        _alarm(row.recipient, at)


def _alarm(recipient: str, at: datetime) -> None:
    """Write to the operator; one that cannot be written is in the log and on the staff's page all the same."""
    logger.error("recipients.escalated recipient=%s", recipient)
    text = _(
        "The recipient “%(recipient)s” has not acknowledged that it was told of a correction or an erasure. Tell it by "
        "another way, and settle the notice: %(address)s/staff/recipients/\n\nSince %(at)s UTC."
    ) % {"recipient": recipient, "address": settings.PUBLIC_URL, "at": f"{at:%Y-%m-%d %H:%M}"}
    mail = EmailMessage(_("Something at the site needs you"), text, to=[settings.OPERATOR.mail])
    try:
        with processing("rights", reason="alarm"):
            mail.send()
    except Exception as error:  # noqa: BLE001 — the notice is kept, the page shows it
        logger.error("recipients.alarm_not_sent error=%s", type(error).__name__)  # noqa: TRY400 — a traceback could name an address


@processing("audit")
def send_again(*, notice_id: str, at: datetime) -> None:
    """Try an escalated notice anew, from the first attempt. Raises: NotFound."""
    _escalated(notice_id, state=State.PENDING, attempts=0, next_attempt_at=at, fault="")


@processing("audit")
def settle_by_hand(*, notice_id: str, at: datetime) -> None:
    """Close an escalated notice: staff told the recipient by another way, and it answered. Raises: NotFound."""
    _escalated(notice_id, state=State.ACKNOWLEDGED, by_hand=True, settled_at=at)


def _escalated(notice_id: str, **changes: object) -> None:
    found = RecipientNotice.objects.filter(notice_id=notice_id, state=State.ESCALATED)
    if not found.update(**changes):
        raise NotFound(_("There is no such notice, or it is settled."))
