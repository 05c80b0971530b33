"""Webhooks of the sandbox: HMAC-SHA256 over "timestamp.body", in one header. And what the one shared key becomes."""

import hmac

TOLERANCE_S = 300  # a message older, or from a clock further ahead, is refused
HEADER = "sandbox-signature"


def bearer(key: bytes) -> str:
    """Return what the site shows to the provider's API."""
    return hmac.digest(key, b"api", "sha256").hex()


def sign(body: bytes, *, key: bytes, now: float) -> str:
    """Return the header's value, like "t=1763850000,v1=9f…"."""
    seconds = str(int(now))
    return f"t={seconds},v1={_digest(seconds, body, key)}"


def is_signed(value: str, body: bytes, *, key: bytes, now: float) -> bool:
    """Whether the header's value was made for this body with this key, within TOLERANCE_S."""
    parts = dict(part.partition("=")[::2] for part in value.split(","))
    seconds, said = parts.get("t", ""), parts.get("v1", "")
    if not (seconds.isascii() and seconds.isdecimal()) or abs(now - int(seconds)) > TOLERANCE_S:
        return False
    return hmac.compare_digest(_digest(seconds, body, key).encode(), said.encode())


def _digest(seconds: str, body: bytes, key: bytes) -> str:
    webhook_key = hmac.digest(key, b"webhook", "sha256")
    return hmac.digest(webhook_key, seconds.encode() + b"." + body, "sha256").hex()
