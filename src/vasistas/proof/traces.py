"""Look for traces of the erased: in every table, in files, caches and log lines. Names places, no values."""

import json
import logging
import pickle
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.cache import caches
from django.db import connections

from vasistas.proof.filled import Filled

CHARS_MIN = 12  # shorter ones are found by chance
ROWS_MAX = 5_000  # newest rows of each table: canaries are young
FILE_BYTES_MAX = 64 * 1024 * 1024
# What stays and leads to nobody here: the audit number, once its seal does not open; and the name by which a recipient
# knows the person, until it has acknowledged that it was told of the erasure; and the keyed hash of an address that
# must not be written to.
STAYS = {"privacy.Subject", "egress.Transfer", "privacy.RecipientNotice", "bulletins.Suppression"}
_DATABASES = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".db", ".db-wal", ".db-shm")  # read by their tables
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?\Z")


def values_of(told: Iterable[Filled]) -> list[str]:
    """Every text that stands in somebody's fields and is not found by chance; moments and counts are."""
    stays = {text for one in told if one.label in STAYS for text in _texts(one.value)}
    every = {text for one in told if one.label not in STAYS for text in _texts(one.value)}
    return sorted(text for text in every - stays if len(text) >= CHARS_MIN and not _MOMENT.match(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _pattern(values: Sequence[str]) -> re.Pattern[bytes]:
    spelt = {form for value in values for form in (value, value.lower(), json.dumps(value)[1:-1])}
    return re.compile(b"|".join(re.escape(form.encode()) for form in sorted(spelt)))


def in_databases(values: Sequence[str]) -> list[str]:
    """Tables of every database, declared or not, that hold one of the values. The caller states a purpose."""
    pattern = _pattern(values)
    return [
        table
        for alias in connections
        for table in connections[alias].introspection.table_names()
        if any(pattern.search(_bytes(one)) for row in _newest(alias, table) for one in row if one is not None)
    ]


def _newest(alias: str, table: str) -> list[tuple[Any, ...]]:
    quoted = connections[alias].ops.quote_name(table)
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT * FROM {quoted} ORDER BY 1 DESC LIMIT {ROWS_MAX}")  # noqa: S608 — a table's own name
        return list(cursor.fetchall())


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview | bytearray) else str(value).encode()


def in_files(folders: Iterable[Path], values: Sequence[str], since_s: float) -> list[str]:
    """Names of files changed since (unix seconds) that hold one of the values, or are named so."""
    pattern = _pattern(values)
    found = []
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.name.endswith(_DATABASES) or not path.is_file():
            continue
        stat = path.stat()
        content = path.read_bytes() if since_s <= stat.st_mtime and stat.st_size <= FILE_BYTES_MAX else b""
        if pattern.search(content) or pattern.search(path.name.encode()):
            found.append(f"a file ending in {path.suffix or 'nothing'}")
    return found


def in_caches(values: Sequence[str]) -> list[str]:
    """Caches of this process that hold one of the values."""
    pattern = _pattern(values)
    own = {alias: getattr(caches[alias], "_cache", {}) for alias in caches}
    held = {alias: entries for alias, entries in own.items() if isinstance(entries, dict)}
    return [
        f"cache {alias}"
        for alias, entries in held.items()
        if any(pattern.search(_bytes(key)) or pattern.search(_content(one)) for key, one in list(entries.items()))
    ]


def _content(held: Any) -> bytes:
    return bytes(held) if isinstance(held, bytes) else pickle.dumps(held)


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear every log line of this process."""
    ear, loggers = _Ear(), [logging.getLogger(), logging.getLogger("vasistas"), logging.getLogger("django")]
    own = [one for one in loggers if one.name == "root" or not one.propagate]
    for one in own:
        one.addHandler(ear)
    try:
        yield ear.lines
    finally:
        for one in own:
            one.removeHandler(ear)


def in_lines(lines: Iterable[str], values: Sequence[str]) -> list[str]:
    pattern = _pattern(values)
    return ["a log line"] if any(pattern.search(line.encode()) for line in lines) else []
