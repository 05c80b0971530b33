"""All that a database holds, as bytes: what someone who steals it can search."""

from pathlib import Path

from django.db import connections


def everything_stored(alias: str = "default") -> bytes:
    """The database as it stands: on SQLite the whole file, free pages too; on PostgreSQL every value of each column."""
    database = connections[alias]
    if database.vendor == "sqlite":
        database.ensure_connection()
        return bytes(database.connection.serialize())
    values: list[bytes] = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT to_jsonb(stored)::text FROM "{table}" stored')
            values.extend(row[0].encode() for row in cursor.fetchall())
    text = b"\n".join(values)
    return text + b"".join(bytes.fromhex(part.decode()) for part in _hexadecimal(text))


def _hexadecimal(text: bytes) -> list[bytes]:
    """Binary columns come as \\x…: their bytes are searched too."""
    return [part[: len(part) - len(part) % 2] for part in (found.split(b'"')[0] for found in text.split(b'"\\\\x')[1:])]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by name: databases with their write-ahead logs, whatever else was written."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
