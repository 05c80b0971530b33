"""Reads about contacts."""

from django.utils.translation import gettext as _

from vasistas.apps.bulletins.models import Channel, Contact
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound


@processing("subscriptions")
def get_contact(token: str) -> Contact:
    """Raises: NotFound: nobody has this token, or no longer; which of the two is not said."""
    found = Contact.objects.select_related("subject").filter(token=token).first()
    if found is None:
        raise NotFound(_("This link leads nowhere any more. Ask for a new one on the page of bulletins."))
    return found


@processing("subscriptions")
def contacts_of(subject_id: int) -> dict[str, Contact]:
    """Channel -> the contact of a person."""
    return {one.channel: one for one in Contact.objects.filter(subject_id=subject_id, channel__in=Channel.values)}
