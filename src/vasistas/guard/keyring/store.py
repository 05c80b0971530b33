"""Rows of the key store: found, added, destroyed. Wrapped keys only; the ring opens them."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction

from vasistas.guard.keyring.models import DataKey, KeyClass, SiteKey
from vasistas.guard.keyring.root import RootKey, Wrapped
from vasistas.guard.keyring.router import ALIAS

IDS_MAX = 5_000  # of one query
LOCK = 0x76617369  # PostgreSQL advisory lock of the key store


@contextmanager
def writing(*, alone: bool = False) -> Iterator[None]:
    """One transaction on the key store, committed when the block ends, whatever happens to the data's transaction.

    alone: no other writer meanwhile; so a version of the root key is never retired while a row is added under it.
    SQLite has one writer at a time anyway.
    Locks: advisory lock LOCK, shared or exclusive, until commit.
    """
    with transaction.atomic(using=ALIAS, durable=True):
        connection = connections[ALIAS]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                take = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
                cursor.execute(f"SELECT {take}(%s)", [LOCK])
        yield


def context_of(row: DataKey | SiteKey) -> bytes:
    """What a wrapped key is bound to: moved to another row it does not open."""
    if isinstance(row, SiteKey):
        return b"vasistas site key " + row.name.encode()
    return b"vasistas data key " + row.id.bytes + row.handle.bytes + row.key_class.encode()


def wrapped_of(row: DataKey | SiteKey) -> Wrapped:
    return Wrapped(row.root_version, bytes(row.wrapped), context_of(row))


def new_id() -> UUID:
    return UUID(bytes=os.urandom(16))


def is_empty() -> bool:
    """Whether no root key is needed yet; a tombstone needs none."""
    return not (SiteKey.objects.exists() or DataKey.objects.filter(destroyed_at__isnull=True).exists())


def by_id(ids: Iterable[bytes]) -> list[DataKey]:
    """Rows of these ids, in no order; those that do not exist are left out."""
    wanted = [UUID(bytes=one) for one in ids]
    found: list[DataKey] = []
    for start in range(0, len(wanted), IDS_MAX):
        found.extend(DataKey.objects.filter(pk__in=wanted[start : start + IDS_MAX]))
    return found


def by_owner(handle: UUID, key_class: str) -> DataKey | None:
    return DataKey.objects.filter(handle=handle, key_class=key_class).first()


def add(row: DataKey, plain: bytes, root: RootKey) -> DataKey:
    """Add a key unless there is one, or was; return the row that counts: ours, another's, or a tombstone."""
    while True:
        wrapped = root.wrap(plain, context_of(row))  # may go over the network: before the transaction
        row.root_version, row.wrapped = wrapped.version, wrapped.blob
        with writing():
            if not root.still_opens(wrapped.version):
                continue  # retired since it wrapped
            tombstone = DataKey.objects.filter(handle=row.handle, destroyed_at__isnull=False).first()
            if tombstone is not None:
                return tombstone
            DataKey.objects.bulk_create([row], ignore_conflicts=True)
            return DataKey.objects.get(handle=row.handle, key_class=row.key_class)


def site_key(name: str) -> SiteKey | None:
    return SiteKey.objects.filter(pk=name).first()


def add_site_key(row: SiteKey, plain: bytes, root: RootKey) -> SiteKey:
    """Add a key of the site unless there is one; return the row that counts."""
    while True:
        wrapped = root.wrap(plain, context_of(row))
        row.root_version, row.wrapped = wrapped.version, wrapped.blob
        with writing():
            if not root.still_opens(wrapped.version):
                continue
            SiteKey.objects.bulk_create([row], ignore_conflicts=True)
            return SiteKey.objects.get(pk=row.name)


def destroy(handle: UUID, at: datetime) -> int:
    """Empty every key of `handle` and leave a tombstone for each class; return how many keys were destroyed.

    Tombstones first: on PostgreSQL that waits for a key being added meanwhile, which the update then sees.
    """
    with writing():
        DataKey.objects.bulk_create(
            [
                DataKey(
                    id=new_id(),
                    handle=handle,
                    key_class=key_class,
                    wrapped=b"",
                    root_version=0,
                    created_at=at,
                    destroyed_at=at,
                )
                for key_class in KeyClass.values
            ],
            ignore_conflicts=True,
        )
        live = DataKey.objects.filter(handle=handle, destroyed_at__isnull=True)
        count = live.update(wrapped=b"", root_version=0, destroyed_at=at)
    _leave_no_bytes()
    return count


def _leave_no_bytes() -> None:
    """Empty SQLite's write-ahead log, which still holds the wrapped keys; its pages are overwritten (secure_delete).

    PostgreSQL keeps dead rows until its vacuum comes; rotating the root key makes them worthless, there and in backups.
    """
    connection = connections[ALIAS]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
