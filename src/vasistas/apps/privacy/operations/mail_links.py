"""Someone who cannot sign in asks by mail."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import RightsLink
from vasistas.apps.privacy.models.mail_links import RIGHTS_LINK_HOURS
from vasistas.guard import subjects
from vasistas.guard.purposes import processing

RIGHTS_TOKEN_BYTES = 32


@processing("rights")
def make_rights_link(*, subject_id: int | None, at: datetime) -> str:
    """Return the token of a link to mail, good for one act and RIGHTS_LINK_HOURS; one made before ends."""
    token = secrets.token_urlsafe(RIGHTS_TOKEN_BYTES)
    with transaction.atomic():
        try:
            if subject_id is not None:
                subjects.hold(subject_id)
        except subjects.SubjectGone:
            subject_id = None  # being erased: there is nothing to ask for any more
        if subject_id is not None:
            RightsLink.objects.filter(subject_id=subject_id).delete()
        RightsLink.objects.create(
            subject_id=subject_id,
            token_hash=queries.hash_token(token),
            made_at=at,
            expires_at=at + timedelta(hours=RIGHTS_LINK_HOURS),
        )
    return token


@processing("rights")
def use_rights_link(*, token: str, at: datetime) -> int | None:
    """Use a link up for one act, and return whose it is. Of two at once, one is refused.

    Raises: NotFound. RightsLinkSpent.
    """
    link = queries.get_rights_link_for(token=token, at=at)
    if not RightsLink.objects.filter(pk=link.pk, used_at=None).update(used_at=at):
        raise queries.RightsLinkSpent
    return link.subject_id
