"""Reads about members."""

import hashlib
import hmac
from typing import Protocol

from allauth.mfa.models import Authenticator
from django.conf import settings

from vasistas.apps.accounts.models import Member
from vasistas.lib import lookalikes

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


def is_name_taken(display_name: str, *, except_for: Known | None = None) -> bool:
    """Whether another member shows this name or one that reads the same."""
    others = Member.objects.filter(name_key=lookalikes.key(display_name))
    return (others.exclude(pk=except_for.pk) if except_for else others).exists()


def has_second_factor(member: Known) -> bool:
    """Whether signing in as this member needs more than a password: an authenticator app or a passkey."""
    factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=member.pk, type__in=factors).exists())
