"""Reads on links to archives."""

import hashlib
from datetime import datetime

from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import EXPORT_STARTS_MAX, ExportLink
from vasistas.lib.errors import DomainError, NotFound


class ExportLinkSpent(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """The link is one's own, and was used up or is too old."""

    status = 410
    code = "privacy.export_link_spent"


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hex: all that is stored of it. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def get_export_link_for(*, subject_id: int, token: str, at: datetime) -> ExportLink:
    """Return a person's own link that still works.

    Raises: NotFound: there is none, or it is another person's, which looks the same. ExportLinkSpent.
    """
    link = ExportLink.objects.filter(token_hash=hash_token(token), subject_id=subject_id).first()
    if link is None:
        raise NotFound(_("There is no such export. Make a new one in My Account."))
    if link.expires_at <= at:
        raise ExportLinkSpent(_("This link has expired. Make a new one in My Account."))
    if link.finished_at is not None or link.starts >= EXPORT_STARTS_MAX:
        raise ExportLinkSpent(_("This link has been used. Make a new one in My Account."))
    return link


def open_export_link(subject_id: int, at: datetime) -> ExportLink | None:
    """The link a person has made and not used yet, or None."""
    links = ExportLink.objects.filter(subject_id=subject_id, finished_at=None, expires_at__gt=at)
    return links.order_by("-pk").first()
