"""Someone takes their data along."""

import secrets
from datetime import datetime, timedelta

from django.db import models, transaction

from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import EXPORT_LINK_DAYS, EXPORT_STARTS_MAX, ExportLink
from vasistas.guard import subjects

EXPORT_TOKEN_BYTES = 32


def make_export_link(*, subject_id: int, at: datetime) -> str:
    """Make the token of a link to one's archive, good once and for EXPORT_LINK_DAYS. Only its hash is stored, so it is
    shown once. Links made before end.

    Raises: SubjectGone.
    """
    token = secrets.token_urlsafe(EXPORT_TOKEN_BYTES)
    with transaction.atomic():
        subjects.hold(subject_id)
        ExportLink.objects.filter(subject_id=subject_id).delete()
        ExportLink.objects.create(
            subject_id=subject_id,
            token_hash=queries.hash_token(token),
            made_at=at,
            expires_at=at + timedelta(days=EXPORT_LINK_DAYS),
        )
    return token


def start_export(*, subject_id: int, token: str, at: datetime) -> ExportLink:
    """Begin to hand over an archive; one that broke off may be begun anew, EXPORT_STARTS_MAX times in all.

    Raises: NotFound, ExportLinkSpent.
    """
    link = queries.get_export_link_for(subject_id=subject_id, token=token, at=at)
    open_links = ExportLink.objects.filter(pk=link.pk, finished_at=None, starts__lt=EXPORT_STARTS_MAX)
    open_links.update(starts=models.F("starts") + 1)
    return link


def finish_export(*, link_id: int, at: datetime) -> None:
    """Use a link up: its archive was written to the end."""
    ExportLink.objects.filter(pk=link_id, finished_at=None).update(finished_at=at)
