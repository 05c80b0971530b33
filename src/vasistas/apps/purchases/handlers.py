"""Calls a person when no code may decide. Best effort, after the commit; the staff's page shows it all the same."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.purchases.events import StaffNeeded
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.lib.errors import LimitReached

ALARMS_PER_HOUR = 6  # of each kind; the page lists them all

logger = logging.getLogger(__name__)


def call_staff(event: StaffNeeded) -> None:
    """Names nobody: a code, and where to look."""
    logger.error("purchases.needs_staff what=%s", event.what)
    page = f"{settings.PUBLIC_URL}{reverse('pages:staff_purchases')}?state=needs"
    text = _("A payment needs a person (%(what)s): %(page)s") % {"what": event.what, "page": page}
    try:
        now = timezone.now().timestamp()
        limits.hit("purchases.alarm", event.what, limit=ALARMS_PER_HOUR, per_s=3600, now=now)
    except LimitReached:
        return
    with processing("rights", reason="alarm"):
        EmailMessage(_("A payment at the site needs you"), text, to=[settings.OPERATOR.mail]).send()
