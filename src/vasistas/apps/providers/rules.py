"""What members may do as providers. No queries of its own."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers.models import Host, Studio

INVITATION_TTL = timedelta(days=7)
INVITATIONS_OPEN_MAX = 20  # per studio
STUDIOS_OWNED_MAX = 5  # per member


def can_broadcast(host: Host | None) -> bool:
    return host is not None and not host.is_barred


def can_run(member: Member, studio: Studio) -> bool:
    """Invite hosts, see their list, let them go."""
    return studio.owner_id == member.pk


@dataclass(frozen=True)
class Split:
    """Who gets what of a payment, minor units; together the whole."""

    platform: int
    studio: int
    host: int


def split_of(host: Host, amount: int) -> Split:
    """Divide a payment to a host. Parts of a minor unit fall to the host, so that nothing is lost."""
    platform = amount * settings.PLATFORM_SHARE_PERCENT // 100
    studio = (amount - platform) * (100 - host.studio.host_share_percent) // 100 if host.studio else 0
    return Split(platform, studio, amount - platform - studio)
