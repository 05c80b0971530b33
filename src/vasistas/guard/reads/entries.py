"""Entries as rows: how many are written at once, and the one canonical form that is hashed.

The canonical form of an entry is the MessagePack array of the columns in HASHED, in that order, as they stand in the
table; the salt is the last. The leaf is RFC 9162's hash of it. It is computed from the stored row alone, by the sealer
and by whoever verifies, so that there is no second form that could differ.
"""

import hashlib
import os
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from vasistas.guard.reads import table
from vasistas.guard.reads.models import Entry

SALT_BYTES = 16
ROWS_AT_ONCE = 200
_WORDS = ("purpose", "reason", "actor_kind", "actor", "subject", "mask", "count", "fingerprint")
WRITTEN = ("at", *_WORDS, "subjects", "salt")
HASHED = ("id", *WRITTEN)
_TYPES = {"at": "timestamptz", "count": "integer", "subjects": "bytea", "salt": "bytea"}  # the others are text
_VALUES = f"VALUES ({', '.join(['%s'] * len(WRITTEN))})"
_ARRAYS = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in WRITTEN)
_UNNESTED = f"SELECT * FROM unnest({_ARRAYS})"  # noqa: S608 — names of types
_encode = msgspec.msgpack.Encoder().encode
_sha256 = hashlib.sha256


class Draft(NamedTuple):
    """One read before it is written. subjects: audit ids of a run."""

    purpose: str
    reason: str
    actor_kind: str
    actor: str
    subject: str
    mask: str
    rows: int  # the column is called count; a tuple already has one
    fingerprint: str = ""
    subjects: Collection[str] | None = None


def write(drafts: Sequence[Draft], *, at: datetime) -> None:
    """Insert all drafts at once; either all are written or none.

    Raises: DatabaseError: the table takes no rows.
    """
    moment = connection.ops.adapt_datetimefield_value(at.replace(microsecond=0))
    salts = os.urandom(SALT_BYTES * len(drafts))
    rows: list[Any] = []
    for start, draft in zip(range(0, len(salts), SALT_BYTES), drafts, strict=True):
        *words, audit_ids = draft
        subjects = None if audit_ids is None else pack(audit_ids)
        rows.append((moment, *words, subjects, salts[start : start + SALT_BYTES]))
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # one statement, whose text is the same for any number of rows
            cursor.execute(_insert(_UNNESTED), [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(_insert(_VALUES), rows)


def _insert(source: str) -> str:
    columns = ", ".join(connection.ops.quote_name(name) for name in WRITTEN)
    return f"INSERT INTO {Entry._meta.db_table} ({columns}) {source}"


def select(condition: str, *more: str) -> str:
    """Return the SQL that reads entries in canonical form, in order of id; `more` columns after that."""
    return table.select(Entry, (*HASHED, *more), condition)


def sealed_between(lowest: int, highest: int) -> tuple[list[int], bytes]:
    """Return the ids of sealed entries from `lowest` to `highest`, and their leaf hashes computed anew, one after the
    other. This is what verifying spends its time on.

    Raises: DatabaseError: a text is no text any more.
    """
    ids: list[int] = []
    leaves: list[bytes] = []
    with connection.cursor() as cursor:
        cursor.execute(select("id BETWEEN %s AND %s AND batch IS NOT NULL"), [lowest, highest])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):  # few enough to stay in the processor's cache
            leaves += [_sha256(b"\x00" + _encode(row)).digest() for row in rows]
            ids += [row[0] for row in rows]
    return ids, b"".join(leaves)


def leaf_of(row: Sequence[Any]) -> bytes:
    """Return the leaf hash of one row in canonical form."""
    return _sha256(b"\x00" + _encode(row)).digest()


def leaves_of(entry_ids: Iterable[int]) -> Iterator[bytes]:
    """Yield the leaf hashes of entries as they stand in the table now."""
    with connection.cursor() as cursor:
        for entry_id in entry_ids:
            cursor.execute(select("id = %s"), [entry_id])
            yield leaf_of(cursor.fetchone())


def pack(audit_ids: Iterable[str]) -> bytes:
    """Return a set of audit ids in its stored form."""
    return zlib.compress("\n".join(sorted(audit_ids)).encode(), level=1)


def is_in(packed: bytes, audit_id: str) -> bool:
    """Whether a stored set of audit ids holds this one."""
    return bool(audit_id) and f"\n{audit_id}\n".encode() in b"\n" + zlib.decompress(packed) + b"\n"
