"""A database as one file, and back: SQLite by `VACUUM INTO`, PostgreSQL by its own `pg_dump` and `pg_restore`.

A database is named by its URL as in the settings: `sqlite:` (a file in the site's folder) or
`postgresql://user:password@host:port/name`. Passwords go to the tools by the environment, never by the command line.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from vasistas.guard.backups.stream import BackupRefused

SQLITE = "sqlite:"
SCRATCH = "vasistas_drill"
SCRATCH_S_MAX = 86_400  # a database of a drill that old was left by one that was killed
TOOLS = "Install PostgreSQL's client programs, not older than its server (Debian: postgresql-client)."


def is_sqlite(url: str) -> bool:
    return urlsplit(url).scheme == "sqlite"


def url_of(described: Mapping[str, Any]) -> str:
    """The URL of one entry of Django's DATABASES."""
    if str(described["ENGINE"]).endswith("sqlite3"):
        return SQLITE
    user, password = (quote(str(described.get(name) or ""), safe="") for name in ("USER", "PASSWORD"))
    host = f"{described.get('HOST') or ''}{':' * bool(described.get('PORT'))}{described.get('PORT') or ''}"
    return f"postgresql://{user}{':' * bool(password)}{password}@{host}/{described['NAME']}"


def snapshot(path: Path, copy: Path) -> Path:
    """Copy an SQLite file in one read transaction. Raises: BackupRefused: it is not there."""
    if not path.is_file():
        raise BackupRefused(f"There is no {path.name} in {path.parent}. Is VASISTAS_DATA the right folder?")
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as database:
        database.execute("VACUUM INTO ?", [str(copy)])  # unlike a copy of pages, it leaves out what was deleted
    return copy


def dump(url: str, file: Path) -> Path:
    """Write a PostgreSQL database into one file, in one read transaction. Raises: BackupRefused."""
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")
    return file


def load(file: Path, url: str) -> None:
    """Put a dump into an empty database, whole or not at all. Raises: BackupRefused: not empty, or it does not fit."""
    require_empty(url)
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run(url, "pg_restore", *options, f"--dbname={_parts(url)['PGDATABASE']}", str(file))


def require_empty(url: str) -> None:
    with _connected(url) as database:
        tables = database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone()
    if tables and tables[0]:
        raise BackupRefused("The database has tables already; a restore overwrites nothing. Make an empty one for it.")


def contents(url: str) -> bytes:
    """All that a PostgreSQL database holds, as text. For small ones: it is held in memory."""
    return _run(url, "pg_dump", "--format=plain")


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """The URL of an empty database beside the one named, dropped at the end; of SQLite nothing needs making.

    Raises: BackupRefused: the account may not create databases.
    """
    if is_sqlite(url):
        yield url
        return
    name = f"{SCRATCH}_{int(time.time())}_{secrets.token_hex(4)}"
    with _connected(url) as server:
        _drop_forgotten(server)
        _say(server, f'CREATE DATABASE "{name}"')
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        with _connected(url) as server:
            _say(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _drop_forgotten(server: Any) -> None:
    found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{SCRATCH}_"])
    for (name,) in found.fetchall():
        made = name.split("_")[2]
        if made.isdecimal() and time.time() - int(made) > SCRATCH_S_MAX:
            _say(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _say(server: Any, statement: str) -> None:
    import psycopg  # noqa: PLC0415 — a site on SQLite has no use for it

    try:
        server.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        raise BackupRefused(
            "A drill needs databases of its own: let the site's account make them (ALTER ROLE … CREATEDB)."
        ) from None


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    import psycopg  # noqa: PLC0415 — a site on SQLite has no use for it

    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.OperationalError:
        raise BackupRefused("The database does not answer. Is its address right, and does the server run?") from None


def _parts(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    found = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    return {name: value for name, value in found.items() if value}


def _run(url: str, program: str, *arguments: str) -> bytes:
    if shutil.which(program) is None:
        raise BackupRefused(f"{program} is not installed. {TOOLS}")
    done = subprocess.run(
        [program, "--no-password", *arguments],
        env={**os.environ, **_parts(url)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        reason = next((line for line in words if "mismatch" in line or "fatal" in line.lower()), f"{program} failed")
        raise BackupRefused(f"{reason.rstrip('.')}. {TOOLS if 'mismatch' in reason else ''}".strip())
    return done.stdout
