"""The root key as a file that only the site's own account can read, checked each time it is loaded."""

import base64
import contextlib
import json
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vasistas.guard.keyring.errors import RootKeyFault, RootKeyWrong
from vasistas.guard.keyring.root import Wrapped

KEY_BYTES = 32
NONCE_BYTES = 12
FILE_BYTES_MAX = 65_536
FORMAT = 1


class RootKeyFile:
    """`{"format": 1, "versions": {"1": <base64 of 32 bytes>, …}}`, newest = highest; mode 0600, owned by this account.

    A wrapped key is nonce | ciphertext and tag of AES-256-GCM, with its context as associated data.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loaded: tuple[tuple[int, ...], dict[int, AESGCM]] | None = None  # what the file was when it was read

    @property
    def where(self) -> str:
        return str(self.path)

    def make(self) -> None:
        if not self.path.exists():
            self._write({1: secrets.token_bytes(KEY_BYTES)}, replace=False)

    def wrap(self, plain: bytes, context: bytes) -> Wrapped:
        keys = self._keys()
        version = max(keys)
        nonce = os.urandom(NONCE_BYTES)
        return Wrapped(version, nonce + keys[version].encrypt(nonce, plain, context), context)

    def unwrap(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        keys = self._keys()
        return [self._unwrap(keys, one) for one in wrapped]

    def rewrap(self, wrapped: Sequence[Wrapped]) -> list[Wrapped]:
        return [self.wrap(plain, one.context) for plain, one in zip(self.unwrap(wrapped), wrapped, strict=True)]

    def versions(self) -> list[int]:
        return sorted(self._keys())

    def still_opens(self, version: int) -> bool:
        return version in self._keys()

    def rotate(self) -> int:
        raw = self._read()
        version = max(raw) + 1
        self._write({**raw, version: secrets.token_bytes(KEY_BYTES)}, replace=True)
        return version

    def retire(self, used: frozenset[int]) -> list[int]:
        raw = self._read()
        gone = sorted(version for version in raw if version != max(raw) and version not in used)
        if gone:
            self._write({version: key for version, key in raw.items() if version not in gone}, replace=True)
        return gone

    def close(self) -> None:
        self._loaded = None

    def _unwrap(self, keys: dict[int, AESGCM], wrapped: Wrapped) -> bytes:
        key = keys.get(wrapped.version)
        if key is None:
            raise RootKeyFault(
                f"The root key in {self.path} has no version {wrapped.version}, which the key store uses. "
                "Restore the file that belongs to this key store."
            )
        try:
            return key.decrypt(wrapped.blob[:NONCE_BYTES], wrapped.blob[NONCE_BYTES:], wrapped.context)
        except (InvalidTag, ValueError):  # ValueError: too short to be one
            raise RootKeyWrong(
                f"The root key in {self.path} does not open this key: it is another root key, or the row is broken."
            ) from None

    def _keys(self) -> dict[int, AESGCM]:
        """The loaded versions; the file is read again when it has changed, and refused when others can read it."""
        state = self._state()
        loaded = self._loaded
        if loaded is None or loaded[0] != state:
            loaded = self._loaded = state, {version: AESGCM(key) for version, key in self._read().items()}
        return loaded[1]

    def _state(self) -> tuple[int, ...]:
        try:
            return self._checked(self.path.lstat())
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as failure:
            raise RootKeyFault(f"The root key {self.path} cannot be read: {failure.strerror}.") from None

    def _missing(self) -> RootKeyFault:
        return RootKeyFault(
            f"The root key {self.path} is missing, and this key store needs it: without it no sealed field opens. "
            "Restore the file from its backup; a new one would not help."
        )

    def _checked(self, found: os.stat_result) -> tuple[int, ...]:
        if not stat.S_ISREG(found.st_mode):
            raise RootKeyFault(f"The root key {self.path} is no plain file. Put the file itself there, not a link.")
        if found.st_uid != os.geteuid():
            raise RootKeyFault(
                f"The root key {self.path} belongs to another account (uid {found.st_uid}). "
                f"Run: chown {os.geteuid()} {self.path}"
            )
        if found.st_mode & 0o077:
            raise RootKeyFault(
                f"The root key {self.path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}). "
                f"Run: chmod 600 {self.path}"
            )
        return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)

    def _read(self) -> dict[int, bytes]:
        try:
            number = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as failure:
            raise RootKeyFault(f"The root key {self.path} cannot be read: {failure.strerror}.") from None
        with os.fdopen(number, "rb") as file:
            self._checked(os.fstat(number))
            text = file.read(FILE_BYTES_MAX)
        try:
            return _parsed(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RootKeyFault(
                f"The root key {self.path} is damaged: it is not a list of versions with 32 bytes each. "
                "Restore the file from its backup."
            ) from None

    def _write(self, keys: dict[int, bytes], *, replace: bool) -> None:
        """Whole or not at all: written beside, flushed to the disk, then put in place."""
        content = {
            "format": FORMAT,
            "versions": {str(version): base64.b64encode(key).decode() for version, key in sorted(keys.items())},
        }
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(number, "w") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(number)
            if replace:
                beside.replace(self.path)
            else:
                with contextlib.suppress(FileExistsError):  # another process was first: its key is the key
                    os.link(beside, self.path)
            _flush_folder(self.path.parent)
        except OSError as failure:
            raise RootKeyFault(f"The root key {self.path} cannot be written: {failure.strerror}.") from None
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()


def _parsed(content: Any) -> dict[int, bytes]:
    keys = {int(version): base64.b64decode(key, validate=True) for version, key in content["versions"].items()}
    if content["format"] != FORMAT or not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError
    return keys


def _flush_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
