"""Reads on links by mail."""

from datetime import datetime

from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import RightsLink
from vasistas.apps.privacy.queries.exports import hash_token
from vasistas.lib.errors import DomainError, NotFound


class RightsLinkSpent(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """The link was used, or is too old."""

    status = 410
    code = "privacy.rights_link_spent"

    def __init__(self) -> None:
        super().__init__(_("This link has been used or has expired. Ask for a new one."))


def get_rights_link_for(*, token: str, at: datetime) -> RightsLink:
    """Raises: NotFound. RightsLinkSpent."""
    link = RightsLink.objects.filter(token_hash=hash_token(token)).first()
    if link is None:
        raise NotFound(_("There is no such link. Ask for a new one."))
    if link.used_at is not None or link.expires_at <= at:
        raise RightsLinkSpent
    return link
