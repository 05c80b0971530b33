"""Recompute the whole chain from the tables, and name what does not fit: an entry, a batch, a signature.

Reads in pieces, whatever the length of the chain, and changes nothing. An entry that is gone is a fault while the
policy still keeps entries of its age; an older one is gone by law, and its leaf alone stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from vasistas.guard.purposes import processing
from vasistas.guard.reads import entries, keys, merkle, operations, table
from vasistas.guard.reads.models import Batch, Checkpoint, Entry
from vasistas.guard.reads.table import BatchRow, CheckpointRow, KeyRow

TOGETHER_MAX = 2 * operations.LEAVES_MAX  # leaves looked at in one go
FAULTS_MAX = 1000
SUSPECTS_MAX = 200  # changed and missing entries compared with each other, to tell an exchange from a change
ID_BYTES = 8

RESTORE = "Restore this row from a backup, find out who wrote to the database, and see docs/runbooks/broken-chain.md."


@dataclass(frozen=True)
class Fault:
    """code: entry.changed, entry.missing, entry.reordered, entry.unknown, batch.changed, batch.missing, chain.cut,
    chain.rewritten, checkpoint.changed, checkpoint.missing, key.unknown.
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


@processing("audit")
def verify(*, at: datetime, head: CheckpointRow | None = None) -> Verified:
    """Verify entries, batches, checkpoints and keys; with `head`, a checkpoint kept outside of the database, also that
    the chain up to it was neither cut nor rewritten.

    Raises: AuditKeyRefused: the key file is there and cannot be read.
    """
    found = Verified()
    trusted = _check_keys(found)
    walk = _Walk(found, since=table.text_of(operations.kept_since(at)))
    for batch in table.read(BatchRow):
        walk.take(batch)
    walk.end()
    _check_checkpoints(found, trusted)
    if head is not None:
        _check_against(found, trusted, head)
    found.waiting = Entry.objects.filter(batch__isnull=True).count()
    del found.faults[FAULTS_MAX:]
    return found


# -- Entries and batches ----------------------------------------------------------------------------------------------


@dataclass
class _Suspect:
    """An entry that does not fit. row: as it stands, in canonical form. leaf: what it should hash to."""

    code: str
    entry: int
    batch: int | None
    row: Sequence[Any] | None = None
    leaf: bytes = b""


