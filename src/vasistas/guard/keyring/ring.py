"""Keys in use: opened once, kept for a second, and asked for again.

A key that was destroyed in another process opens nothing after HELD_S at the latest. Python cannot wipe memory: an
opened key that is no longer asked for may stay in it until its place is needed.
"""

import hmac
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone

from vasistas.guard.keyring import models, store
from vasistas.guard.keyring.errors import KeyDestroyed, KeyringFault, KeyUnknown, RootKeyFault, RootKeyWrong
from vasistas.guard.keyring.models import SiteKey
from vasistas.guard.keyring.root import RootKey, root_key

HELD_S = 1.0
HELD_MAX = 20_000  # keys; about 1 kB each
REUSED_S = 60.0  # an opened key is used again without asking the root, if its row is still the same
SECRET_BYTES = 32
BLIND_CHARS = 32  # hex: 128 bits of HMAC-SHA-256
KNOWN_ANSWER = "known.answer"  # a site key whose value is no secret: tells whether a root key belongs to this store
KNOWN_BYTES = b"vasistas key store, known answer"
_GONE = "This key was destroyed; what it sealed cannot be read again, and no new key is made for its person."


@dataclass(frozen=True, slots=True)
class DataKey:
    """id: 16 bytes, stands before what it sealed. secret: 32 bytes, never stored, logged or shown."""

    id: bytes
    secret: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)

    def __reduce__(self) -> str:
        raise KeyringFault("Keys are not pickled.")


@dataclass(slots=True)
class _Held:
    """key: None for a tombstone. until, opened_at: monotonic seconds."""

    key: DataKey | None
    wrapped: bytes
    until: float
    opened_at: float


_by_id: dict[bytes, _Held] = {}
_by_owner: dict[tuple[UUID, str], _Held] = {}
_site_keys: dict[str, bytes] = {}
_root: RootKey | None = None
_lock = threading.Lock()
_proving = threading.Lock()
_now = time.monotonic


def data_key(handle: UUID, key_class: str) -> DataKey:
    """The key of one person and class; made on first use, and committed before it is returned.

    Raises: KeyDestroyed: the person's keys were destroyed. RootKeyFault.
    """
    held = _by_owner.get((handle, key_class))
    if held is None or held.until < _now():
        held = _from_owner(handle, key_class)
    if held.key is None:
        raise KeyDestroyed(_GONE)
    return held.key


def key_of(key_id: bytes) -> DataKey:
    """The key of this id.

    Raises: KeyDestroyed. KeyUnknown: there was never one. RootKeyFault.
    """
    held = _by_id.get(key_id)
    if held is None or held.until < _now():
        held = _load({key_id}).get(key_id)
        if held is None:
            raise KeyUnknown("No key of this id is in the key store. Is it an older copy than the data?")
    if held.key is None:
        raise KeyDestroyed(_GONE)
    return held.key


def preload(key_ids: Iterable[bytes]) -> None:
    """Have the keys of a page of rows at hand by one query; unknown and destroyed ones raise when they are used."""
    now = _now()
    if missing := {one for one in key_ids if (held := _by_id.get(one)) is None or held.until < now}:
        _load(missing)


def destroy(handle: UUID) -> int:
    """Destroy every key of one person and make sure that none is ever made again; return how many there were.

    Nothing opens with them after HELD_S at the latest, in this process and in others. Source: GDPR Art. 17.
    """
    count = store.destroy(handle, timezone.now())
    with _lock:
        for owner in [owner for owner in _by_owner if owner[0] == handle]:
            held = _by_owner.pop(owner)
            if held.key is not None:
                _by_id.pop(held.key.id, None)
    return count


def site_key(name: str) -> bytes:
    """32 random bytes that belong to the site under this name ("blind.login", "sessions"); made on first use.

    Raises: RootKeyFault.
    """
    found = _site_keys.get(name)
    if found is None:
        root = open_store()
        row = store.site_key(name)
        if row is None:
            row = store.add_site_key(SiteKey(name=name, created_at=timezone.now()), os.urandom(SECRET_BYTES), root)
        found = _site_keys[name] = root.unwrap([store.wrapped_of(row)])[0]
    return found


