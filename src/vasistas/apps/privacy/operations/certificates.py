"""The certificate of an erasure: what went, when, and by which line of the journal. It names nobody."""

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from vasistas.apps.privacy.models import Erasure
from vasistas.guard import erasure, journal
from vasistas.guard.reads import keys
from vasistas.guard.reads import operations as chain

KIND = "vasistas certificate of erasure"


def sign(row: Erasure, path: Path, handle: UUID, finished_at: datetime) -> str:
    """Return the certificate as JSON; `signature` is Ed25519 over the canonical form of all else (`message_of`).

    Raises: AuditKeyRefused.
    """
    said: dict[str, Any] = {
        "kind": KIND,
        "version": 1,
        "site": settings.SITE_NAME,
        "number": str(row.number),
        "asked_at": row.asked_at.isoformat(timespec="seconds"),
        "unreadable_at": row.unreadable_at.isoformat(timespec="seconds") if row.unreadable_at else None,
        "finished_at": finished_at.isoformat(timespec="seconds"),
        "keys_destroyed": row.keys,
        "rows_by_category": erasure.categories_of(row.rows),
        "rows_by_table": dict(sorted(row.rows.items())),
        "kept_by_law": row.kept,
        "journal": _line_of(path, handle),
    }
    key_id, public, signature = chain.sign(message_of(said), at=finished_at)
    signed = {"algorithm": "Ed25519", "key": key_id, "public_key": _text(public), "value": _text(signature)}
    return json.dumps({**said, "signature": signed}, indent=1, ensure_ascii=False)


def message_of(said: dict[str, Any]) -> bytes:
    """What is signed: all but the signature, as JSON with sorted keys and no spaces, in UTF-8."""
    rest = {name: value for name, value in said.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def is_genuine(certificate: str) -> bool:
    """Whether a certificate is whole, by the key it names itself; whether that key is this site's is told by its id."""
    try:
        said = json.loads(certificate)
        signed = said["signature"]
        public, signature = base64.b64decode(signed["public_key"]), base64.b64decode(signed["value"])
    except (ValueError, KeyError, TypeError):
        return False
    return keys.id_of(public) == signed["key"] and keys.is_signed(public, signature, message_of(said))


def _line_of(path: Path, handle: UUID) -> dict[str, Any]:
    """The last line of the journal about this erasure: its number, and its SHA-256; the line itself is not shown."""
    named = [(number, line) for number, line in enumerate(journal.lines_of(path), 1) if str(handle) in line]
    number, line = named[-1] if named else (0, "")
    return {"line": number, "sha256": hashlib.sha256(line.encode()).hexdigest()}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
