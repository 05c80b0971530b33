"""Whose address must not be written to, kept as keyed hashes."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import PENDING, Channel, Contact, Send, Suppression
from vasistas.guard.purposes import processing

type Place = tuple[str, str]  # channel, index

Reason = Suppression.Reason
REFUSALS = frozenset({Reason.OBJECTED, Reason.STOPPED, Reason.COMPLAINED})  # said by a person, not by a mail server


@processing("subscriptions")
def suppress(*, channel: str, index: str, reason: str, at: datetime) -> bool:
    """Write down that an address must not be written to, and cancel what waits for it; False: it stood so already."""
    because = Send.Because.OBJECTED if reason in REFUSALS else Send.Because.SUPPRESSED
    with transaction.atomic():
        row = {"channel": channel, "index": index, "reason": reason}
        _row, is_new = Suppression.objects.get_or_create(**row, defaults={"at": at})
        cancel(Send.objects.filter(contact__channel=channel, contact__index=index), because=because)
    return is_new


@processing("subscriptions")
def release(*, places: Iterable[Place], reasons: Iterable[str]) -> int:
    """Take suppressions back, for reasons that no longer stand; return how many."""
    reasons = list(reasons)
    return sum(
        Suppression.objects.filter(channel=channel, index=index, reason__in=reasons).delete()[0]
        for channel, index in places
    )


@processing("subscriptions")
def places_of(subject_id: int) -> list[Place]:
    """Every address and number a person has proven: contacts, and the address of an account."""
    proven = Contact.objects.filter(subject_id=subject_id, confirmed_at__isnull=False)
    found = set(proven.values_list("channel", "index"))
    members = Member.objects.only("email", "email_sealed", "row_key", "subject")
    member = members.filter(subject_id=subject_id).first()
    if member is not None:
        found.add((str(Channel.MAIL), rules.index_of(Channel.MAIL, str(member.email))))
    return sorted(found)


@processing("subscriptions")
def cancel(sends: QuerySet[Send], *, because: str) -> int:
    """Cancel what of these sends is not being handed over yet; return how many."""
    waiting = sends.filter(state__in=PENDING)
    return waiting.update(state=Send.State.CANCELLED, because=because, lease=None, leased_until=None)
