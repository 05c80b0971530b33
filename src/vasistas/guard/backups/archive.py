"""What a backup holds: one part of the site as a tar in a sealed stream, its manifest of checksums last.

| part | holds |
|---|---|
| `data` | the database, the uploads, the journal of erasures |
| `keys` | the key store; its keys are wrapped by the root key, which is in no backup |
"""

import hashlib
import io
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from vasistas.guard import journal
from vasistas.guard.backups.stream import BackupRefused, Reader, Writer

MANIFEST = "manifest.json"
DATABASE, UPLOADS = "site.sqlite3", "uploads"
KEY_STORE = "keys/keyring.sqlite3"
JOURNAL = f"{journal.FOLDER}/{journal.NAME}"
PARTS = {"data": (DATABASE, UPLOADS, JOURNAL), "keys": (KEY_STORE,)}
MANIFEST_BYTES_MAX = 100_000_000
FORMAT = 1


def write(data: Path, part: str, out: Path, key: bytes, *, at: str) -> int:
    """Write one part of the site in `data` to the new file `out`, whole or not at all; return how many files it holds.

    The site may be running: SQLite copies its database in one read transaction, without what was deleted from it.
    Raises: BackupRefused: `out` exists, there is no site, or the disk refuses.
    """
    if out.exists():
        raise BackupRefused(f"{out} exists already; a backup overwrites nothing. Choose another folder.")
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("xb") as file, _snapshots(data, part) as found:
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
def _snapshots(data: Path, part: str) -> Iterator[dict[str, Path]]:
    """Name -> file. Databases are copied for the time of the backup, and never out of the site's own folder."""
    folder = data / f".snapshot-{secrets.token_hex(4)}"
    if not data.is_dir():
        raise BackupRefused(f"There is no site in {data}. Is VASISTAS_DATA the right folder?")
    folder.mkdir(mode=0o700)
    found: dict[str, Path] = {}
    try:
        for name in PARTS[part]:
            path = data / name
            if name.endswith(".sqlite3"):
                found[name] = _snapshot_of(path, folder / path.name)
            elif path.is_dir():
                found |= {one.relative_to(data).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
            elif path.is_file():
                found[name] = path
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _snapshot_of(path: Path, copy: Path) -> Path:
    if not path.is_file():
        raise BackupRefused(f"There is no {path.name} in {path.parent}. Is VASISTAS_DATA the right folder?")
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as database:
        database.execute("VACUUM INTO ?", [str(copy)])  # unlike a copy of pages, it leaves out what was deleted
    return copy


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


def restore(file: Path, data: Path, key: bytes, newest: Path | None) -> str:
    """Put one part into the folder `data`, whole or not at all; return which. A restored database is marked as such.

    newest: a journal of erasures to be taken over beside the one in the backup.

    Raises: BackupRefused: changed, cut off, another key, or `data` has that part already; nothing was written.
    """
    staging = data / f".restoring-{secrets.token_hex(4)}"
    was_there = data.exists()
    try:
        staging.mkdir(mode=0o700, parents=True)
        manifest = _unpack(file, staging, key)
        part = str(manifest["part"])
        for name in PARTS[part]:
            if name != JOURNAL and (data / name).exists():
                raise BackupRefused(f"{data / name} exists already; a restore overwrites nothing. Move it away first.")
        _put_in_place(staging, data, part, newest)
    except OSError as failure:
        raise BackupRefused(f"The backup {file} cannot be restored: {failure.strerror}.") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not was_there and data.exists() and not any(data.iterdir()):
            data.rmdir()
    return part


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


def _put_in_place(staging: Path, data: Path, part: str, newest: Path | None) -> None:
    """The mark first and the database last, so that none is ever there without its mark."""
    if part == "data":
        journal.mark_restored(data)
        known = set(journal.lines_of(journal.path_in(data)))
        lines = journal.lines_of(staging / JOURNAL) + (journal.lines_of(newest) if newest else [])
        fresh = [line for line in dict.fromkeys(lines) if line not in known]
        if fresh:
            journal.append(journal.path_in(data), fresh)
    for name in reversed([name for name in PARTS[part] if name != JOURNAL]):
        if (staging / name).exists():
            (data / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (staging / name).rename(data / name)
