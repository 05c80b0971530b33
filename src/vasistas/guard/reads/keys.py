"""The key that signs checkpoints: a file outside the database, and in the database its public half with its history.

One key hands over to the next: the new one vouches for the old (so that old checkpoints stay trusted) and the old one,
where it still exists, for the new (so that holders of an old checkpoint can follow). Source: RFC 8032 (Ed25519).
"""

import hashlib
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from vasistas.guard.reads import table
from vasistas.guard.reads.models import KEY_ID_CHARS, Batch, SigningKey
from vasistas.guard.reads.table import KeyRow

KEY_FILE = "audit.ed25519"


class AuditKeyRefused(Exception):  # noqa: N818 — refusals read as facts
    """The signing key cannot be used. The message says why and what to do; nothing was signed."""


@dataclass(frozen=True)
class Trusted:
    """A public key and the batches it may sign: from `from_seq` up to, not including, `until_seq`."""

    key_id: str
    public: bytes
    from_seq: int
    until_seq: int | None


def key_file() -> Path:
    return Path(settings.DATA) / "keys" / KEY_FILE


def id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:KEY_ID_CHARS]


def read() -> Ed25519PrivateKey | None:
    """Return the key of the file, or None where there is no file.

    Raises: AuditKeyRefused: others may read it, or it is no Ed25519 key.
    """
    path = key_file()
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditKeyRefused(f"{path} cannot be read ({error.strerror}). Give it to this account.") from error
    if mode & 0o077:
        raise AuditKeyRefused(f"{path} is open to other accounts. Run chmod 600 on it; if others had it, rekey.")
    try:
        key = load_pem_private_key(content, password=None)
    except ValueError as error:
        raise AuditKeyRefused(f"{path} is no key. Restore it from the backup of the keys, or rekey.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditKeyRefused(f"{path} is no Ed25519 key. Restore it from the backup of the keys, or rekey.")
    return key


def signing_key(*, at: datetime) -> tuple[str, Ed25519PrivateKey]:
    """Return the key that signs now, with its id. On a site without any it is made: the first one.

    Raises: AuditKeyRefused: the file is gone, is another key than the last one that took over, or is not private.
    Locks: expects the sealer's lock.
    """
    key, latest = read(), _latest()
    if latest is None:
        key = key or _make()
        _record(key, at=at, previous=None, before=None)
        return id_of(_public(key)), key
    if key is None:
        raise AuditKeyRefused(
            f"{key_file()} is gone, and key {latest.key_id} signed this chain. Restore the file from the backup of the "
            "keys; if it is lost, run `vasistas audit rekey --yes`. What is signed stays verifiable either way."
        )
    if id_of(_public(key)) != latest.key_id:
        raise AuditKeyRefused(
            f"{key_file()} holds key {id_of(_public(key))}, and key {latest.key_id} signed this chain last. Restore "
            "that one from the backup of the keys, or run `vasistas audit rekey --yes`."
        )
    return latest.key_id, key


def hand_over(*, at: datetime) -> SigningKey:
    """Make a new key and let it take over, countersigned by the old one where the file still holds it. The old file
    is kept beside the new one, with its id in its name.

    Raises: AuditKeyRefused: nothing has been signed yet, so there is nothing to take over.
    Locks: expects the sealer's lock.
    """
    previous = _latest()
    if previous is None:
        raise AuditKeyRefused("No key has signed yet; the first one is made by itself. There is nothing to take over.")
    try:
        old = read()
    except AuditKeyRefused:
        old = None
    if key_file().exists():
        key_file().rename(key_file().with_suffix(f".{previous.key_id}.old"))
    before = old if old is not None and id_of(_public(old)) == previous.key_id else None
    return _record(_make(), at=at, previous=previous, before=before)


def _latest() -> SigningKey | None:
    """The stored key that no other has taken over from."""
    return SigningKey.objects.exclude(key_id__in=SigningKey.objects.values("previous")).order_by("-from_seq").first()


def _record(
    key: Ed25519PrivateKey, *, at: datetime, previous: SigningKey | None, before: Ed25519PrivateKey | None
) -> SigningKey:
    head = Batch.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    row = KeyRow(
        key_id=id_of(_public(key)),
        at=table.text_of(at),
        from_seq=head + 1,
        previous=previous.key_id if previous else "",
        public=_public(key),
        signature=b"",
        countersignature=b"",
    )
    message = handed_over(row, bytes(previous.public) if previous else b"")
    row = replace(row, signature=key.sign(message), countersignature=before.sign(message) if before else b"")
    stored = SigningKey(**{**asdict(row), "at": table.moment_of(row.at)})
    stored.save(force_insert=True)
    return stored


def handed_over(row: KeyRow, previous_public: bytes) -> bytes:
    """Return what both keys sign when one takes over from the other: six lines of text."""
    return (f"vasistas audit key\n1\n{row.public.hex()}\n{previous_public.hex()}\n{row.from_seq}\n{row.at}\n").encode()


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _make() -> Ed25519PrivateKey:
    """Make the key file; never overwrite one."""
    path = key_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".audit-")  # 0600, O_EXCL
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)  # whole or not at all, and only where there is none
    except FileExistsError:
        made = read()
        if made is None:
            raise
        return made
    finally:
        Path(name).unlink()
    return key


def trusted(rows: list[KeyRow], anchor: Ed25519PublicKey | None) -> tuple[dict[str, Trusted], list[str]]:
    """Follow the hand-overs back from the key of the file; without a file, from the last key stored.

    Returns key id -> trusted key, and the ids of stored keys that nothing vouches for: what they signed proves nothing.
    """
    by_id = {row.key_id: row for row in rows}
    taken_over = {row.previous for row in rows}
    last = [row for row in rows if row.key_id not in taken_over]
    here = by_id.get(id_of(anchor.public_bytes_raw())) if anchor else (last[-1] if last else None)
    found: dict[str, Trusted] = {}
    until: int | None = None
    while here is not None and here.key_id not in found:
        previous = by_id.get(here.previous)
        if not _is_sound(here, previous):
            break
        found[here.key_id] = Trusted(here.key_id, here.public, here.from_seq, until)
        until, here = here.from_seq, previous
    return found, [row.key_id for row in rows if row.key_id not in found]


def _is_sound(row: KeyRow, previous: KeyRow | None) -> bool:
    if id_of(row.public) != row.key_id or bool(row.previous) != (previous is not None):
        return False
    message = handed_over(row, previous.public if previous else b"")
    if not is_signed(row.public, row.signature, message):
        return False
    return not row.countersignature or (
        previous is not None and is_signed(previous.public, row.countersignature, message)
    )


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is that of `public` (32 bytes) over `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: no key
        return False
    return True
