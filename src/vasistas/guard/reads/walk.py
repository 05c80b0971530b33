"""The walk along the batches: each against the one before, their entries in pieces against the leaves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Sum

from vasistas.guard.reads import entries, merkle, operations
from vasistas.guard.reads.faults import FAULTS_MAX, RESTORE, Fault, Verified
from vasistas.guard.reads.models import Batch, Entry
from vasistas.guard.reads.table import BatchRow

TOGETHER_MAX = 2 * operations.LEAVES_MAX  # leaves looked at in one go
SUSPECTS_MAX = 200  # changed and missing entries compared with each other, to tell an exchange from a change
ID_BYTES = 8
ID_MIN, ID_MAX = -(2**63), 2**63 - 1


@dataclass
class _Suspect:
    """An entry that does not fit. row: as it stands, in canonical form and with its batch. leaf: what was sealed."""

    code: str
    entry: int
    batch: int | None
    row: Sequence[Any] | None = None
    leaf: bytes = b""


class Walk:
    """Give it every batch in order of number, then end(). since: entries before this moment may be gone."""

    def __init__(self, found: Verified, *, since: str) -> None:
        self._found = found
        self._since = since
        self._previous: tuple[bytes, ...] = (operations.GENESIS,)  # what the next batch may chain to
        self._seq = 0
        self._together: list[BatchRow] = []
        self._reached = ID_MIN - 1  # every entry up to this id was looked at
        self._strays: dict[int, Sequence[Any]] = {}  # sealed entries that no batch has claimed so far
        self._broken: set[int] = set()  # batches that are missing or were changed
        self._suspects: list[_Suspect] = []

    def take(self, batch: BatchRow) -> None:
        """Check one batch against the one before; its entries when enough of them are together."""
        self._found.batches += 1
        is_next = batch.seq == self._seq + 1
        links = {operations.chained(previous, batch) for previous in self._previous} if _is_shaped(batch) else set()
        if is_next and batch.chained in links:
            self._previous = (batch.chained,)
            self._found.head = batch
            self._together.append(batch)
            if sum(one.count for one in self._together) >= TOGETHER_MAX:
                self._check_together()
        else:
            self._break(batch, is_next=is_next)
            self._previous = (batch.chained, *links) if is_next else (batch.chained,)
        self._seq = batch.seq

    def end(self) -> None:
        """Look at what is left, and name all that does not fit."""
        self._check_together()
        self._check_beyond()
        self._name_strays()
        self._name_suspects()

    def _break(self, batch: BatchRow, *, is_next: bool) -> None:
        if is_next:
            self._broken.add(batch.seq)
            words = f"Batch {batch.seq} is not what was sealed after batch {self._seq}: one of its columns was changed."
            self._fault("batch.changed", words, batch=batch.seq)
        else:
            self._broken.update(range(self._seq + 1, min(batch.seq, self._seq + FAULTS_MAX)))
            words = f"Batches {self._seq + 1} to {batch.seq - 1} are missing."
            self._fault("batch.missing", words, batch=self._seq + 1)
        if not _is_shaped(batch):
            return
        claimed = Entry.objects.filter(batch=batch.seq).order_by("pk").values_list("pk", flat=True)
        leaves = [entries.leaf_of(row[:-1]) for row in _rows_of(list(claimed[: batch.count + 1]))]
        if merkle.root(leaves) == batch.root:
            self._found.entries += len(leaves)  # they are as they were sealed: it was the batch that was changed
            self._broken.add(batch.seq)
        elif merkle.root(batch.split_leaves()) == batch.root:
            self._compare(batch, {row[0]: row for row in _rows_of(batch.unpack_ids())})
        else:
            self._broken.add(batch.seq)  # it says nothing about its entries any more

    # -- Entries ------------------------------------------------------------------------------------------------------

    def _check_together(self) -> None:
        batches, self._together = self._together, []
        if not batches:
            return
        ids = list(chain.from_iterable(batch.unpack_ids() for batch in batches))
        lowest, highest = self._reached + 1, max(ids)
        self._reached = max(self._reached, highest)
        if _are_sound(batches, ids, lowest, highest):
            self._found.entries += len(ids)
            return
        rows = {row[0]: row for row in _rows_between(lowest, highest)}
        late = [one for one in ids if one not in rows and one < lowest]  # came after entries with higher ids
        rows |= {row[0]: row for row in _rows_of(late)}
        for batch in batches:
            self._compare(batch, rows)
        claimed = set(ids)
        for one in claimed & self._strays.keys():
            del self._strays[one]
        self._strays |= {one: row for one, row in rows.items() if one not in claimed and row[-1] is not None}

    def _compare(self, batch: BatchRow, rows: dict[int, Sequence[Any]]) -> None:
        for entry, leaf in zip(batch.unpack_ids(), batch.split_leaves(), strict=True):
            row = rows.get(entry)
            if row is None and batch.earliest_at < self._since:
                self._found.gone += 1
            elif row is None:
                self._suspects.append(_Suspect("entry.missing", entry, batch.seq, None, leaf))
            elif entries.leaf_of(row[:-1]) != leaf:
                self._suspects.append(_Suspect("entry.changed", entry, batch.seq, row, leaf))
            else:
                self._found.entries += 1
                if row[-1] != batch.seq:
                    words = f"Entry {entry} was sealed in batch {batch.seq}, and its row says {row[-1] or 'none'}."
                    self._fault("entry.changed", words, entry=entry, batch=batch.seq)

    def _check_beyond(self) -> None:
        """Sealed entries after the last one of the last batch; those sealed meanwhile are no matter."""
        beyond = Entry.objects.filter(pk__gt=self._reached, batch__isnull=False).order_by("pk")
        for entry in beyond.only("pk", "batch")[: FAULTS_MAX + len(self._broken)]:
            seq = entry.batch or 0
            if 0 < seq <= self._seq:
                self._strays |= {row[0]: row for row in _rows_of([entry.pk])}
            elif not Batch.objects.filter(seq=seq).exists():
                words = (
                    f"Entry {entry.pk} was sealed in batch {seq}; the chain ends at {self._seq}: its end was cut off."
                )
                self._fault("chain.cut", words, entry=entry.pk, batch=seq)

    # -- Names --------------------------------------------------------------------------------------------------------

    def _name_strays(self) -> None:
        for entry, row in self._strays.items():
            seq = row[-1]
            if seq in self._broken:
                continue  # named with the batch
            if 0 < seq <= self._seq or not Batch.objects.filter(seq=seq).exists():
                self._suspects.append(_Suspect("entry.unknown", entry, seq, row))

    def _name_suspects(self) -> None:
        """An entry whose content fits another place was moved there; the others were changed, added or deleted."""
        exchanged = self._exchanged()
        taken = set(exchanged.values())
        said = {
            "entry.missing": "is missing, and is not old enough to be gone",
            "entry.changed": "is not what was sealed: it was changed",
            "entry.unknown": "was never sealed, though its row says so: somebody added it",
        }
        for one in self._suspects:
            if one.entry in exchanged:
                words = f"Entry {exchanged[one.entry]} stands in the place of entry {one.entry}: they were reordered."
                self._fault("entry.reordered", words, entry=one.entry, batch=one.batch)
            elif one.code != "entry.missing" or one.entry not in taken:
                words = f"Entry {one.entry} of batch {one.batch} {said[one.code]}."
                self._fault(one.code, words, entry=one.entry, batch=one.batch)

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
        self._found.faults.append(Fault(code, f"{words} {RESTORE}", entry, batch))


def _is_shaped(batch: BatchRow) -> bool:
    """Whether its columns fit each other, so that they can be read at all."""
    blobs = (batch.ids, batch.leaves, batch.root, batch.chained)
    return (
        all(isinstance(blob, bytes) for blob in blobs)
        and isinstance(batch.count, int)
        and batch.count > 0
        and len(batch.ids) == ID_BYTES * batch.count
        and len(batch.leaves) == merkle.DIGEST_BYTES * batch.count
    )


def _are_sound(batches: list[BatchRow], ids: list[int], lowest: int, highest: int) -> bool:
    """Whether the sealed entries in between are those of these batches, as they were sealed, each in its batch."""
    sealed = b"".join(batch.leaves for batch in batches)
    if ids != sorted(ids):  # some came after entries with higher ids
        leaves = chain.from_iterable(batch.split_leaves() for batch in batches)
        sealed = b"".join(leaf for _id, leaf in sorted(zip(ids, leaves, strict=True)))
    try:
        if entries.sealed_between(lowest, highest) != (sorted(ids), sealed):
            return False
    except DatabaseError:  # a text that is no text any more
        return False
    seqs = Entry.objects.filter(pk__range=(lowest, highest)).aggregate(sum=Sum("batch"))["sum"]
    return bool(seqs == sum(batch.seq * batch.count for batch in batches))


def _rows_between(lowest: int, highest: int) -> list[Sequence[Any]]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(entries.select("id BETWEEN %s AND %s", "batch"), [lowest, highest])
            return list(cursor.fetchall())
    except DatabaseError:  # see above: the others one by one
        found = Entry.objects.filter(pk__range=(lowest, highest)).values_list("pk", flat=True)
        return list(_rows_of(sorted(found)))


def _rows_of(ids: Iterable[int]) -> Iterator[Sequence[Any]]:
    sql = entries.select("id = %s", "batch")
    for one in ids:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, [one])
                rows = cursor.fetchall()
        except (DatabaseError, OverflowError):  # OverflowError: no id of this table
            rows = [(one, "unreadable", None)]
        yield from rows
