"""What verifying finds."""

from dataclasses import dataclass, field

from vasistas.guard.reads.table import BatchRow

FAULTS_MAX = 1000
RESTORE = "Restore this row from a backup, find out who wrote to the database, and see docs/runbooks/broken-chain.md."


@dataclass(frozen=True)
class Fault:
    """code: entry.changed, entry.missing, entry.reordered, entry.unknown, batch.changed, batch.missing, chain.cut,
    chain.rewritten, checkpoint.changed, checkpoint.missing, key.unknown. words: what, and what to do.
    """

    code: str
    words: str
    entry: int | None = None
    batch: int | None = None


@dataclass
class Verified:
    """entries: read and found sound. gone: deleted by retention. waiting: not yet in the chain."""

    entries: int = 0
    gone: int = 0
    waiting: int = 0
    batches: int = 0
    checkpoints: int = 0
    head: BatchRow | None = None
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.faults
