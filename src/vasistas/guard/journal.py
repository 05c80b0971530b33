"""The journal of erasures: who was erased, outside of every database, so that a restore can erase them again.

One line for each step, `{"at": …, "handle": …, "step": "intent" | "done"}`, appended and flushed to the disk before the
step. It names key handles, which are random and lead nowhere once the keys are gone.
"""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

FOLDER, NAME = "journal", "erasures.jsonl"
INTENT, DONE = "intent", "done"
RESTORES = "restores.jsonl"  # beside it: when a backup was restored, and which end of the read log that cut off
MARK = "restored"  # beside the journal: a database was restored, and nothing may open before the replay


def path_in(data: Path) -> Path:
    return data / FOLDER / NAME


def note(data: Path, handle: UUID, step: str, at: datetime) -> None:
    """Append one line; it is on the disk when this returns. Raises: OSError: it is not, and nothing may be erased."""
    append(path_in(data), [json.dumps({"at": at.isoformat(), "handle": str(handle), "step": step})])


def append(path: Path, lines: Iterable[str]) -> None:
    """Append lines in one write. A line that a crash tore is ended first, so that it spoils no other."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(number).st_size
        torn = size > 0 and os.pread(number, 1, size - 1) != b"\n"
        os.write(number, ("\n" * torn + "".join(f"{line}\n" for line in lines)).encode())
        os.fsync(number)
    finally:
        os.close(number)


def handles(path: Path, *, step: str | None = None) -> list[UUID]:
    """Every handle in the journal (`step`: with this step), each once, in order; torn lines are passed over."""
    found: dict[UUID, None] = {}
    for line in lines_of(path):
        try:
            said = json.loads(line)
            handle = UUID(said["handle"])
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if step in {None, said.get("step")}:
            found[handle] = None
    return list(found)


def lines_of(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.is_file() else []


def take_over(path: Path, lines: Iterable[str]) -> None:
    """Append the lines of another copy that are not there yet."""
    known = set(lines_of(path))
    if fresh := [line for line in dict.fromkeys(lines) if line not in known]:
        append(path, fresh)


def note_restore(data: Path, said: Mapping[str, Any]) -> None:
    """Append what is known of a restore; `at` is added."""
    append(data / FOLDER / RESTORES, [json.dumps({"at": datetime.now(UTC).isoformat(), **said})])


def restores(data: Path) -> list[dict[str, Any]]:
    """What was noted of restores, oldest first; torn lines are passed over."""
    found = []
    for line in lines_of(data / FOLDER / RESTORES):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            found.append(said)
    return found


def mark_restored(data: Path) -> None:
    append(data / FOLDER / MARK, ["Run: vasistas restore --replay"])


def is_restored(data: Path) -> bool:
    """Whether a restored database waits for its replay."""
    return (data / FOLDER / MARK).exists()


def unmark(data: Path) -> None:
    (data / FOLDER / MARK).unlink(missing_ok=True)
