"""A file of AES-256-GCM chunks, in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).

header = magic (16) | salt (16) | key check (8); then chunks of CHUNK bytes and a tag each. The nonce is the number of
the chunk and a byte that tells the last one, so that chunks cannot be moved, left out or cut off. Key and key check
come by HKDF-SHA-256 from the backup key and the salt, so that no two files share a key.
"""

import io
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"vasistas backup1"
SALT_BYTES, CHECK_BYTES, KEY_BYTES, TAG_BYTES = 16, 8, 32, 16
HEADER_BYTES = len(MAGIC) + SALT_BYTES + CHECK_BYTES
CHUNK = 1 << 20


class BackupRefused(Exception):  # noqa: N818 — refusals read as facts
    """A backup, or its key, is not what it should be; the text says what to do."""


def new_key(path: Path) -> None:
    """Write 32 random bytes in hex, for this account alone. Raises: BackupRefused: it exists, or cannot be made."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as failure:
        raise BackupRefused(f"The backup key {path} cannot be made: {failure.strerror}.") from None
    with os.fdopen(number, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def read_key(path: Path) -> bytes:
    """Raises: BackupRefused: missing, readable by others, or no key."""
    try:
        mode, text = path.stat().st_mode, path.read_text(errors="replace").strip()
    except OSError as failure:
        raise BackupRefused(f"The backup key {path} cannot be read: {failure.strerror}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BackupRefused(f"The backup key {path} can be read by others. Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BackupRefused(f"The backup key {path} is no key: 64 hexadecimal characters are expected.")
    return key


def _derive(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    both = HKDF(SHA256(), KEY_BYTES + CHECK_BYTES, salt, MAGIC).derive(key)
    return AESGCM(both[:KEY_BYTES]), both[KEY_BYTES:]


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class Writer(io.RawIOBase):
    """Seals what is written to it; close() seals the last chunk. Leave it unclosed, and the file opens for nobody."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._cipher, check = _derive(key, salt)
        self._header = MAGIC + salt + check
        self._file, self._number, self._waiting = file, 0, bytearray()
        file.write(self._header)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | memoryview", /) -> int:  # type: ignore[override]  # all that tarfile hands over
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, self._header))
        self._number += 1


class Reader(io.RawIOBase):
    """Opens what a Writer sealed. Raises: BackupRefused: no backup, another key, changed, or cut off."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._header = file.read(HEADER_BYTES)
        if len(self._header) != HEADER_BYTES or not self._header.startswith(MAGIC):
            raise BackupRefused("This file is no backup of Vasistas, or its beginning is missing.")
        self._cipher, check = _derive(key, self._header[len(MAGIC) : -CHECK_BYTES])
        if not secrets.compare_digest(check, self._header[-CHECK_BYTES:]):
            raise BackupRefused("The backup key is not the one this backup was made with.")
        self._file, self._number, self._open = file, 0, b""
        self._next = file.read(CHUNK + TAG_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]  # as the base class calls it
        if not self._open and self._next:
            self._open_next()
        taken = self._open[: len(buffer)]
        buffer[: len(taken)] = taken
        self._open = self._open[len(taken) :]
        return len(taken)

    def _open_next(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK + TAG_BYTES)
        try:
            nonce = _nonce(self._number, is_last=not self._next)
            self._open = self._cipher.decrypt(nonce, sealed, self._header)
        except InvalidTag:
            raise BackupRefused("The backup was changed, or its end is missing. Take another copy of it.") from None
        self._number += 1
