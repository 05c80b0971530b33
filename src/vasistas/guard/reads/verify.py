"""Recompute the whole chain from the tables, and name what does not fit: an entry, a batch, a signature.

Reads in pieces, whatever the length of the chain, and changes nothing. An entry that is gone is a fault while the
policy still keeps entries of its age; an older one is gone by law, and its leaf alone stays.
"""

from datetime import datetime

from vasistas.guard.purposes import processing
from vasistas.guard.reads import head as heads
from vasistas.guard.reads import keys, operations, table
from vasistas.guard.reads.faults import FAULTS_MAX, RESTORE, Fault, Verified
from vasistas.guard.reads.models import Batch, Checkpoint, Entry
from vasistas.guard.reads.table import BatchRow, CheckpointRow, KeyRow
from vasistas.guard.reads.walk import Walk


@processing("audit")
def verify(*, at: datetime, head: CheckpointRow | None = None) -> Verified:
    """Verify entries, batches, checkpoints and keys; also that the chain up to the head kept beside the key, and up to
    `head`, a checkpoint kept outside of the site, was neither cut nor rewritten.

    Raises: AuditKeyRefused: the key file is there and cannot be read.
    """
    found = Verified()
    trusted = _check_keys(found)
    walk = Walk(found, since=table.text_of(operations.kept_since(at)))
    for batch in table.read(BatchRow):
        walk.take(batch)
    walk.end()
    _check_checkpoints(found, trusted)
    for cut in heads.cuts():
        wrong = _wrong_with(cut.head, trusted)
        found.notes.append(f"{cut} Nothing here vouches for that checkpoint: {wrong}" if wrong else str(cut))
    for one in dict.fromkeys([head, _kept(found)]):
        if one is not None:
            _check_against(found, trusted, one)
    found.waiting = Entry.objects.filter(batch__isnull=True).count()
    del found.faults[FAULTS_MAX:]
    return found


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


def _kept(found: Verified) -> CheckpointRow | None:
    """The head that the sealer keeps beside the key."""
    try:
        return heads.kept()
    except (OSError, ValueError):
        words = f"{heads.head_file()} cannot be read, or holds no checkpoint."
        found.faults.append(Fault("checkpoint.changed", f"{words} {RESTORE}"))
        return None


def _check_against(found: Verified, trusted: dict[str, keys.Trusted], head: CheckpointRow) -> None:
    """Compare with a checkpoint that was kept outside of the database. Where a restore is noted, the fault says so; it
    stays one, for a note can be forged by whoever has the folder.
    """
    restored = next((f" The site says: {cut}" for cut in heads.cuts() if cut.covers(head.seq)), "")
    batch = next(iter(table.read(BatchRow, "seq = %s", [head.seq])), None)
    latest = Batch.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    if wrong := _wrong_with(head, trusted):
        found.faults.append(Fault("checkpoint.changed", f"In the file: {wrong} Is it of this site?", batch=head.seq))
    elif batch is None:
        advice = restored or " Restore the backup."
        words = f"The chain reached batch {head.seq} and now ends at {latest}: its end was cut off.{advice}"
        found.faults.append(Fault("chain.cut", words, batch=latest + 1))
    elif batch.chained != head.chained:
        words = f"Batch {head.seq} is not the one in the checkpoint kept outside: the chain was rewritten."
        words += restored or f" {RESTORE}"
        found.faults.append(Fault("chain.rewritten", words, batch=head.seq))
