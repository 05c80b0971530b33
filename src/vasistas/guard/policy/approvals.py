"""Two people stand for each version from the second on: what they approved, as a file beside it, signed by the site.

The signature is made with the key that signs the read log (guard/reads/keys.py). The file names nobody: each approval
has a random reference, which leads to a member of staff in the site's database alone, for as long as that one is there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FILE = "approvals.json"
APPROVALS_MIN = 2
FIRST_APPROVED = 2  # the first version of an installation stands before there is any staff
FILE_BYTES_MAX = 65_536

_PURPOSE = b"vasistas policy approvals v1\n"  # no other signature of this key can stand for one of these


@dataclass(frozen=True)
class Approval:
    """One person's yes. reference: stands for the person. role: staff or operator."""

    reference: str
    role: str
    at: datetime


def signed(
    *,
    number: int,
    effective: date,
    files: str,
    released_at: datetime,
    given: Iterable[Approval],
    key: Ed25519PrivateKey,
) -> bytes:
    """Return the file for a release. files: hash of exactly what was approved (versions.Candidate.files_hash)."""
    said: dict[str, Any] = {
        "version": number,
        "effective": effective.isoformat(),
        "files": files,
        "released_at": released_at.isoformat(timespec="seconds"),
        "approvals": [
            {"reference": one.reference, "role": one.role, "at": one.at.isoformat(timespec="seconds")} for one in given
        ],
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    said["signature"] = key.sign(_message(said)).hex()
    return (json.dumps(said, indent=1) + "\n").encode()


@dataclass(frozen=True)
class Read:
    """What an approvals file says, once it is known to hold."""

    public_key: bytes
    released_at: datetime
    given: Sequence[Approval]


class Unapproved(Exception):  # noqa: N818 — refusals read as facts
    """The file does not show that two people approved; the text says why."""


def read(data: bytes | None, *, number: int, files: str) -> Read:
    """Read an approvals file and hold it against the hash of the files beside it.

    Raises: Unapproved.
    """
    if data is None:
        raise Unapproved("nobody approved it")
    try:
        said = json.loads(data[:FILE_BYTES_MAX])
        found = Read(
            bytes.fromhex(said["public_key"]),
            datetime.fromisoformat(said["released_at"]),
            [
                Approval(str(one["reference"]), str(one["role"]), datetime.fromisoformat(one["at"]))
                for one in said["approvals"]
            ],
        )
        signature = bytes.fromhex(said["signature"])
        is_of_this = (said["version"], said["files"]) == (number, files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unapproved("its approvals cannot be read") from None
    if not is_of_this:
        raise Unapproved("other files were approved")
    if len({one.reference for one in found.given}) < APPROVALS_MIN:
        raise Unapproved(f"fewer than {APPROVALS_MIN} people approved it")
    try:
        Ed25519PublicKey.from_public_bytes(found.public_key).verify(signature, _message(said))
    except (InvalidSignature, ValueError):
        raise Unapproved("the signature under its approvals does not hold") from None
    return found


def _message(said: Mapping[str, Any]) -> bytes:
    told = {name: value for name, value in said.items() if name != "signature"}
    return _PURPOSE + json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
