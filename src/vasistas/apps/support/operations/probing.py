"""The site writes to itself, again and again, to know that what others write would arrive."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage

from vasistas.apps.accounts import outbox
from vasistas.apps.support.models import Probe
from vasistas.guard.purposes import processing

KEPT = timedelta(days=30)


def probe(at: datetime) -> Probe:
    """Send a mail to the operator's own address, as anybody would; `intake` knows it again when it comes in.

    Raises: outbox.MailRefused, OSError: it could not even be sent; the probe stands, and has not arrived.
    """
    Probe.objects.filter(sent_at__lt=at - KEPT).delete()
    made = Probe.objects.create(sent_at=at)
    mail = EmailMessage(
        subject=f"probe {made.token}",
        body="The site writes to itself, to know that mails arrive.",
        from_email=settings.OPERATOR.mail,
        to=[settings.OPERATOR.mail],
        headers={"Auto-Submitted": "auto-generated"},
    )
    with processing("intake"):
        outbox.send_and_wait(mail)
    return made
