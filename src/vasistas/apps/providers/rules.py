"""What members may do as providers. No queries of its own."""

from datetime import timedelta

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
