"""What was read, and the chain over it. Entries carry audit ids, never a person; nothing here points at a subject."""

from typing import ClassVar

from django.db import models

from vasistas.guard.declarations import declare, found_by, not_personal, personal
from vasistas.guard.purposes import REASON_CHARS_MAX

AUDIT_ID_CHARS = 36  # a UUID in text
KEY_ID_CHARS = 16  # hex digits of the SHA-256 of the public key


class Entry(models.Model):
    """One read. With a `subject`: theirs. With `subjects`: a run over many. With neither: a query that loaded no rows.

    `batch` is its place in the chain, NULL until the sealer comes by. No other column changes once it is written.
    """

    batch = models.BigIntegerField(null=True, editable=False)
    at = models.DateTimeField()  # whole seconds: finer times would tell sessions apart
    purpose = models.CharField(max_length=64)
    reason = models.CharField(max_length=REASON_CHARS_MAX, blank=True)
    actor_kind = models.CharField(max_length=16)
    actor = models.CharField(max_length=AUDIT_ID_CHARS, blank=True)
    subject = models.CharField(max_length=AUDIT_ID_CHARS, blank=True)
    mask = models.TextField(blank=True)  # the fields read: "accounts.Member.email chat.Message.text", sorted
    count = models.PositiveIntegerField()  # rows; of a query without rows, how often it ran
    fingerprint = models.CharField(max_length=64, blank=True)  # SHA-256 of SQL texts, without their parameters
    subjects = models.BinaryField(null=True)  # zlib of sorted audit ids, one a line
    salt = models.BinaryField()  # 16 random bytes: without this row its leaf tells nothing

    class Meta:
        verbose_name_plural = "entries"
        indexes: ClassVar = [
            # The sealer, not the request, pays for the index whose places are all over the disk.
            models.Index(fields=["subject"], condition=models.Q(batch__isnull=False), name="reads_entry_subject"),
            models.Index(fields=["id"], condition=models.Q(subjects__isnull=False), name="reads_entry_runs"),
            models.Index(fields=["id"], condition=models.Q(batch__isnull=True), name="reads_entry_waiting"),
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class Batch(models.Model):
    """Up to 4,096 entries under one root. It stays when its entries go, and then names nobody."""

    seq = models.BigIntegerField(primary_key=True)  # 1, 2, 3 … without a gap
    at = models.DateTimeField()
    earliest_at = models.DateTimeField()  # of its entries: from when on they may be gone by retention
    count = models.PositiveIntegerField()
    ids = models.BinaryField()  # of its entries, 8 bytes each, big-endian, ascending
    leaves = models.BinaryField()  # their leaf hashes in the same order, 32 bytes each
    root = models.BinaryField()
    chained = models.BinaryField()  # SHA-256 over the batch before and all of the above: see operations.chain()

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Checkpoint(models.Model):
    """The signed head of the chain. The latest batch always has one; of older ones the last of each hour stays."""

    seq = models.BigIntegerField(primary_key=True)  # of the batch
    chained = models.BinaryField()
    at = models.DateTimeField()
    key_id = models.CharField(max_length=KEY_ID_CHARS)
    signature = models.BinaryField()

    def __str__(self) -> str:
        return f"checkpoint {self.pk}"


class SigningKey(models.Model):
    """The public half of a key that signs checkpoints, and how it took over from the one before."""

    key_id = models.CharField(max_length=KEY_ID_CHARS, primary_key=True)
    public = models.BinaryField()
    at = models.DateTimeField()
    from_seq = models.BigIntegerField()  # the first batch it signs
    previous = models.CharField(max_length=KEY_ID_CHARS, blank=True)
    signature = models.BinaryField()  # its own, over the hand-over: it vouches for the key before
    countersignature = models.BinaryField(blank=True)  # of the key before; empty where that key was lost

    def __str__(self) -> str:
        return f"signing key {self.pk}"


_KEEP = "read_log"

declare(
    "reads.Entry",
    found_by("the audit id in subject, subjects or actor; what links it to a person is sealed with that person's key"),
    batch=not_personal("the place in the chain"),
    at=personal("user.account.activity", keep=_KEEP),
    purpose=not_personal("a key of the policy"),
    reason=personal("user.account.activity", keep=_KEEP),
    actor_kind=not_personal("a kind"),
    actor=personal("user.unique_id.pseudonymous", keep=_KEEP),
    subject=personal("user.unique_id.pseudonymous", keep=_KEEP),
    mask=not_personal("names of fields"),
    count=not_personal("a number"),
    fingerprint=not_personal("a digest of SQL text without parameters"),
    subjects=personal("user.unique_id.pseudonymous", keep=_KEEP),
    salt=not_personal("random bytes"),
)
declare(
    "reads.Batch",
    None,
    seq=not_personal("a number"),
    at=not_personal("when the batch was sealed"),
    earliest_at=not_personal("a time without a person"),
    count=not_personal("a number"),
    ids=not_personal("ids of entries"),
    leaves=not_personal("salted commitments; without the salts, which go with the entries, they say nothing"),
    root=not_personal("a digest"),
    chained=not_personal("a digest"),
)
declare(
    "reads.Checkpoint",
    None,
    seq=not_personal("a number"),
    chained=not_personal("a digest"),
    at=not_personal("when it was signed"),
    key_id=not_personal("which key of the site"),
    signature=not_personal("the site's signature"),
)
declare(
    "reads.SigningKey",
    None,
    key_id=not_personal("which key of the site"),
    public=not_personal("a public key of the site"),
    at=not_personal("when it was made"),
    from_seq=not_personal("a number"),
    previous=not_personal("which key of the site"),
    signature=not_personal("the site's signature"),
    countersignature=not_personal("the site's signature"),
)
