"""Contacts of people who are reached by bulletins."""

from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Contact
from vasistas.guard.purposes import processing


@processing("subscriptions")
def make_contact(member: Member, *, channel: str = "mail", address: str = "") -> Contact:
    """Return a member's confirmed contact, made if there is none; by mail it is the address they sign in with."""
    found = rules.normalised(channel, address or member.email)
    known = Contact.objects.filter(subject_id=member.subject_id, channel=channel).first()
    return known or Contact.objects.create(
        subject_id=member.subject_id,
        channel=channel,
        index=rules.index_of(channel, found),
        address=found,
        language="en",
        confirmed_at=timezone.now(),
    )
