"""What a backup holds: one part of the site as a tar in a sealed stream, its manifest of checksums last.

| part | holds |
|---|---|
| `data` | the database, the uploads, the journals |
| `keys` | the key store, the key that signs the read log and its head |

The root key, which wraps all others, and the secrets of the site are in no backup.
A database on a PostgreSQL server is there as its dump (databases.py), under DUMPS instead of the name of its file.
"""

import hashlib
import io
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vasistas.guard import journal
from vasistas.guard.backups import databases
from vasistas.guard.backups.stream import BackupRefused, Reader, Writer

MANIFEST = "manifest.json"
DATABASE, UPLOADS = "site.sqlite3", "uploads"
KEY_STORE = "keys/keyring.sqlite3"
JOURNAL = f"{journal.FOLDER}/{journal.NAME}"
RESTORES = f"{journal.FOLDER}/{journal.RESTORES}"
JOURNALS = (JOURNAL, RESTORES)
AUDIT = ("keys/audit.ed25519", "keys/audit.head")
PARTS = {"data": (DATABASE, UPLOADS, *JOURNALS), "keys": (KEY_STORE, *AUDIT)}
DUMPS = {DATABASE: "site.pgdump", KEY_STORE: "keys/keyring.pgdump"}
MANIFEST_BYTES_MAX = 100_000_000
FORMAT = 1


def write(data: Path, part: str, out: Path, key: bytes, *, at: str, url: str = databases.SQLITE) -> int:
    """Write one part of the site in `data` to the new file `out`, whole or not at all; return how many files it holds.

    The site may be running: its database is copied in one read transaction, without what was deleted from it.
    url: of the part's database. at: ISO 8601.
    Raises: BackupRefused: `out` exists, there is no site, or the disk refuses.
    """
    if out.exists():
        raise BackupRefused(f"{out} exists already; a backup overwrites nothing. Choose another folder.")
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("xb") as file, _snapshots(data, part, url) as found:
            beside.chmod(0o600)
            writer = Writer(file, key)
            count = _pack(writer, found, {"format": FORMAT, "part": part, "at": at})
            writer.finish()
            os.fsync(file.fileno())
        beside.rename(out)
    except (OSError, sqlite3.Error) as failure:
        raise BackupRefused(f"The backup {out} cannot be written: {failure}.") from None
    finally:
        beside.unlink(missing_ok=True)
    return count


@contextmanager
def _snapshots(data: Path, part: str, url: str) -> Iterator[dict[str, Path]]:
    """Name -> file. Databases are copied for the time of the backup, and never out of the site's own folder."""
    folder = data / f".snapshot-{secrets.token_hex(4)}"
    if not data.is_dir():
        raise BackupRefused(f"There is no site in {data}. Is VASISTAS_DATA the right folder?")
    folder.mkdir(mode=0o700)
    found: dict[str, Path] = {}
    try:
        for name in PARTS[part]:
            path = data / name
            if name in DUMPS and not databases.is_sqlite(url):
                found[DUMPS[name]] = databases.dump(url, folder / Path(DUMPS[name]).name)
            elif name in DUMPS:
                found[name] = databases.snapshot(path, folder / path.name)
            elif path.is_dir():
                found |= {one.relative_to(data).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
            elif path.is_file():
                found[name] = path
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(writer: Writer, found: dict[str, Path], manifest: dict[str, Any]) -> int:
    sums = {}
    with tarfile.open(fileobj=writer, mode="w|") as tar:
        for name, path in found.items():
            try:
                content = path.read_bytes() if name.startswith(UPLOADS) else None
            except FileNotFoundError:  # a still that was replaced meanwhile
                continue
            with io.BytesIO(content) if content is not None else path.open("rb") as file:
                sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
                member = tarfile.TarInfo(name)
                member.size, member.mode = file.seek(0, io.SEEK_END), 0o600
                file.seek(0)
                tar.addfile(member, file)
        text = json.dumps({**manifest, "sha256": sums}).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return len(sums)


def restore(
    file: Path, data: Path, key: bytes, newest: Path | None, *, urls: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Put one part into the folder `data`, whole or not at all; return its manifest. A restored database is marked.

    newest: a journal of erasures to be taken over beside the one in the backup. urls: part -> the database
    it goes to, where that is a server's.

    Raises: BackupRefused: changed, cut off, another key, of another kind of database, or `data` has that part already;
    nothing was written.
    """
    staging = data / f".restoring-{secrets.token_hex(4)}"
    was_there = data.exists()
    try:
        staging.mkdir(mode=0o700, parents=True)
        manifest = _unpack(file, staging, key)
        part = str(manifest["part"])
        for name in PARTS[part]:
            if name not in JOURNALS and (data / name).exists():
                raise BackupRefused(f"{data / name} exists already; a restore overwrites nothing. Move it away first.")
        _put_in_place(staging, data, manifest, newest, (urls or {}).get(part, databases.SQLITE))
    except OSError as failure:
        raise BackupRefused(f"The backup {file} cannot be restored: {failure.strerror}.") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not was_there and data.exists() and not any(data.iterdir()):
            data.rmdir()
    return manifest


def _unpack(file: Path, staging: Path, key: bytes) -> dict[str, Any]:
    try:
        with file.open("rb") as sealed:
            reader = io.BufferedReader(Reader(sealed, key))
            with tarfile.open(fileobj=reader, mode="r|") as tar:
                tar.extractall(staging, filter="data")
            while reader.read(1 << 20):  # to the last chunk: only that one tells that nothing is missing
                pass
        manifest: dict[str, Any] = json.loads((staging / MANIFEST).read_bytes())
    except (tarfile.TarError, ValueError, EOFError, FileNotFoundError) as failure:
        if isinstance(failure, FileNotFoundError) and not file.is_file():
            raise BackupRefused(f"There is no backup {file}.") from None
        raise BackupRefused("The backup is damaged: its content cannot be read. Take another copy of it.") from None
    sums = {
        path.relative_to(staging).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in staging.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    if manifest.get("format") != FORMAT or manifest.get("part") not in PARTS or manifest.get("sha256") != sums:
        raise BackupRefused("The backup is not what its manifest says. Take another copy of it.")
    return manifest


def _put_in_place(staging: Path, data: Path, manifest: dict[str, Any], newest: Path | None, url: str) -> None:
    """The mark first and the database last, so that none is ever there without its mark."""
    part = str(manifest["part"])
    database = next(name for name in PARTS[part] if name in DUMPS)
    dump = staging / DUMPS[database]
    if dump.exists() == databases.is_sqlite(url):
        kinds = ("SQLite", "PostgreSQL") if databases.is_sqlite(url) else ("PostgreSQL", "SQLite")
        raise BackupRefused(
            f"The target is {kinds[0]}, the backup is of {kinds[1]}. Set its database URL, or leave it."
        )
    if dump.exists():
        databases.require_empty(url)
    if part == "data":
        journal.mark_restored(data)
        for name in JOURNALS:
            extra = journal.lines_of(newest) if newest and name == JOURNAL else []
            journal.take_over(data / name, journal.lines_of(staging / name) + extra)
        journal.note_restore(data, {"backup_at": str(manifest["at"])})
    for name in reversed([name for name in PARTS[part] if name not in JOURNALS]):
        if (staging / name).exists():
            (data / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (staging / name).rename(data / name)
    if dump.exists():
        databases.load(dump, url)
