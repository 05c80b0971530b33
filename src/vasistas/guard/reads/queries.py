"""Questions to the read log: who read about me, was I in it, where does the chain stand, prove one entry."""

from dataclasses import dataclass
from datetime import datetime

from vasistas.guard import subjects
from vasistas.guard.purposes import processing
from vasistas.guard.reads import entries, merkle, operations, table
from vasistas.guard.reads.models import Checkpoint, Entry, SigningKey
from vasistas.guard.reads.table import BatchRow, CheckpointRow

READS_SHOWN_MAX = 500


class NotSealed(LookupError):  # noqa: N818 — refusals read as facts
    """The entry is not in the chain yet; the sealer comes by every two seconds."""


@dataclass(frozen=True)
class Read:
    """One read, as it is shown to the person. actor_kind: member, visitor, staff, worker, operator; `is_run`: one of
    many people, in one go. fields: "accounts.Member.email". rows: of all people, in a run.
    """

    entry_id: int
    at: datetime
    purpose: str
    reason: str
    actor_kind: str
    fields: tuple[str, ...]
    rows: int
    is_run: bool


@dataclass(frozen=True)
class Proof:
    """That an entry stands in the chain. path: see merkle.verify_inclusion(); all digests are 32 bytes."""

    entry_id: int
    leaf: bytes
    batch: int
    index: int
    count: int
    path: tuple[bytes, ...]
    root: bytes

    def holds(self) -> bool:
        return merkle.verify_inclusion(self.leaf, self.index, self.count, self.path, self.root)


@dataclass(frozen=True)
class SignedHead:
    """The latest checkpoint as it stands in the table. public: 32 bytes, the key that signed. Bytes are digests and an
    Ed25519 signature; `message` is what was signed.
    """

    row: CheckpointRow
    public: bytes

    @property
    def message(self) -> bytes:
        return operations.signed(self.row.seq, self.row.chained, self.row.at)


@processing("audit")
def reads_of(subject_id: int, *, limit: int = READS_SHOWN_MAX, by: str = "") -> list[Read]:
    """Return who read this subject's data, newest first: reads of theirs alone, and runs that they were in.

    by: readers of this kind alone ("staff"). None, once the subject's key is destroyed: nothing links them to an audit
    id any more.
    """
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id)
    if not audit_id:
        return []
    every = Entry.objects.filter(actor_kind=by) if by else Entry.objects.all()
    found = [
        _read(entry)
        for is_waiting in (True, False)  # each has its index
        for entry in every.filter(batch__isnull=is_waiting, subject=audit_id).order_by("-pk")[:limit]
    ]
    runs = every.filter(subjects__isnull=False).order_by("-pk")
    for entry in runs.iterator(chunk_size=50):
        if len(found) >= 2 * limit:
            break
        if entries.is_in(bytes(entry.subjects or b""), audit_id):
            found.append(_read(entry))
    return sorted(found, key=lambda read: -read.entry_id)[:limit]


@processing("audit")
def was_in_run(entry_id: int, subject_id: int) -> bool:
    """Whether a run read data of this subject.

    Raises: Entry.DoesNotExist: there is no such entry, or retention has deleted it.
    """
    packed = Entry.objects.values_list("subjects", flat=True).get(pk=entry_id)
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id, "")
    return packed is not None and entries.is_in(bytes(packed), audit_id)


@processing("audit")
def is_about(entry_id: int, subject_id: int) -> bool:
    """Whether an entry tells of this subject, alone or in a run; False also where there is no such entry."""
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id, "")
    entry = Entry.objects.filter(pk=entry_id).only("subject", "subjects").first()
    if entry is None or not audit_id:
        return False
    return entry.subject == audit_id or (entry.subjects is not None and entries.is_in(bytes(entry.subjects), audit_id))


@processing("audit")
def latest_checkpoint() -> SignedHead | None:
    """Return the signed head of the chain, or None while nothing was sealed."""
    newest = Checkpoint.objects.order_by("-seq").values_list("seq", flat=True).first()
    if newest is None:
        return None
    row = next(iter(table.read(CheckpointRow, "seq = %s", [newest])))
    public = SigningKey.objects.values_list("public", flat=True).get(pk=row.key_id)
    return SignedHead(row, bytes(public))


@processing("audit")
def proof_of(entry_id: int) -> Proof:
    """Return the proof that an entry stands in its batch. The batch's root is under every later checkpoint.

    Raises: Entry.DoesNotExist: there is no such entry. NotSealed: it is waiting.
    """
    seq = Entry.objects.values_list("batch", flat=True).get(pk=entry_id)
    if seq is None:
        raise NotSealed(f"Entry {entry_id} is not in the chain yet. Ask again in two seconds.")
    batch = next(iter(table.read(BatchRow, "seq = %s", [seq])))
    leaves = batch.split_leaves()
    index = batch.unpack_ids().index(entry_id)
    path = tuple(merkle.proof(leaves, index))
    own_leaf = next(iter(entries.leaves_of([entry_id])))
    return Proof(entry_id, own_leaf, seq, index, batch.count, path, batch.root)


def _read(entry: Entry) -> Read:
    return Read(
        entry_id=entry.pk,
        at=entry.at,
        purpose=entry.purpose,
        reason=entry.reason,
        actor_kind=entry.actor_kind,
        fields=tuple(entry.mask.split()),
        rows=entry.count,
        is_run=entry.subjects is not None,
    )