class _Walk:
    def __init__(self, found: Verified, *, since: str) -> None:
        self._found = found
        self._since = since
        self._previous: tuple[bytes, ...] = (operations.GENESIS,)  # what the next batch may chain to
        self._seq = 0
        self._together: list[BatchRow] = []
        self._leaves = 0
        self._suspects: list[_Suspect] = []

    def take(self, batch: BatchRow) -> None:
        """Check one batch in itself and against the one before; its entries together with those of its neighbours."""
        self._found.batches += 1
        if batch.seq != self._seq + 1:
            missing = f"{self._seq + 1}" if batch.seq == self._seq + 2 else f"{self._seq + 1} to {batch.seq - 1}"
            self._fault("batch.missing", f"Batch {missing} is missing. {RESTORE}", batch=self._seq + 1)
        chained, is_shaped = operations.chained, _is_shaped(batch)
        links = {chained(previous, batch) for previous in self._previous} if is_shaped else set()
        if batch.seq != self._seq + 1 or batch.chained in links:
            self._previous = (batch.chained,)
        else:
            words = f"Batch {batch.seq} is not what was sealed after batch {self._seq}: one of its columns was changed."
            self._fault("batch.changed", f"{words} {RESTORE}", batch=batch.seq)
            self._previous = (batch.chained, *links)
        self._seq = batch.seq
        is_whole = is_shaped and merkle.root(batch.split_leaves()) == batch.root
        if is_whole and batch.chained in links:
            self._found.head = batch
            self._together.append(batch)
            self._leaves += batch.count
            if self._leaves >= TOGETHER_MAX:
                self._check_together()
        elif is_shaped:
            self._check_apart(batch, is_whole=is_whole)

    def end(self) -> None:
        self._check_together()
        self._find_unknown()
        self._name_suspects()

    def _check_together(self) -> None:
        batches, self._together, self._leaves = self._together, [], 0
        if not batches:
            return
        ids = [one for batch in batches for one in batch.unpack_ids()]
        rows = _rows_between(min(ids), max(ids))
        leaves = [entries.leaf_of(row[:-1]) for row in rows]
        is_sound = (
            [row[0] for row in rows] == ids
            and b"".join(leaves) == b"".join(batch.leaves for batch in batches)
            and [row[-1] for row in rows] == [batch.seq for batch in batches for _one in range(batch.count)]
        )
        if is_sound:
            self._found.entries += len(ids)
            return
        by_id = {row[0]: (row, leaf) for row, leaf in zip(rows, leaves, strict=True)}
        for batch in batches:
            self._compare(batch, by_id)

    def _check_apart(self, batch: BatchRow, *, is_whole: bool) -> None:
        """A batch that was changed: its ids may be anything, its entries may still be sound."""
        by_id = {row[0]: (row, entries.leaf_of(row[:-1])) for row in _rows_of(batch.unpack_ids())}
        if not is_whole:
            leaves = [by_id[one][1] for one in batch.unpack_ids() if one in by_id]
            what = f"Batch {batch.seq}: its leaves do not give its root."
            if merkle.root(leaves) == batch.root:
                self._found.entries += len(leaves)
                self._fault(
                    "batch.changed", f"{what} Its entries do: the leaves were changed. {RESTORE}", batch=batch.seq
                )
                return
            self._fault("batch.changed", f"{what} {RESTORE}", batch=batch.seq)
        self._compare(batch, by_id)

    def _compare(self, batch: BatchRow, by_id: dict[int, tuple[Sequence[Any], bytes]]) -> None:
        for entry, leaf in zip(batch.unpack_ids(), batch.split_leaves(), strict=True):
            row, its_leaf = by_id.get(entry, (None, b""))
            if row is None and batch.earliest_at < self._since:
                self._found.gone += 1
            elif row is None:
                self._suspects.append(_Suspect("entry.missing", entry, batch.seq, None, leaf))
            elif its_leaf != leaf:
                self._suspects.append(_Suspect("entry.changed", entry, batch.seq, row, leaf))
            elif row[-1] != batch.seq:
                words = f"Entry {entry} says it is in batch {row[-1]}, and was sealed in batch {batch.seq}."
                self._fault("entry.changed", f"{words} {RESTORE}", entry=entry, batch=batch.seq)
                self._found.entries += 1
            else:
                self._found.entries += 1

    def _find_unknown(self) -> None:
        """Entries that say they were sealed, and that no batch holds; those whose batch is gone."""
        newest = Batch.objects.order_by("-seq").values("seq")[:1]
        for entry, seq in Entry.objects.filter(batch__gt=newest).order_by("pk").values_list("pk", "batch")[:FAULTS_MAX]:
            words = f"Entry {entry} was sealed in batch {seq}, and the chain ends before it: its end was cut off."
            self._fault("chain.cut", f"{words} {RESTORE}", entry=entry, batch=seq)
        if not Batch.objects.exists():
            for entry, seq in Entry.objects.filter(batch__isnull=False).values_list("pk", "batch")[:FAULTS_MAX]:
                self._fault(
                    "chain.cut",
                    f"Entry {entry} was sealed in batch {seq}, and no batch is left. {RESTORE}",
                    entry=entry,
                )
        changed = sum(1 for one in self._suspects if one.row is not None)
        if Entry.objects.filter(batch__lte=self._seq).count() <= self._found.entries + changed:
            return
        known: set[int] = set()
        for batch in table.read(BatchRow):
            known.update(batch.unpack_ids())
        claimed = Entry.objects.filter(batch__lte=self._seq).order_by("pk").values_list("pk", "batch")
        for entry, seq in claimed.iterator(chunk_size=10_000):
            if entry not in known:
                row = next(iter(_rows_of([entry])), None)
                self._suspects.append(_Suspect("entry.unknown", entry, seq, row))

    def _name_suspects(self) -> None:
        """An entry whose content fits another place was moved there; the others were changed, added or deleted."""
        exchanged = self._exchanged()
        taken = set(exchanged.values())
        for one in self._suspects:
            if one.entry in exchanged:
                words = f"Entry {exchanged[one.entry]} stands in the place of entry {one.entry}: they were reordered."
                self._fault("entry.reordered", f"{words} {RESTORE}", entry=one.entry, batch=one.batch)
            elif one.code == "entry.missing" and one.entry not in taken:
                words = f"Entry {one.entry} of batch {one.batch} is missing, and is not old enough to be."
                self._fault(one.code, f"{words} {RESTORE}", entry=one.entry, batch=one.batch)
            elif one.code == "entry.changed":
                words = f"Entry {one.entry} of batch {one.batch} is not what was sealed: it was changed."
                self._fault(one.code, f"{words} {RESTORE}", entry=one.entry, batch=one.batch)
            elif one.code == "entry.unknown":
                words = f"Entry {one.entry} says it is in batch {one.batch}, and was never sealed: somebody added it."
                self._fault(one.code, f"{words} {RESTORE}", entry=one.entry, batch=one.batch)

    def _exchanged(self) -> dict[int, int]:
        """Place where an entry stands -> the entry that belongs elsewhere."""
        moved = [one for one in self._suspects if one.row is not None][:SUSPECTS_MAX]
        places = [one for one in self._suspects if one.leaf][:SUSPECTS_MAX]
        return {
            one.entry: place.entry
            for one in moved
            for place in places
            if one.row is not None
            and place.entry != one.entry
            and entries.leaf_of((place.entry, *one.row[1:-1])) == place.leaf
        }

    def _fault(self, code: str, words: str, *, entry: int | None = None, batch: int | None = None) -> None:
        self._found.faults.append(Fault(code, words, entry, batch))


