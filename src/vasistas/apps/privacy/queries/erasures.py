"""Reads on erasures."""

from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import Erasure
from vasistas.apps.privacy.queries.exports import hash_token
from vasistas.lib.errors import NotFound


def get_erasure_for(*, token: str) -> Erasure:
    """The erasure whose link this is; whoever has it may read it, for it names nobody. Raises: NotFound."""
    found = Erasure.objects.filter(token_hash=hash_token(token)).first() if token else None
    if found is None:
        raise NotFound(_("There is no such certificate."))
    return found
