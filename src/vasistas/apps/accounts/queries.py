"""Reads about members."""

import hashlib
import hmac
from typing import Protocol

from django.conf import settings

ALIAS_CHARS = 16  # 64 bits: no two members of one audience meet by chance


class Known(Protocol):
    """Whoever has an account; apps above pass their member without importing the model."""

    pk: int


def alias_for(member: Known, audience: str) -> str:
    """Return the name under which `audience` (`"room:7"`) may know a member: always the same there, another elsewhere.

    A host cannot turn it back into an account, nor compare it with what another host sees. It changes with SECRET_KEY.
    """
    key = hmac.digest(settings.SECRET_KEY.encode(), b"vasistas.accounts.alias", hashlib.sha256)
    return hmac.new(key, f"{audience}|{member.pk}".encode(), hashlib.sha256).hexdigest()[:ALIAS_CHARS]
