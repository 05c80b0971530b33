"""Rows of this app as they stand in the table: what is hashed and signed is computed from these alone, whatever
somebody made of them. Times are text in UTC, `2026-11-22 12:00:00`, alike on every engine.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

from vasistas.guard.reads.merkle import DIGEST_BYTES
from vasistas.guard.reads.models import Batch, Checkpoint, SigningKey

ROWS_AT_ONCE = 100  # of batches: up to 170 kB each
_TIMES = {"at", "earliest_at"}
_TIME = {
    "sqlite": "CAST({} AS TEXT)",  # stored as this text; the bare column would be parsed
    "postgresql": "rtrim(rtrim(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.')",
}


@dataclass(frozen=True, slots=True)
class BatchRow:
    seq: int
    at: str
    earliest_at: str
    count: int
    ids: bytes
    leaves: bytes
    root: bytes
    chained: bytes

    def unpack_ids(self) -> tuple[int, ...]:
        """Raises: struct.error: the column was cut."""
        return struct.unpack(f">{self.count}Q", self.ids)

    def split_leaves(self) -> list[bytes]:
        return [self.leaves[start : start + DIGEST_BYTES] for start in range(0, len(self.leaves), DIGEST_BYTES)]


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    seq: int
    at: str
    chained: bytes
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class KeyRow:
    key_id: str
    at: str
    from_seq: int
    previous: str
    public: bytes
    signature: bytes
    countersignature: bytes


type Row = BatchRow | CheckpointRow | KeyRow
_MODELS: dict[Any, type[models.Model]] = {
    BatchRow: Batch,
    CheckpointRow: Checkpoint,
    KeyRow: SigningKey,
}


def read[RowT: Row](kind: type[RowT], condition: str = "1 = 1", parameters: Sequence[Any] = ()) -> Iterator[RowT]:
    """Yield rows in order of their first column, a few at a time."""
    columns, start = [field.name for field in fields(kind)], None
    while True:
        after = "" if start is None else f" AND {columns[0]} > %s"
        sql = f"{select(_MODELS[kind], columns, condition + after)} LIMIT {ROWS_AT_ONCE}"
        with connection.cursor() as cursor, _any_text():
            cursor.execute(sql, [*parameters, *([] if start is None else [start])])
            rows = cursor.fetchall()
        yield from (kind(*map(_plain, row)) for row in rows)
        if len(rows) < ROWS_AT_ONCE:
            return
        start = rows[-1][0]


@contextmanager
def _any_text() -> Iterator[None]:
    """Let SQLite bring a text that somebody made no text any more, with its bytes spelt out."""
    if connection.vendor != "sqlite":
        yield
        return
    raw: Any = connection.connection  # house: it asks for no row, it says how text is decoded
    before, raw.text_factory = raw.text_factory, lambda stored: stored.decode(errors="backslashreplace")
    try:
        yield
    finally:
        raw.text_factory = before


def select(model: type[models.Model], columns: Sequence[str], condition: str) -> str:
    """Return the SQL that reads columns as they stand, in order of the first one."""
    quote = connection.ops.quote_name
    shown = [_TIME[connection.vendor].format(quote(name)) if name in _TIMES else quote(name) for name in columns]
    table, order = quote(model._meta.db_table), quote(columns[0])
    return f"SELECT {', '.join(shown)} FROM {table} WHERE {condition} ORDER BY {order}"  # noqa: S608 — our own words


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def pack_ids(ids: Sequence[int]) -> bytes:
    """Return ids as BatchRow.ids holds them: 8 bytes each, big-endian."""
    return struct.pack(f">{len(ids)}Q", *ids)


def text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: str) -> datetime:
    """Raises: ValueError: it is no time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
