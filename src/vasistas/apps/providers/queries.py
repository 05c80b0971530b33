"""Reads about hosts and studios."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import FETCH_RAISE
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers.models import Host, Studio, StudioInvitation
from vasistas.lib.errors import DomainError, NotFound

HOSTS_SHOWN_MAX = 200
_PAYEE = (
    *("is_suspended", "member__subject", "member__display_name", "member__is_active"),
    *("studio__host_share_percent", "studio__owner__subject"),
)


class InvitationSpent(DomainError):  # noqa: N818 — refusals read as facts
    """Unknown, used and expired invitations are one: a link tells nothing to a guesser."""

    status = 410
    code = "providers.invitation_spent"


@dataclass(frozen=True)
class StudioHost:
    """What the owner of a studio learns of a host in it."""

    host_id: int
    name: str


def host_of(member: Member) -> Host | None:
    host = Host.objects.select_related("studio").filter(member=member).first()
    if host is not None:
        host.member = member
    return host


def payee_of(host_id: int) -> Host:
    """A host with all that `operations.earning_legs` needs, and whether they may broadcast; nothing else of anybody."""
    return Host.objects.select_related("member", "studio__owner").only(*_PAYEE).get(pk=host_id)


def studios_of(member: Member) -> list[Studio]:
    """Studios that the member owns, by name."""
    return list(Studio.objects.filter(owner=member).order_by("name").fetch_mode(FETCH_RAISE))


def get_studio_for(*, owner: Member, slug: str) -> Studio:
    """Return a studio to its owner.

    Raises: NotFound: there is none, or it is another's.
    """
    studio = Studio.objects.filter(slug=slug, owner=owner).first()
    if studio is None:
        raise NotFound(_("There is no such studio."), code="providers.no_studio")
    return studio


def hosts_of(studio: Studio) -> list[StudioHost]:
    """Hosts of a studio by name, at most HOSTS_SHOWN_MAX."""
    rows = studio.hosts.order_by("member__display_name").values_list("pk", "member__display_name")
    return [StudioHost(pk, name) for pk, name in rows[:HOSTS_SHOWN_MAX]]


def open_invitations(studio: Studio, at: datetime) -> int:
    return studio.invitations.filter(used_at=None, expires_at__gt=at).count()


def get_invitation(*, token: str, at: datetime) -> StudioInvitation:
    """Return the open invitation behind a link.

    Raises: InvitationSpent: unknown, used or expired.
    """
    found = (
        StudioInvitation.objects.select_related("studio")
        .filter(token_hash=hash_token(token), used_at=None, expires_at__gt=at)
        .first()
    )
    if found is None:
        raise InvitationSpent(_("This invitation has been used or has expired. Ask the studio for a new one."))
    return found


def hash_token(token: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, which nobody can try out."""
    return hashlib.sha256(token.encode()).hexdigest()