def _is_shaped(batch: BatchRow) -> bool:
    """Whether its columns fit each other, so that they can be read at all."""
    blobs = (batch.ids, batch.leaves, batch.root, batch.chained)
    return (
        all(isinstance(blob, bytes) for blob in blobs)
        and len(batch.ids) == ID_BYTES * batch.count
        and len(batch.leaves) == merkle.DIGEST_BYTES * batch.count
        and batch.count > 0
    )


def _rows_between(lowest: int, highest: int) -> list[Sequence[Any]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(entries.select("id BETWEEN %s AND %s AND batch IS NOT NULL"), [lowest, highest])
            return list(cursor.fetchall())
    except DatabaseError:  # a text that is no text any more: read the others one by one
        numbers = Entry.objects.filter(pk__range=(lowest, highest), batch__isnull=False).values_list("pk", flat=True)
        return list(_rows_of(sorted(numbers)))


def _rows_of(ids: Iterable[int]) -> Iterator[Sequence[Any]]:
    sql = entries.select("id = %s")
    for one in ids:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, [one])
                yield from cursor.fetchall()
        except (DatabaseError, OverflowError):  # OverflowError: no id of this table
            yield (one, "unreadable", None)


# -- Signatures -------------------------------------------------------------------------------------------------------


def _check_keys(found: Verified) -> dict[str, keys.Trusted]:
    rows = list(table.read(KeyRow))
    private = keys.read()
    if private is None and rows:
        found.notes.append(f"{keys.key_file()} is not there: checked with the public key the database keeps.")
    trusted, unknown = keys.trusted(rows, private.public_key() if private else None)
    found.faults.extend(
        Fault("key.unknown", f"Nothing vouches for the stored key {key_id}: it was added or changed. {RESTORE}")
        for key_id in unknown
    )
    return trusted


def _check_checkpoints(found: Verified, trusted: dict[str, keys.Trusted]) -> None:
    newest = 0
    for checkpoint in table.read(CheckpointRow):
        found.checkpoints += 1
        newest = checkpoint.seq
        if wrong := _wrong_with(checkpoint, trusted):
            found.faults.append(Fault("checkpoint.changed", f"{wrong} {RESTORE}", batch=checkpoint.seq))
            continue
        batch = next(iter(table.read(BatchRow, "seq = %s", [checkpoint.seq])), None)
        if batch is None:
            words = f"Batch {checkpoint.seq} was signed and is gone: the end of the chain was cut off."
            found.faults.append(Fault("chain.cut", f"{words} {RESTORE}", batch=checkpoint.seq))
        elif batch.chained != checkpoint.chained:
            words = f"Batch {checkpoint.seq} is not the one that was signed: the chain was rewritten."
            found.faults.append(Fault("chain.rewritten", f"{words} {RESTORE}", batch=checkpoint.seq))
    latest = Batch.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if latest > newest and not Checkpoint.objects.filter(seq=latest).exists():
        words = f"Batches after {newest} carry no signature: the site did not seal them."
        found.faults.append(Fault("checkpoint.missing", f"{words} {RESTORE}", batch=newest + 1))


def _wrong_with(head: CheckpointRow, trusted: dict[str, keys.Trusted]) -> str:
    key = trusted.get(head.key_id)
    if key is None:
        return f"Checkpoint {head.seq} was signed by key {head.key_id}, which this site does not vouch for."
    if not keys.is_signed(key.public, head.signature, operations.signed(head.seq, head.chained, head.at)):
        return f"Checkpoint {head.seq} does not carry a good signature of key {head.key_id}: it was changed."
    if head.seq < key.from_seq or (key.until_seq is not None and head.seq >= key.until_seq):
        return f"Checkpoint {head.seq} was signed by key {head.key_id}, whose turn it was not."
    return ""


def _check_against(found: Verified, trusted: dict[str, keys.Trusted], head: CheckpointRow) -> None:
    """Compare with a checkpoint that was kept elsewhere."""
    batch = next(iter(table.read(BatchRow, "seq = %s", [head.seq])), None)
    latest = Batch.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if wrong := _wrong_with(head, trusted):
        found.faults.append(Fault("checkpoint.changed", f"In the file: {wrong} Is it of this site?", batch=head.seq))
    elif batch is None:
        words = f"The chain reached batch {head.seq} and now ends at {latest}: its end was cut off. Restore the backup."
        found.faults.append(Fault("chain.cut", words, batch=latest + 1))
    elif batch.chained != head.chained:
        words = f"Batch {head.seq} is not the one in the checkpoint kept outside: the chain was rewritten. {RESTORE}"
        found.faults.append(Fault("chain.rewritten", words, batch=head.seq))
