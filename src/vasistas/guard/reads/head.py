"""The head of the chain, kept in a file beside the signing key: who has the database alone cannot cut off its end, or
make it anew, without this telling.

The sealer writes it once its batch is committed, and never over a head that the database no longer holds. A restored
database ends before its head; `vasistas restore --replay` moves that aside and notes it in `journal/restores.jsonl`.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from vasistas.guard import journal
from vasistas.guard.purposes import processing
from vasistas.guard.reads import keys, table
from vasistas.guard.reads.models import Batch
from vasistas.guard.reads.table import BatchRow, CheckpointRow

HEAD_FILE = "audit.head"


def head_file() -> Path:
    return keys.key_file().with_name(HEAD_FILE)


def as_text(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint as it is written into files: digests and signature in hex."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(row).items()}


def read(file: Path) -> CheckpointRow:
    """Raises: OSError. ValueError: it holds no checkpoint."""
    try:
        return _of(json.loads(file.read_text()))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} holds no checkpoint.") from error


def _of(one: dict[str, Any]) -> CheckpointRow:
    return CheckpointRow(
        seq=int(one["seq"]),
        at=str(one["at"]),
        chained=bytes.fromhex(one["chained"]),
        key_id=str(one["key_id"]),
        signature=bytes.fromhex(one["signature"]),
    )


def kept() -> CheckpointRow | None:
    """The head this site sealed last, or None where none was kept.

    Raises: OSError. ValueError: the file was damaged.
    """
    return read(head_file()) if head_file().exists() else None


def keep(row: CheckpointRow) -> None:
    """Keep a head that was just signed, unless the database has lost the one that was kept before."""
    try:
        before = kept()
    except (OSError, ValueError):
        return  # verifying says so
    if before is not None and not is_held(before):
        return
    number, name = tempfile.mkstemp(dir=head_file().parent, prefix=".audit-")  # 0600
    with os.fdopen(number, "w") as file:
        json.dump(as_text(row), file)
    Path(name).replace(head_file())


def is_held(head: CheckpointRow) -> bool:
    """Whether the database holds the batch of this head, as it was signed."""
    batch = next(iter(table.read(BatchRow, "seq = %s", [head.seq])), None)
    return batch is not None and batch.chained == head.chained


# -- After a restore ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """The end of the chain that a restore took away: the batches after `ends_at`, up to `head`."""

    at: str
    backup_at: str
    ends_at: int
    head: CheckpointRow

    def covers(self, seq: int) -> bool:
        return self.ends_at < seq <= self.head.seq

    def __str__(self) -> str:
        of = f" of {self.backup_at}" if self.backup_at else ""
        return (
            f"Restored at {self.at} from a backup{of}: batches {self.ends_at + 1} to {self.head.seq} were cut off, up "
            f"to the checkpoint of {self.head.at} UTC; the chain goes on after batch {self.ends_at}."
        )


@processing("audit", reason="restore")
def note_restored(at: datetime) -> Cut | None:
    """Move a head aside that the restored database does not hold, and note it; None: it holds what was kept.

    For `vasistas restore --replay` alone: whoever calls this says that the end of the chain was cut on purpose.
    Raises: OSError.
    """
    try:
        before = kept()
    except ValueError:
        return None  # verifying says so
    if before is None or is_held(before):
        return None
    data = Path(settings.DATA)
    newest: dict[str, Any] = next((one for one in reversed(journal.restores(data)) if "backup_at" in one), {})
    ends_at = Batch.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    ends_at = min(ends_at, before.seq - 1)
    backup_at = str(newest.get("backup_at", ""))
    said = {"at": at.isoformat(), "backup_at": backup_at, "ends_at": ends_at, "cut": as_text(before)}
    journal.append(data / journal.FOLDER / journal.RESTORES, [json.dumps(said)])
    head_file().replace(head_file().with_name(f"{HEAD_FILE}.{before.seq}"))
    return Cut(at.isoformat(), backup_at, ends_at, before)


def cuts() -> list[Cut]:
    """What restores cut off, oldest first, as noted; damaged notes are passed over."""
    found = []
    for said in journal.restores(Path(settings.DATA)):
        try:
            found.append(Cut(str(said["at"]), str(said["backup_at"]), int(said["ends_at"]), _of(said["cut"])))
        except (KeyError, TypeError, ValueError):
            continue
    return found
