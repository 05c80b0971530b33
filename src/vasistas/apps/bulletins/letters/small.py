"""The mails and texts by which a contact is proven or found again: about nothing but that."""

from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas.apps.bulletins.letters.letter import links, message_id, sender
from vasistas.apps.bulletins.models import Contact


class ConfirmationSms(NamedTuple):
    """To whom, and what."""

    number: str
    text: str


def confirmation(contact: Contact) -> EmailMessage:
    """Ask whoever reads this address whether bulletins may go there. The purpose in force must allow the address."""
    page = settings.PUBLIC_URL + reverse("pages:confirm_subscription", args=[contact.token])
    return _mail(_("Please confirm"), "bulletins/confirm.txt", contact, page=page)


def manage(contact: Contact) -> EmailMessage:
    """Send the way to one's own choices to whoever lost it."""
    return _mail(_("Your choices"), "bulletins/manage.txt", contact)


def confirmation_sms(contact: Contact, code: str) -> ConfirmationSms:
    words = _("%(code)s is your code, good for 10 minutes. Did you not ask for it? Then do nothing. %(operator)s")
    return ConfirmationSms(str(contact.address), words % {"code": code, "operator": settings.OPERATOR.name})


def _mail(subject: str, template: str, contact: Contact, **more: str) -> EmailMessage:
    context = {"links": links(contact.token), "operator": settings.OPERATOR, "public_url": settings.PUBLIC_URL, **more}
    context |= {"site_name": settings.SITE_NAME}
    return EmailMessage(
        subject,
        render_to_string(template, context).strip() + "\n",
        to=[str(contact.address)],
        headers={
            "From": sender(),
            "Message-ID": message_id(f"{template}|{contact.asked_at}", contact.pk),
            "Auto-Submitted": "auto-generated",
        },
    )
