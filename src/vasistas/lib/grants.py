"""Short signed grants: what Django decided, carried to the gateway and the media node, which know no Django.

A grant is a compact JWS (RFC 7515, HS256) with `aud`, `exp` and plain claims. Whoever holds it may do what it says
until it expires; so it is short, and never written to a log or an address.
"""

from collections.abc import Mapping
from typing import Any, Literal

import jwt

from vasistas.lib.errors import DomainError

type Audience = Literal["media", "realtime"]

GRANT_CHARS_MAX = 4_096
CLOCK_SKEW_S = 5  # between the site's clock and a media node's


class GrantRefused(DomainError):  # noqa: N818 — see lib.errors
    """The grant is malformed, forged, for someone else or expired."""

    status = 401
    code = "grant_refused"


def sign(claims: Mapping[str, Any], *, audience: Audience, ttl_s: int, key: bytes, now: float) -> str:
    """Sign claims for `audience`, valid from `now` (unix seconds) for `ttl_s` seconds."""
    return jwt.encode({**claims, "aud": audience, "exp": int(now) + ttl_s}, key, algorithm="HS256")


def verify(grant: str, *, audience: Audience, key: bytes) -> dict[str, Any]:
    """Return the claims of a valid grant.

    Raises: GrantRefused: with one constant message, whatever is wrong: the holder needs no more than "get a new one".
    """
    refused = GrantRefused("This grant is invalid or has expired. Load the page again to get a new one.")
    if len(grant) > GRANT_CHARS_MAX:
        raise refused
    try:
        return jwt.decode(
            grant,
            key,
            ["HS256"],
            audience=audience,
            leeway=CLOCK_SKEW_S,
            options={"require": ["exp", "aud"]},
        )
    except jwt.PyJWTError:
        raise refused from None
