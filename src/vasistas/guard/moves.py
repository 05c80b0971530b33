"""For migrations: what rested in clear is sealed where it is, row by row, and back. Each step can be run again.

The expanding migration before adds the sealed field with null=True, which marks the rows still to do; the contracting
one after drops the clear column, and `rewrite` takes its bytes out of the database files.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import models

from vasistas.guard import keyring, purposes
from vasistas.guard.addresses import index_of

BATCH_ROWS = 1_000


@dataclass(frozen=True)
class Move:
    """clear, sealed: fields. subject: look-up path from a row to its subject. index: field that takes the blind index
    of an address; may be `clear` itself. is_first: nothing in the row was sealed before, and each gets its own row_key.
    """

    clear: str
    sealed: str
    subject: str
    index: str = ""
    is_first: bool = True


def seal(model: type[models.Model], move: Move) -> int:
    """Seal what `move.clear` holds in every row not done yet, and empty it; return how many rows."""
    field: Any = model._meta.get_field(move.sealed)
    count = 0
    with stated("seal what rested in clear"):
        for row in _rows(model, move, **{f"{move.sealed}__isnull": True}):
            text = str(getattr(row, move.clear))
            if move.is_first:
                row.row_key = uuid.uuid4()
            key = keyring.data_key(row.handle, field.key_class) if text else None
            sealed = field.seal_with(key, row, text) if key else ""
            index = {move.index: index_of(text)} if move.index else {}
            _write(model, row, {"row_key": row.row_key, move.sealed: sealed, move.clear: None, **index})
            count += 1
    return count


def unseal(model: type[models.Model], move: Move) -> int:
    """The way back."""
    field: Any = model._meta.get_field(move.sealed)
    count = 0
    with stated("take seals back"):
        for row in _rows(model, move, **{f"{move.sealed}__isnull": False}):
            text = field.open(row, bytes(row.__dict__[move.sealed]))
            _write(model, row, {move.sealed: None, move.clear: text})
            count += 1
    return count


def rewrite(connection: Any, model: type[models.Model], *tables: str) -> None:
    """Write tables anew, unless `model` has no row yet: a dropped value stays in free pages (SQLite) or dead tuples
    (PostgreSQL) otherwise.

    Not inside a transaction. SQLite writes the whole file; either needs as much free space again.
    Locks: the tables, until they are written.
    """
    with stated("write tables anew"):
        if not models.QuerySet(model).exists():
            return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"VACUUM FULL {', '.join(connection.ops.quote_name(table) for table in tables)}")
        else:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def stated(reason: str) -> Iterator[None]:
    """Under what `migrate` states; where a migration runs without that command, under "maintain" and with no entry in a
    read log whose tables may not exist yet.
    """
    if purposes.current() is not None:
        yield
        return
    with purposes.scope(lambda: purposes.Actor("operator")) as scope, purposes.processing("maintain", reason):
        scope.recorder = purposes.Silent()
        yield


def _rows(model: type[models.Model], move: Move, **todo: bool) -> Iterator[Any]:
    found: models.QuerySet[Any] = models.QuerySet(model).filter(**todo).order_by("pk")
    found = found.annotate(handle=models.F(f"{move.subject}__key_handle"))
    while rows := list(found[:BATCH_ROWS]):
        yield from rows


def _write(model: type[models.Model], row: Any, values: dict[str, Any]) -> None:
    models.QuerySet(model).filter(pk=row.pk).update(**values)
