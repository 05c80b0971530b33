"""Writes on clearances."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.providers.models import Host
from vasistas.apps.verification import rules
from vasistas.apps.verification.models import Clearance
from vasistas.guard import subjects
from vasistas.lib.errors import NotAllowed


def clear(*, host: Host, by_subject_id: int, days: int, at: datetime) -> Clearance:
    """Let a host broadcast for so many days from now on; an earlier clearance is replaced.

    Args: host: of queries.get_host. Raises: NotAllowed: it is their own; ValueError: days; SubjectGone.
    """
    _refuse_own(host, by_subject_id)
    until = at + rules.span(days)
    with transaction.atomic():
        subjects.hold(host.member.subject_id)
        return Clearance.objects.update_or_create(host=host, defaults={"verified_until": until})[0]


def withdraw(*, host: Host, by_subject_id: int) -> None:
    """End a clearance now: no new broadcast begins. One that runs goes on; suspending the host ends it.

    Raises: NotAllowed: it is their own.
    """
    _refuse_own(host, by_subject_id)
    Clearance.objects.filter(host=host.pk).delete()


def _refuse_own(host: Host, by_subject_id: int) -> None:
    if host.member.subject_id == by_subject_id:
        raise NotAllowed(_("This is your own check. Ask a colleague."), code="verification.own")
