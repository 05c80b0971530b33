"""What became of what was handed over, as mail servers, providers and mail programs tell it.

All of it is told more than once, late, out of order, and of mails nobody knows: each send moves one way only, what is
told twice counts once, and what is not known changes nothing. `token`: of a contact, in return paths; its newest send
that may still change is meant. `reference`: the provider's number of one send.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact, Send, Suppression
from vasistas.apps.bulletins.operations.refusing import refuse
from vasistas.apps.bulletins.operations.suppressing import suppress
from vasistas.apps.privacy.models import Consent
from vasistas.guard.purposes import processing

State = Send.State
OUT = (State.HANDING, State.HANDED, State.UNCLEAR)  # it left, and that is all that is known
MAY_BECOME: Mapping[str, Sequence[str]] = {
    State.DELIVERED: OUT,
    State.FAILED: OUT,
    State.BOUNCED: (*OUT, State.DELIVERED),  # servers take a mail, and find later that nobody is there
    State.COMPLAINED: (*OUT, State.DELIVERED),
}
COUNTED = frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED, State.FAILED, State.UNCLEAR})


@processing("subscriptions")
def note_delivered(*, token: str = "", reference: str = "", at: datetime) -> bool:  # noqa: ARG001 — as the others
    """It arrived, so temporary failures before it count no more; False: that was known, or nobody knows it."""
    with transaction.atomic():
        contact, send = _meant(token, reference)
        if contact is None or send is None or not _move(send, State.DELIVERED):
            return False
        Contact.objects.filter(pk=contact.pk).update(soft_bounces=0, soft_bounced_at=None)
    return True


@processing("subscriptions")
def note_failed(*, token: str = "", reference: str = "", at: datetime) -> bool:  # noqa: ARG001 — as the others
    """It was not sent, for reasons that are not the recipient's; False: that was known, or nobody knows it."""
    with transaction.atomic():
        _contact, send = _meant(token, reference)
        return send is not None and _move(send, State.FAILED)


@processing("subscriptions")
def note_bounce(*, token: str = "", reference: str = "", hard: bool, at: datetime) -> bool:
    """It did not arrive. Nobody is written to at an address where nobody is: after one hard bounce (5.x.x of RFC
    3463), or SOFT_BOUNCES_MAX others within SOFT_BOUNCES_WITHIN. False: that was known, or nobody knows it.
    """
    with transaction.atomic():
        contact, send = _meant(token, reference)
        if contact is None:
            return False
        is_new = send is not None and _move(send, State.BOUNCED)
        if send is not None and _was_to_another_address(contact, send):
            return is_new
        if hard or (is_new and _soft_bounces(contact, at) >= rules.SOFT_BOUNCES_MAX):
            reason = Suppression.Reason.BOUNCED
            return suppress(channel=contact.channel, index=contact.index, reason=reason, at=at) or is_new
        return is_new


@processing("subscriptions")
def note_complaint(*, token: str = "", reference: str = "", at: datetime) -> bool:
    """Somebody called it unwanted: that is an objection. False: that was known, or nobody knows it."""
    with transaction.atomic():
        contact, send = _meant(token, reference)
        if contact is None:
            return False
        is_new = send is not None and _move(send, State.COMPLAINED)
        if send is None or not _was_to_another_address(contact, send):
            reason = Suppression.Reason.COMPLAINED
            is_new = suppress(channel=contact.channel, index=contact.index, reason=reason, at=at) or is_new
        return _refuse(contact, at) or is_new


@processing("subscriptions")
def note_refusal(*, token: str = "", reference: str = "", at: datetime) -> bool:
    """Somebody unsubscribed at the provider; False: that was known, or nobody knows it."""
    contact, _send = _meant(token, reference)
    return contact is not None and _refuse(contact, at)


def _refuse(contact: Contact, at: datetime) -> bool:
    return refuse(subject_id=contact.subject_id, source=Consent.Source.MAIL, at=at, language=contact.language)


def _meant(token: str, reference: str) -> tuple[Contact | None, Send | None]:
    contacts = Contact.objects.only("pk", "subject", "channel", "index", "language", "confirmed_at")
    sends = Send.objects.only("pk", "campaign", "contact", "handed_at")
    if reference:
        send = sends.filter(provider_ref=reference).order_by("-handed_at", "-pk").first()
        return (contacts.get(pk=send.contact_id), send) if send else (None, None)
    contact = contacts.filter(token=token).first() if token else None
    if contact is None:
        return None, None
    open_ones = sends.filter(contact_id=contact.pk, state__in=(*OUT, State.DELIVERED))
    return contact, open_ones.order_by("-handed_at", "-pk").first()


def _move(send: Send, state: str) -> bool:
    """Move a send to its end, and its campaign's counts with it; False: it was there, or past it."""
    for before in MAY_BECOME[state]:
        if Send.objects.filter(pk=send.pk, state=before).update(state=state, lease=None, leased_until=None):
            counts: dict[str, Any] = {str(state): F(str(state)) + 1}
            if before in COUNTED:
                counts[str(before)] = Greatest(F(str(before)) - 1, 0)
            Campaign.objects.filter(pk=send.campaign_id).update(**counts)
            return True
    return False


def _was_to_another_address(contact: Contact, send: Send) -> bool:
    """What bounces late may have been sent to the address that the contact had before."""
    return bool(contact.confirmed_at and send.handed_at and contact.confirmed_at > send.handed_at)


def _soft_bounces(contact: Contact, at: datetime) -> int:
    """Count one more temporary failure; return how many stand in a row."""
    locked = Contact.objects.select_for_update().only("pk", "soft_bounces", "soft_bounced_at").get(pk=contact.pk)
    is_in_row = locked.soft_bounced_at is not None and at - locked.soft_bounced_at <= rules.SOFT_BOUNCES_WITHIN
    count = locked.soft_bounces + 1 if is_in_row else 1
    first_at = locked.soft_bounced_at if is_in_row else at
    Contact.objects.filter(pk=contact.pk).update(soft_bounces=count, soft_bounced_at=first_at)
    return count
