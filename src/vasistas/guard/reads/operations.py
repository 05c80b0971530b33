"""Writes of the chain: seal what is waiting, hand over the key, forget what is old."""

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction

from vasistas.guard.policy import limits
from vasistas.guard.purposes import processing
from vasistas.guard.reads import entries, head, keys, merkle, table
from vasistas.guard.reads.models import Batch, Checkpoint, Entry, SigningKey
from vasistas.guard.reads.table import BatchRow, CheckpointRow

LEAVES_MAX = 4096  # entries in one batch
FORGOTTEN_AT_ONCE = 5000  # entries deleted in one transaction
GENESIS = bytes(merkle.DIGEST_BYTES)  # what the first batch chains to
RETENTION = "read_log"
_SEALER = 0x5641_5349_5341_554C  # PostgreSQL's advisory lock of the sealer: "VASISAUL"


@processing("audit")
def seal_pending(*, at: datetime) -> int:
    """Put every waiting entry into a batch, in order of id, and sign the head. Returns how many entries were sealed.

    Raises: AuditKeyRefused: the key is gone or not the last one; entries stay waiting.
    Locks: one sealer at a time, per batch; readers and writers of the log are not held up.
    """
    sealed = 0
    while Entry.objects.filter(batch__isnull=True).exists():
        with transaction.atomic():
            _lock()
            sealed += _seal_batch(at)
    return sealed


@processing("audit")
def hand_over(*, at: datetime) -> SigningKey:
    """Make a new key that signs from the next batch on, vouched for as docs/guard/read-log.md says.

    Raises: AuditKeyRefused: nothing was signed yet.   Locks: as seal_pending().
    """
    with transaction.atomic():
        _lock()
        return keys.hand_over(at=at)


@processing("audit")
def signing_key(*, at: datetime) -> Ed25519PrivateKey:
    """Return the key that signs the chain, for what else the site vouches for (guard/policy/approvals.py).

    Raises: AuditKeyRefused.   Locks: as seal_pending().
    """
    with transaction.atomic():
        _lock()
        return keys.signing_key(at=at)[1]


@processing("audit")
def forget_old(at: datetime) -> int:
    """Delete entries that have reached the policy's age; their batches stay. Returns how many went.

    Walks from the oldest id on, for ids follow time; one that is out of place goes in a later sweep.
    """
    before, gone = kept_since(at), 0
    while True:
        oldest = Entry.objects.order_by("pk").values_list("pk", "at")[:FORGOTTEN_AT_ONCE]
        old = [pk for pk, read_at in oldest if read_at < before]
        if not old:
            return gone
        Entry.objects.filter(pk__in=old).delete()
        gone += len(old)


def kept_since(at: datetime) -> datetime:
    """Return the moment before which entries are gone by the policy's retention."""
    return limits.due_before(RETENTION, at) or datetime.min.replace(tzinfo=UTC)


def chained(previous: bytes, row: BatchRow) -> bytes:
    """Return what a batch's `chained` must be: SHA-256 over previous ‖ root ‖ SHA-256 of the MessagePack array of
    number, times, count, ids and SHA-256 of the leaves.
    """
    leaves = hashlib.sha256(row.leaves).digest()  # so that verifying need not build the tree again
    head = msgspec.msgpack.encode([row.seq, row.at, row.earliest_at, row.count, row.ids, leaves])
    return hashlib.sha256(previous + row.root + hashlib.sha256(head).digest()).digest()


def signed(seq: int, chain: bytes, at: str) -> bytes:
    """Return the message of a checkpoint's signature: five lines of text."""
    return f"vasistas audit checkpoint\n1\n{seq}\n{chain.hex()}\n{at}\n".encode()


@processing("audit")
def sign(message: bytes, *, at: datetime) -> tuple[str, bytes, bytes]:
    """Return the id of the key of the chain, its public half, and its signature over `message`.

    Raises: AuditKeyRefused.   Locks: as seal_pending().
    """
    with transaction.atomic():
        _lock()
        key_id, key = keys.signing_key(at=at)
    return key_id, key.public_key().public_bytes_raw(), key.sign(message)


def _lock() -> None:
    """Until the transaction ends. SQLite's transactions here are IMMEDIATE: one writer at a time as it is."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEALER])


def _seal_batch(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(entries.select("batch IS NULL") + f" LIMIT {LEAVES_MAX}")
        rows = cursor.fetchall()
    if not rows:
        return 0
    key_id, key = keys.signing_key(at=at)
    previous = Batch.objects.order_by("-seq").only("seq", "chained").first()
    ids = [row[0] for row in rows]
    leaves = [entries.leaf_of(row) for row in rows]
    sealed = BatchRow(
        seq=previous.seq + 1 if previous else 1,
        at=table.text_of(at),
        earliest_at=min(row[1] for row in rows),
        count=len(rows),
        ids=table.pack_ids(ids),
        leaves=b"".join(leaves),
        root=merkle.root(leaves),
        chained=b"",
    )
    sealed = replace(sealed, chained=chained(bytes(previous.chained) if previous else GENESIS, sealed))
    times = {name: table.moment_of(getattr(sealed, name)) for name in ("at", "earliest_at")}
    Batch(**{**asdict(sealed), **times}).save(force_insert=True)
    Entry.objects.filter(pk__in=ids).update(batch=sealed.seq)
    _sign(sealed, key_id, key)
    return len(rows)


def _sign(batch: BatchRow, key_id: str, key: Ed25519PrivateKey) -> None:
    """Sign the head, keep it beside the key too, and let go of the checkpoint before it unless that was the last one of
    its hour.
    """
    before, at = Checkpoint.objects.order_by("-seq").first(), table.moment_of(batch.at)
    signature = key.sign(signed(batch.seq, batch.chained, batch.at))
    checkpoint = Checkpoint(seq=batch.seq, chained=batch.chained, at=at, key_id=key_id, signature=signature)
    checkpoint.save(force_insert=True)
    kept = CheckpointRow(batch.seq, batch.at, batch.chained, key_id, signature)
    transaction.on_commit(lambda: head.keep(kept), robust=True)
    if before is not None and before.key_id == key_id and _hour(before.at) == _hour(at):
        before.delete()


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