def blind(name: str, value: str) -> str:
    """A blind index: finds the row of `value` and tells nothing of it; `name` keeps two uses from meeting.

    Returns: 32 hex characters of HMAC-SHA-256 (RFC 2104).
    """
    return hmac.digest(site_key(name), value.encode(), "sha256").hex()[:BLIND_CHARS]


def open_store() -> RootKey:
    """The root key, proven to belong to this key store; in an empty store the first one is made.

    Raises: RootKeyFault: it is missing, unsafe, or another one; nothing was written.
    """
    global _root  # noqa: PLW0603 — proven once in a process
    if _root is not None:
        return _root
    with _proving:
        if _root is None:
            root = root_key(settings.ROOT_KEY, data=settings.DATA)
            try:
                _prove(root)
            except BaseException:
                root.close()
                raise
            _root = root
        return _root


def is_empty() -> bool:
    """Whether the key store holds no key; tombstones do not count."""
    return store.is_empty()


def forget_cached() -> None:
    """Forget every opened key, and that the root key was proven."""
    global _root  # noqa: PLW0603 — see open_store
    with _lock:
        if _root is not None:
            _root.close()
        _root = None
        _by_id.clear()
        _by_owner.clear()
        _site_keys.clear()


def _prove(root: RootKey) -> None:
    row = store.site_key(KNOWN_ANSWER)
    if row is None:
        if not store.is_empty():
            raise RootKeyFault(
                "The key store holds keys, but not the known answer that tells their root key. "
                "Restore the key store from its backup."
            )
        root.make()
        row = store.add_site_key(SiteKey(name=KNOWN_ANSWER, created_at=timezone.now()), KNOWN_BYTES, root)
    try:
        answer = root.unwrap([store.wrapped_of(row)])[0]
    except RootKeyWrong:
        answer = b""
    if answer != KNOWN_BYTES:
        raise RootKeyFault(
            f"The root key in {root.where} does not open this key store. Restore the root key that belongs to it, "
            "or the key store that belongs to this root key, from the backup. Nothing was written."
        )


def _from_owner(handle: UUID, key_class: str) -> _Held:
    now = _now()
    row = store.by_owner(handle, key_class)
    if row is None:
        fresh = models.DataKey(
            id=store.new_id(), handle=handle, key_class=models.KeyClass(key_class).value, created_at=timezone.now()
        )
        row = store.add(fresh, os.urandom(SECRET_BYTES), open_store())
    return _hold([row], now)[row.id.bytes]


def _load(key_ids: set[bytes]) -> dict[bytes, _Held]:
    now = _now()
    return _hold(store.by_id(key_ids), now)


def _hold(rows: list[models.DataKey], now: float) -> dict[bytes, _Held]:
    """Keep rows just read, opening those that are new or changed. now: before they were read."""
    held = {row.id.bytes: _by_id.get(row.id.bytes) for row in rows}
    closed = [row for row in rows if row.destroyed_at is None and not _is_same(held[row.id.bytes], row, now)]
    secrets = open_store().unwrap([store.wrapped_of(row) for row in closed]) if closed else []
    opened = {row.id.bytes: secret for row, secret in zip(closed, secrets, strict=True)}
    fresh: dict[bytes, _Held] = {}
    for row in rows:
        key_id, before = row.id.bytes, held[row.id.bytes]
        if row.destroyed_at is not None or before is None or key_id in opened:
            secret = opened.get(key_id)
            key = DataKey(key_id, secret, AESGCM(secret)) if secret else None
            fresh[key_id] = _Held(key, bytes(row.wrapped), now + HELD_S, now)
        else:
            fresh[key_id] = _Held(before.key, before.wrapped, now + HELD_S, before.opened_at)
    with _lock:
        for row in rows:
            key_id = row.id.bytes
            _by_id.pop(key_id, None)  # to the end: the oldest go first
            _by_id[key_id] = _by_owner[row.handle, row.key_class] = fresh[key_id]
        while len(_by_id) > HELD_MAX:
            _by_id.pop(next(iter(_by_id)))
        while len(_by_owner) > HELD_MAX:
            _by_owner.pop(next(iter(_by_owner)))
    return fresh


def _is_same(held: _Held | None, row: models.DataKey, now: float) -> bool:
    return (
        held is not None
        and held.key is not None
        and held.wrapped == bytes(row.wrapped)
        and now - held.opened_at < REUSED_S
    )
