"""Tell a recipient of a correction or an erasure: one signed POST, and whether it acknowledged.

Form and signature: Standard Webhooks 1.0.0, asymmetric (`v1a`, Ed25519, RFC 8032). An answer acknowledges when it is
2xx and repeats the id: a proxy that answers 200 to everything does not pass for a recipient.
"""

import base64
import hmac
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vasistas.guard import keyring

SIGNING_KEY = "recipients.signing"  # of the site, in the key store; each recipient has a key of its own made of it
TIMEOUT_S = 15.0  # to connect, and for each piece of an answer
ANSWER_S_MAX = 30.0  # for the whole of it
ANSWER_BYTES_MAX = 4096


class NotAcknowledged(Exception):  # noqa: N818 — refusals read as facts
    """The recipient did not say that it took notice. The text is one word for why: it names nobody."""


class _Echo(msgspec.Struct):
    acknowledged: str = ""


@dataclass(frozen=True)
class Told:
    """What is told. id: the same at each attempt. recipient: a key of the policy. what: "corrected" or "erased". about:
    the name under which this recipient alone knows the person. categories: keys of the policy, of what it got.
    """

    id: UUID
    recipient: str
    what: str
    about: str
    categories: Collection[str]


def public_key(recipient: str) -> str:
    """What this recipient checks our signatures with, as Standard Webhooks writes it."""
    return f"whpk_{base64.b64encode(_signer(recipient).public_key().public_bytes_raw()).decode()}"


def deliver(url: str, told: Told, *, at: datetime, transport: httpx.BaseTransport | None = None) -> None:
    """Send it once, and return when the recipient has acknowledged it. Ask the door before.

    Raises: NotAcknowledged: timeout, unreachable, a status, another answer; whether it arrived is not known.
    """
    body = msgspec.json.encode(
        {
            "type": f"data.{told.what}",
            "timestamp": at.isoformat(),
            "data": {"subject": told.about, "categories": sorted(told.categories)},
        }
    )
    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, transport=transport) as client:
            _post(client, url, body, headers_for(told, body, at))
    except httpx.TimeoutException:
        raise NotAcknowledged("timeout") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise NotAcknowledged("unreachable") from None


def headers_for(told: Told, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of one delivery: its id, its second, and the signature over both and the body."""
    seconds = str(int(at.timestamp()))
    signature = _signer(told.recipient).sign(b".".join((str(told.id).encode(), seconds.encode(), body)))
    return {
        "Accept-Encoding": "identity",  # nothing small that unfolds into much
        "Content-Type": "application/json",
        "webhook-id": str(told.id),
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }


def _post(client: httpx.Client, url: str, body: bytes, headers: dict[str, str]) -> None:
    until_s = time.monotonic() + ANSWER_S_MAX
    with client.stream("POST", url, content=body, headers=headers) as answer:
        if not answer.is_success:
            raise NotAcknowledged(f"status {answer.status_code}")
        said = b""
        for piece in answer.iter_raw(ANSWER_BYTES_MAX):
            said += piece
            if len(said) > ANSWER_BYTES_MAX or time.monotonic() > until_s:
                raise NotAcknowledged("answer too long")
    try:
        echo = msgspec.json.decode(said, type=_Echo)
    except msgspec.DecodeError:
        raise NotAcknowledged("another answer") from None
    if echo.acknowledged != headers["webhook-id"]:
        raise NotAcknowledged("another answer")


def _signer(recipient: str) -> Ed25519PrivateKey:
    """One key for each: what was signed for one recipient passes at no other."""
    seed = hmac.digest(keyring.site_key(SIGNING_KEY), recipient.encode(), "sha256")
    return Ed25519PrivateKey.from_private_bytes(seed)
