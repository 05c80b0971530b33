"""The chain grows without a gap, is signed at its head, forgets entries by the policy and changes keys openly."""

import datetime as dt
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from tests.guard.reads.log import plant, reading
from vasistas.apps.accounts.models import Member
from vasistas.guard import keyring, subjects
from vasistas.guard.policy import get_policy
from vasistas.guard.reads import keys, operations, queries
from vasistas.guard.reads.models import Batch, Checkpoint, Entry, SigningKey
from vasistas.guard.reads.verify import verify

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_waiting_entries_are_sealed_in_order_and_once(monkeypatch):
    monkeypatch.setattr(operations, "LEAVES_MAX", 3)
    planted = plant(7, at=NOW)

    assert operations.seal_pending(at=NOW) == 7
    assert operations.seal_pending(at=NOW) == 0
    planted += plant(1, at=NOW)
    assert operations.seal_pending(at=NOW + dt.timedelta(seconds=2)) == 1

    assert list(Batch.objects.order_by("seq").values_list("seq", "count")) == [(1, 3), (2, 3), (3, 1), (4, 1)]
    assert list(Entry.objects.order_by("pk").values_list("pk", "batch")) == list(
        zip(planted, [1, 1, 1, 2, 2, 2, 3, 4], strict=True)
    )


def test_nothing_to_seal_makes_nothing():
    assert operations.seal_pending(at=NOW) == 0
    assert (Batch.objects.count(), keys.key_file().exists(), queries.latest_checkpoint()) == (0, False, None)


def test_head_is_signed_and_older_checkpoints_thin_out_to_one_an_hour():
    for minutes in (0, 20, 40, 60, 80):
        plant(1)
        operations.seal_pending(at=NOW + dt.timedelta(minutes=minutes))

    assert list(Checkpoint.objects.order_by("seq").values_list("seq", flat=True)) == [3, 5]
    head = queries.latest_checkpoint()
    assert head is not None
    assert (head.row.seq, head.row.at) == (5, "2026-11-22 13:20:00")
    Ed25519PublicKey.from_public_bytes(head.public).verify(head.row.signature, head.message)  # raises unless it fits


def test_each_entry_can_be_proven():
    planted = plant(5)
    operations.seal_pending(at=NOW)

    for place, entry in enumerate(planted):
        proof = queries.proof_of(entry)
        assert (proof.index, proof.count, proof.holds()) == (place, 5, True)

    Entry.objects.filter(pk=planted[2]).update(reason="another")
    assert [queries.proof_of(entry).holds() for entry in planted] == [True, True, False, True, True]


def test_waiting_entry_has_no_proof_yet():
    (entry,) = plant(1)

    with pytest.raises(queries.NotSealed, match=f"Entry {entry} is not in the chain yet"):
        queries.proof_of(entry)


# -- Forgetting -------------------------------------------------------------------------------------------------------


def test_entries_go_after_the_policys_time_and_the_chain_stays_sound(monkeypatch):
    monkeypatch.setattr(operations, "FORGOTTEN_AT_ONCE", 2)
    days = get_policy().retention["read_log"].days_max
    assert days == 365
    plant(5, at=NOW - dt.timedelta(days=days, seconds=1))
    operations.seal_pending(at=NOW - dt.timedelta(days=days, seconds=1))
    young = plant(2, at=NOW - dt.timedelta(days=days))
    operations.seal_pending(at=NOW - dt.timedelta(days=days))

    assert operations.forget_old(NOW) == 5

    assert list(Entry.objects.values_list("pk", flat=True)) == young
    found = verify(at=NOW)
    assert (found.faults, found.entries, found.gone, found.batches) == ([], 2, 5, 2)


def test_after_erasure_the_chain_verifies_and_points_to_nobody(vi, sam):
    with reading("staff", by=sam):
        list(Member.objects.filter(pk=vi.pk).only("display_name"))
    operations.seal_pending(at=timezone.now())
    (entry,) = Entry.objects.all()
    assert [read.entry_id for read in queries.reads_of(vi.subject_id)] == [entry.pk]

    keyring.destroy(vi.subject.key_handle)

    assert subjects.audit_ids_of([vi.subject_id]) == {}
    assert queries.reads_of(vi.subject_id) == []
    assert verify(at=timezone.now()).faults == []


# -- Keys -------------------------------------------------------------------------------------------------------------


def test_first_key_is_made_for_this_account_alone():
    plant(1)
    operations.seal_pending(at=NOW)

    assert stat.S_IMODE(keys.key_file().stat().st_mode) == 0o600
    assert SigningKey.objects.values_list("from_seq", "previous").get() == (1, "")


def test_lost_key_stops_sealing_and_not_verifying():
    plant(1)
    operations.seal_pending(at=NOW)
    keys.key_file().unlink()
    plant(1)

    with pytest.raises(keys.AuditKeyRefused, match=r"is gone, and key \w+ signed this chain. Restore the file"):
        operations.seal_pending(at=NOW)

    assert not keys.key_file().exists()
    found = verify(at=NOW)
    assert (found.faults, found.entries, found.waiting) == ([], 1, 1)
    assert "checked with the public key the database keeps" in found.notes[0]


def test_other_key_in_the_file_stops_sealing():
    plant(1)
    operations.seal_pending(at=NOW)
    keys.key_file().unlink()
    keys._make()
    plant(1)

    with pytest.raises(keys.AuditKeyRefused, match="or run `vasistas audit rekey --yes`"):
        operations.seal_pending(at=NOW)


@pytest.mark.parametrize(
    ("mode", "content", "words"),
    [(0o640, None, "open to other accounts"), (0o600, b"no key", "is no key"), (0o600, b"", "is no key")],
)
def test_key_that_is_open_or_cut_is_refused(mode, content, words):
    plant(1)
    operations.seal_pending(at=NOW)
    if content is not None:
        keys.key_file().write_bytes(content)
    keys.key_file().chmod(mode)
    plant(1)

    with pytest.raises(keys.AuditKeyRefused, match=words):
        operations.seal_pending(at=NOW)
    assert Entry.objects.filter(batch__isnull=True).count() == 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_new_key_takes_over_and_all_that_was_signed_stays_verifiable(is_lost):
    plant(1)
    operations.seal_pending(at=NOW)
    old = SigningKey.objects.get().key_id
    if is_lost:
        keys.key_file().unlink()

    new = operations.hand_over(at=NOW)
    plant(1)
    operations.seal_pending(at=NOW + dt.timedelta(hours=1))

    assert (new.previous, new.from_seq, bool(new.countersignature)) == (old, 2, not is_lost)
    assert list(Checkpoint.objects.order_by("seq").values_list("seq", "key_id")) == [(1, old), (2, new.key_id)]
    found = verify(at=NOW)
    assert (found.faults, found.notes, found.entries) == ([], [], 2)
    assert len(list(keys.key_file().parent.glob("audit.*.old"))) == (0 if is_lost else 1)


def test_key_takes_over_twice_between_two_batches():
    plant(1)
    operations.seal_pending(at=NOW)
    for _time in range(2):
        operations.hand_over(at=NOW)
    plant(1)
    operations.seal_pending(at=NOW)

    assert verify(at=NOW).faults == []


def test_there_is_nothing_to_take_over_at_first():
    with pytest.raises(keys.AuditKeyRefused, match="nothing to take over"):
        operations.hand_over(at=NOW)
