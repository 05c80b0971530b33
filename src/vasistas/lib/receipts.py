"""Receipts that anyone can verify, offline: what is signed, and what is wrong with one. Knows no site."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KIND = "vasistas receipt of a show"
ALGORITHM = "Ed25519"
KEY_ID_CHARS = 16
KEY_BYTES = 32
MINUTE_S = 60
BYTES_MAX = 1_000_000  # of a receipt


def message_of(said: Mapping[str, Any]) -> bytes:
    """What is signed: all but the signature, as JSON with sorted keys and no spaces, in UTF-8."""
    rest = {name: value for name, value in said.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key_of(text: str) -> bytes:
    """A public key as sites publish it: 32 bytes in hex or base64.

    Raises: ValueError: it is neither.
    """
    written = text.strip()
    try:
        found = bytes.fromhex(written)
    except ValueError:
        try:
            found = base64.b64decode(written, validate=True)
        except binascii.Error:
            found = b""
    if len(found) != KEY_BYTES:
        raise ValueError("A public key is 32 bytes in hex or base64.")
    return found


def _bytes_of(written: str) -> bytes:
    """Raises: ValueError: it is no base64, or not the one way to write these bytes."""
    found = base64.b64decode(written, validate=True)
    if base64.b64encode(found).decode() != written:
        raise ValueError("Written in an unusual way.")
    return found


def id_of(public: bytes) -> str:
    """The short name under which a site publishes a key."""
    return hashlib.sha256(public).hexdigest()[:KEY_ID_CHARS]


def faults_of(text: str, *, public: bytes | None = None) -> list[str]:
    """What is wrong with a receipt; [] when it is whole.

    Args: public: the site's published key; None: the one the receipt names, which proves only that it is whole.
    """
    try:
        said = json.loads(text)
        signed = said["signature"]
        named, signature = _bytes_of(signed["public_key"]), _bytes_of(signed["value"])
        is_one = said["kind"] == KIND and signed["algorithm"] == ALGORITHM
    except (ValueError, KeyError, TypeError):
        return ["It is no receipt."]
    faults = [] if is_one else ["It is no receipt of a show."]
    if public is not None and public != named:
        faults.append("It names another key than the one given.")
    if id_of(named) != signed.get("key"):
        faults.append("The name of its key is not the key's.")
    if not _is_signed(public or named, signature, message_of(said)):
        faults.append("The signature does not fit: something was changed, or another key signed.")
    return faults or _wrong_sums(said)


def _wrong_sums(said: Mapping[str, Any]) -> list[str]:
    """Whether anyone was charged more than the price of what was delivered."""
    try:
        wrong = [one["ref"] for one in said["paid"] if one["charged_minor"] > _most(one)]
    except (KeyError, TypeError):
        return ["What was paid cannot be read."]
    return [f"{ref} was charged more than was delivered." for ref in wrong]


def _most(paid: Mapping[str, Any]) -> int:
    if paid["role"] == "ticket":
        return int(paid["price_minor"]) if paid["delivered_s"] else 0
    return int(paid["price_minor"]) * int(paid["delivered_s"]) // MINUTE_S


def _is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
