"""The head of the chain, kept in a file beside the signing key: who has the database alone cannot cut off its end, or
make it anew, without this telling.

The sealer writes it once its batch is committed, and never over a head that the database no longer holds.
"""

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vasistas.guard.reads import keys, table
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
        one: dict[str, Any] = json.loads(file.read_text())
        return CheckpointRow(
            seq=int(one["seq"]),
            at=str(one["at"]),
            chained=bytes.fromhex(one["chained"]),
            key_id=str(one["key_id"]),
            signature=bytes.fromhex(one["signature"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} holds no checkpoint.") from error


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
