"""Somebody wants no bulletins: whatever the way, one objection to all direct marketing (GDPR Art. 21(2) and (3))."""

from datetime import datetime

from django.db import transaction

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Channel, Contact, Send, Suppression
from vasistas.apps.bulletins.operations.contacts import end_of_visitor, ensure_of_member
from vasistas.apps.bulletins.operations.suppressing import cancel, places_of, release, suppress
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone

Act = Consent.Act


@processing("subscriptions")
def refuse(*, subject_id: int, source: str, at: datetime, language: str = "en") -> bool:
    """Object for one person; False: they objected before, or are being erased. What follows: see `note_choice`."""
    said = privacy.Said(at, language, Consent.Source(source))
    try:
        return privacy.object_to_marketing(subject_id=subject_id, said=said) is not None
    except SubjectGone:
        return False  # nothing is sent to them any more


@processing("subscriptions")
def refuse_token(*, token: str, source: str, at: datetime) -> bool:
    """Object for whoever a link was sent to; False: nobody has this token (any more), or they objected before."""
    contact = Contact.objects.only("pk", "subject", "language", "channel", "index").filter(token=token).first()
    if contact is None:
        return False
    with transaction.atomic():  # the token came by this very address, confirmed or not
        suppress(channel=contact.channel, index=contact.index, reason=Suppression.Reason.OBJECTED, at=at)
        return refuse(subject_id=contact.subject_id, source=source, at=at, language=contact.language)


@processing("subscriptions")
def refuse_address(*, channel: str, address: str, source: str, at: datetime, reason: str = "objected") -> bool:
    """Object for everyone who has an address, and write the address down even if nobody has it; False: it stood so.

    Raises: AddressRefused: it is none.
    """
    found = rules.normalised(channel, address)
    index = rules.index_of(channel, found)
    with transaction.atomic():
        is_new = suppress(channel=channel, index=index, reason=Suppression.Reason.OBJECTED, at=at)
        if reason != Suppression.Reason.OBJECTED:
            suppress(channel=channel, index=index, reason=reason, at=at)
        proven = Contact.objects.filter(channel=channel, index=index, confirmed_at__isnull=False)
        people = set(proven.values_list("subject_id", flat=True))
        member = accounts.subject_of_address(found) if channel == Channel.MAIL else None
        for subject_id in sorted(people | ({member} if member else set())):
            refuse(subject_id=subject_id, source=source, at=at)
    return is_new


@processing("subscriptions")
def note_choice(*, subject_id: int, key: str, channel: str, act: str, at: datetime) -> None:
    """What follows from somebody's choice, in its transaction: nothing that waits is sent against it."""
    sends = Send.objects.filter(subject_id=subject_id)
    if act == Act.OBJECTED:
        for place, index in places_of(subject_id):
            suppress(channel=place, index=index, reason=Suppression.Reason.OBJECTED, at=at)
        cancel(sends, because=Send.Because.OBJECTED)
        end_of_visitor(subject_id=subject_id, at=at)
    elif act == Act.GIVEN and key in rules.TOPICS and channel == Channel.MAIL:
        ensure_of_member(subject_id=subject_id, at=at)
    elif act == Act.LIFTED and key == OBJECTION:
        release(places=places_of(subject_id), reasons=[Suppression.Reason.OBJECTED, Suppression.Reason.STOPPED])
    elif act == Act.WITHDRAWN and key == rules.MASTER:
        cancel(sends, because=Send.Because.WITHDRAWN)
    elif act == Act.WITHDRAWN and key in rules.TOPICS:
        of_topic = sends.filter(campaign__topic=rules.TOPICS[key], campaign__channel=channel)
        cancel(of_topic, because=Send.Because.WITHDRAWN)
