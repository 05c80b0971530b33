"""Reads on clearances."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import FETCH_RAISE, Q, QuerySet
from django.utils.translation import gettext as _

from vasistas.apps.providers.models import Host
from vasistas.apps.verification import rules
from vasistas.apps.verification.models import Clearance
from vasistas.lib.errors import NotAllowed, NotFound

_SHOWN = ("agreed_at", "is_suspended", "member__subject", "member__display_name", "clearance__verified_until")


def is_cleared(host_id: int, at: datetime) -> bool:
    """Whether the host's check counts at this moment."""
    return Clearance.objects.filter(host=host_id, verified_until__gt=at).exists()


def require_cleared(host_id: int, at: datetime) -> None:
    """Ask before a broadcast begins. Without HOSTS_MUST_VERIFY everybody is let through.

    Raises: NotAllowed: never checked, withdrawn, or the check has ended.
    """
    if settings.HOSTS_MUST_VERIFY and not is_cleared(host_id, at):
        raise NotAllowed(
            _("Before you broadcast, staff has to check who you are. Write to the address below this page."),
            code="verification.needed",
        )


@dataclass(frozen=True)
class Standing:
    """What a host is told of their own check. until: of the last clearance, ended or not."""

    until: datetime | None
    is_cleared: bool
    ends_soon: bool


def standing_of(host_id: int, at: datetime) -> Standing | None:
    """None: this site asks for no check."""
    if not settings.HOSTS_MUST_VERIFY:
        return None
    until = Clearance.objects.filter(host=host_id).values_list("verified_until", flat=True).first()
    if until is None or until <= at:
        return Standing(until, is_cleared=False, ends_soon=False)
    return Standing(until, is_cleared=True, ends_soon=until - at <= rules.ENDS_SOON)


def hosts_for_staff(*, only_uncleared: bool, at: datetime) -> QuerySet[Host]:
    """Hosts and their clearances for the staff's list, newest hosts first."""
    rows = Host.objects.select_related("member", "clearance").only(*_SHOWN).order_by("-pk").fetch_mode(FETCH_RAISE)
    if only_uncleared:
        rows = rows.filter(Q(clearance=None) | Q(clearance__verified_until__lte=at))
    return rows


def get_host(host_id: int) -> Host:
    """A host with their member's subject, to decide on.

    Raises: NotFound.
    """
    host = Host.objects.select_related("member").only("member__subject").filter(pk=host_id).first()
    if host is None:
        raise NotFound(_("There is no such host."), code="verification.no_host")
    return host
