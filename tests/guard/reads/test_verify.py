"""Whatever somebody with the database changes, verifying finds and names; what the law deletes, it does not."""

import datetime as dt
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.guard.reads.log import plant, sql
from vasistas.guard.reads import entries, keys, merkle, operations, queries, table, walk
from vasistas.guard.reads.faults import Verified
from vasistas.guard.reads.models import Batch, Checkpoint, Entry, SigningKey
from vasistas.guard.reads.verify import verify

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Eight entries in batches of three, three and two."""
    monkeypatch.setattr(operations, "LEAVES_MAX", 3)
    ids = plant(8, at=NOW)
    operations.seal_pending(at=NOW)
    return ids


def found(**options: Any) -> Verified:
    return verify(at=NOW + dt.timedelta(days=1), **options)


def faults(**options: Any) -> list[tuple[str, int | None, int | None]]:
    return [(fault.code, fault.entry, fault.batch) for fault in found(**options).faults]


def test_untouched_chain_is_sound(planted):
    whole = found()

    assert (whole.faults, whole.notes, whole.entries, whole.batches, whole.checkpoints) == ([], [], 8, 3, 1)
    assert whole.head is not None
    assert whole.head.seq == 3


def test_empty_chain_is_sound():
    assert found() == Verified()


# -- Entries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-22 12:00:01"),
        ("purpose", "moderate"),
        ("reason", "ticket 99"),
        ("actor_kind", "worker"),
        ("actor", "lea"),
        ("subject", "max"),
        ("mask", ""),
        ("count", 2),
        ("fingerprint", "0" * 64),
        ("subjects", b"x"),
        ("salt", bytes(16)),
    ],
)
def test_changed_entry_is_named(planted, column, value):
    sql(f'UPDATE reads_entry SET "{column}" = %s WHERE id = %s', [value, planted[4]])

    (fault,) = found().faults
    assert (fault.code, fault.entry, fault.batch) == ("entry.changed", planted[4], 2)
    assert fault.words.startswith(
        f"Entry {planted[4]} of batch 2 is not what was sealed: it was changed. Restore this row"
    )


@pytest.mark.parametrize("batch", [None, 1, 99])
def test_entry_that_says_another_batch_is_named(planted, batch):
    sql("UPDATE reads_entry SET batch = %s WHERE id = %s", [batch, planted[4]])

    assert faults() == [("entry.changed", planted[4], 2)]


@pytest.mark.parametrize("place", [0, 4, 7])
def test_missing_entry_is_named(planted, place):
    sql("DELETE FROM reads_entry WHERE id = %s", [planted[place]])

    assert faults() == [("entry.missing", planted[place], place // 3 + 1)]
    assert found().entries == 7


@pytest.mark.parametrize("places", [(0, 1), (1, 7)])
def test_reordered_entries_are_named(planted, places):
    one, other = (planted[place] for place in places)
    for before, after in ((one, -1), (other, one), (-1, other)):
        sql("UPDATE reads_entry SET id = %s WHERE id = %s", [after, before])

    named = found().faults
    assert sorted((fault.code, fault.entry) for fault in named if fault.code == "entry.reordered") == [
        ("entry.reordered", one),
        ("entry.reordered", other),
    ]
    assert f"Entry {other} stands in the place of entry {one}: they were reordered." in named[0].words


def test_entry_moved_to_the_end_is_named(planted):
    sql("UPDATE reads_entry SET id = id + 100 WHERE id = %s", [planted[1]])

    assert faults() == [("entry.reordered", planted[1] + 100, 1)]


@pytest.mark.parametrize("offset", [-1_000_000, 1_000_000])
def test_added_entry_is_named(planted, offset):
    columns = ", ".join(f'"{name}"' for name in entries.WRITTEN)
    source = f"SELECT id + %s, batch, {columns} FROM reads_entry WHERE id = %s"
    sql(f"INSERT INTO reads_entry (id, batch, {columns}) {source}", [offset, planted[4]])

    assert faults() == [("entry.reordered", planted[4] + offset, 2)] or faults() == [
        ("entry.unknown", planted[4] + offset, 2)
    ]


def test_entries_deleted_by_law_are_no_fault(planted):
    sql("DELETE FROM reads_entry WHERE id < %s", [planted[5]])
    later = NOW + dt.timedelta(days=366)

    whole = verify(at=later)
    assert (whole.faults, whole.gone, whole.entries) == ([], 5, 3)
    assert len(found().faults) == 5


def test_late_entry_with_a_lower_id_is_no_fault(planted):
    """PostgreSQL gives ids before it commits: a slow writer comes after entries with higher ids were sealed."""
    highest = max(planted)
    plant(4, at=NOW)
    sql("UPDATE reads_entry SET id = id + 10 WHERE id > %s", [highest])
    operations.seal_pending(at=NOW)
    (late,) = plant(1, at=NOW)
    sql("UPDATE reads_entry SET id = %s WHERE id = %s", [highest + 1, late])
    operations.seal_pending(at=NOW)

    assert found().faults == []
    assert found().entries == 13


def test_pieces_of_the_walk_fit_together(planted, monkeypatch):
    monkeypatch.setattr(walk, "TOGETHER_MAX", 1)
    test_late_entry_with_a_lower_id_is_no_fault(planted)


# -- Batches and the chain --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-22 12:00:01"),
        ("earliest_at", "2026-11-22 11:59:59"),
        ("count", 4),
        ("ids", bytes(24)),
        ("leaves", bytes(96)),
        ("root", bytes(32)),
        ("root", b""),
        ("leaves", b"cut"),
    ],
)
def test_changed_batch_is_named(planted, column, value):
    sql(f'UPDATE reads_batch SET "{column}" = %s WHERE seq = 2', [value])

    (fault,) = found().faults
    assert (fault.code, fault.batch) == ("batch.changed", 2)
    assert "Batch 2 is not what was sealed after batch 1" in fault.words


def test_changed_link_is_named(planted):
    sql("UPDATE reads_batch SET chained = %s WHERE seq = 2", [bytes(32)])

    assert faults() == [("batch.changed", None, 2)]


def test_rewritten_batch_is_named_at_the_next_link(planted):
    """Somebody changes an entry and makes its batch fit."""
    sql("UPDATE reads_entry SET reason = 'nothing' WHERE id = %s", [planted[4]])
    one, two = list(table.read(table.BatchRow))[:2]
    leaves = list(entries.leaves_of(planted[3:6]))
    forged = replace(two, leaves=b"".join(leaves), root=merkle.root(leaves))
    forged = replace(forged, chained=operations.chained(one.chained, forged))
    Batch.objects.filter(seq=2).update(leaves=forged.leaves, root=forged.root, chained=forged.chained)

    assert faults() == [("batch.changed", None, 3)]


def test_rewritten_chain_is_named_at_its_signature(planted):
    """Somebody changes the last entry and makes all fit but the signature."""
    sql("UPDATE reads_entry SET reason = 'nothing' WHERE id = %s", [planted[7]])
    two, three = list(table.read(table.BatchRow))[1:]
    leaves = list(entries.leaves_of(planted[6:]))
    forged = replace(three, leaves=b"".join(leaves), root=merkle.root(leaves))
    forged = replace(forged, chained=operations.chained(two.chained, forged))
    Batch.objects.filter(seq=3).update(leaves=forged.leaves, root=forged.root, chained=forged.chained)
    assert faults() == [("chain.rewritten", None, 3)]

    Checkpoint.objects.update(chained=forged.chained)
    assert faults() == [("checkpoint.changed", None, 3)]

    Checkpoint.objects.all().delete()
    assert faults() == [("checkpoint.missing", None, 1)]


def test_missing_batch_is_named(planted):
    sql("DELETE FROM reads_batch WHERE seq = 2")

    assert faults() == [("batch.missing", None, 2)]


def test_cut_tail_is_named(planted):
    sql("DELETE FROM reads_batch WHERE seq = 3")
    assert faults() == [("chain.cut", planted[6], 3), ("chain.cut", planted[7], 3), ("chain.cut", None, 3)]

    sql("DELETE FROM reads_entry WHERE batch = 3")
    assert faults() == [("chain.cut", None, 3)]


def test_chain_that_is_gone_altogether_is_named(planted):
    sql("DELETE FROM reads_batch")

    assert [fault for fault in faults() if fault[1] is None] == [("chain.cut", None, 3)]


def test_tail_cut_without_a_trace_is_named_by_a_checkpoint_kept_outside(planted):
    kept = queries.latest_checkpoint()
    assert kept is not None
    assert faults(head=kept.row) == []
    for text in (
        "DELETE FROM reads_entry WHERE batch = 3",
        "DELETE FROM reads_batch WHERE seq = 3",
        "DELETE FROM reads_checkpoint",
    ):
        sql(text)
    two = next(iter(table.read(table.BatchRow, "seq = 2")))
    operations._sign(two, *keys.signing_key(at=NOW))  # even the key was in their hands
    assert faults() == []

    assert faults(head=kept.row) == [("chain.cut", None, 3)]


def test_chain_made_anew_is_named_by_a_checkpoint_kept_outside(planted):
    kept = queries.latest_checkpoint()
    assert kept is not None
    for text in ("DELETE FROM reads_batch", "DELETE FROM reads_checkpoint", "UPDATE reads_entry SET batch = NULL"):
        sql(text)
    sql("UPDATE reads_entry SET reason = 'nothing' WHERE id = %s", [planted[0]])
    operations.seal_pending(at=NOW)
    assert faults() == []

    assert faults(head=kept.row) == [("chain.rewritten", None, 3)]


# -- Signatures and keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "2026-11-22 12:00:01"), ("signature", bytes(64)), ("signature", b""), ("key_id", "0" * 16)],
)
def test_bad_signature_is_named(planted, column, value):
    sql(f'UPDATE reads_checkpoint SET "{column}" = %s', [value])

    assert faults() == [("checkpoint.changed", None, 3)]


@pytest.mark.parametrize(
    ("column", "value"),
    [("public", bytes(32)), ("at", "2026-11-22 12:00:01"), ("from_seq", 0), ("previous", "0" * 16), ("signature", b"")],
)
def test_changed_key_is_named_and_nothing_it_signed_is_believed(planted, column, value):
    sql(f'UPDATE reads_signingkey SET "{column}" = %s', [value])

    assert [code for code, *_rest in faults()] == ["key.unknown", "checkpoint.changed"]


def test_key_that_somebody_adds_is_not_believed(planted):
    theirs = Ed25519PrivateKey.generate()
    keys._record(theirs, at=NOW, previous=SigningKey.objects.get(), before=None)
    key_id = keys.id_of(keys._public(theirs))
    three = list(table.read(table.BatchRow))[2]
    Checkpoint.objects.all().delete()
    operations._sign(three, key_id, theirs)

    assert [code for code, *_rest in faults()] == ["key.unknown", "checkpoint.changed"]


def test_old_key_may_not_sign_after_it_handed_over(planted):
    _key_id, old = keys.signing_key(at=NOW)
    old_id = SigningKey.objects.get().key_id
    operations.hand_over(at=NOW)
    plant(1, at=NOW)
    operations.seal_pending(at=NOW)
    assert faults() == []
    four = list(table.read(table.BatchRow))[3]
    Checkpoint.objects.filter(seq=4).delete()
    operations._sign(four, old_id, old)

    (fault,) = found().faults
    assert (fault.code, fault.batch) == ("checkpoint.changed", 4)
    assert "whose turn it was not" in fault.words


# -- Any byte ---------------------------------------------------------------------------------------------------------

STORED: dict[str, tuple[str, ...]] = {
    "reads_entry": ("id", "batch", *entries.WRITTEN),
    "reads_batch": ("seq", "at", "earliest_at", "count", "ids", "leaves", "root", "chained"),
}
KEYS = {"reads_entry": "id", "reads_batch": "seq"}


def other(value: Any, place: int, bit: int) -> Any:
    """The value with one byte of it changed, as it could still stand in its column."""
    if isinstance(value, bytes):
        position = place % (len(value) or 1)
        return bytes([*value[:position], (value[position] if value else 0) ^ (1 << bit), *value[position + 1 :]])
    if isinstance(value, int):
        return value ^ (1 << bit)
    if value is None:
        return bytes([bit])
    if isinstance(value, dt.datetime):
        return value + dt.timedelta(seconds=(1 << bit))
    position = place % (len(value) or 1)
    return value[:position] + chr((ord(value[position]) if value else 0x60) ^ (1 << bit % 5)) + value[position + 1 :]


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([(name, column) for name, columns in STORED.items() for column in columns]),
    st.integers(0, 7),
    st.integers(0, 200),
    st.integers(0, 7),
)
def test_any_byte_that_changes_is_found(planted, stored, row, place, bit):
    name, column = stored
    rows = planted if name == "reads_entry" else [1, 2, 3]
    key = rows[row % len(rows)]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT "{column}" FROM {name} WHERE {KEYS[name]} = %s', [key])
            value = cursor.fetchone()[0]
        changed = other(value, place, bit)
        if KEYS[name] == column and changed in rows:
            changed += 1_000  # two rows cannot share a key; reordering has its own test
        sql(f'UPDATE {name} SET "{column}" = %s WHERE {KEYS[name]} = %s', [changed, key])
        assert not found().is_sound, f"{name}.{column} of {key}: {value!r} became {changed!r}"
        transaction.set_rollback(True)
    assert found().is_sound


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL takes no text that is no text")
@pytest.mark.parametrize(("name", "code"), [("reads_entry", "entry.changed"), ("reads_batch", "batch.changed")])
def test_text_that_is_no_text_any_more_is_named(planted, name, code):
    column = "reason" if name == "reads_entry" else "at"
    key = planted[1] if name == "reads_entry" else 1
    sql(f"UPDATE {name} SET {column} = CAST(x'ff' AS TEXT) WHERE {KEYS[name]} = %s", [key])

    assert [fault for fault, *_rest in faults()] == [code]


def test_findings_are_plain_values(planted):
    sql("DELETE FROM reads_entry WHERE id = %s", [planted[0]])

    assert json.loads(json.dumps(asdict(found().faults[0])))["code"] == "entry.missing"
    assert Entry.objects.count() == 7
