"""The head kept beside the key tells what somebody with the database alone took away."""

import datetime as dt

import pytest

from tests.guard.reads.log import plant, sql
from vasistas.guard.reads import head, operations
from vasistas.guard.reads.models import Checkpoint
from vasistas.guard.reads.verify import verify

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def codes() -> list[str]:
    return [fault.code for fault in verify(at=NOW + dt.timedelta(days=1)).faults]


GONE = ("DELETE FROM reads_entry", "DELETE FROM reads_batch", "DELETE FROM reads_checkpoint")
CUT = tuple(f"{text} WHERE {where} = 3" for text, where in zip(GONE, ("batch", "seq", "seq"), strict=True))


@pytest.mark.parametrize(
    ("texts", "code"),
    [(CUT, "chain.rewritten"), (GONE, "chain.cut"), ((*GONE, "DELETE FROM reads_signingkey"), "chain.cut")],
    ids=["the end", "all but the keys", "all"],
)
def test_what_was_cut_off_and_sealed_over_by_the_site_is_named(django_capture_on_commit_callbacks, texts, code):
    for _ in range(3):
        plant(2)
        with django_capture_on_commit_callbacks(execute=True):
            operations.seal_pending(at=NOW)
    assert codes() == []
    for text in texts:
        sql(text)

    plant(1)
    with django_capture_on_commit_callbacks(execute=True):
        operations.seal_pending(at=NOW)  # which the site does by itself

    assert codes() == [code]


def test_head_beside_the_key_is_private_and_goes_along(django_capture_on_commit_callbacks):
    for seq in (1, 2):
        plant(1)
        with django_capture_on_commit_callbacks(execute=True):
            operations.seal_pending(at=NOW)
        kept = head.kept()
        assert kept is not None
        assert (kept.seq, head.head_file().stat().st_mode & 0o777) == (seq, 0o600)

    head.head_file().write_text("{}")
    assert codes() == ["checkpoint.changed"]


def test_a_restore_that_cut_the_end_off_is_told_and_is_no_fault(django_capture_on_commit_callbacks):
    def seal() -> None:
        plant(1)
        with django_capture_on_commit_callbacks(execute=True):
            operations.seal_pending(at=NOW)

    seal()
    seal()
    in_backup = Checkpoint.objects.get()
    seal()
    outside = head.kept()
    for text in CUT:
        sql(text)  # what an older backup comes to
    in_backup.save(force_insert=True)
    assert codes() == ["chain.cut"]

    cut = head.note_restored(NOW)

    assert cut is not None
    assert (cut.ends_at, cut.head) == (2, outside)
    found = verify(at=NOW + dt.timedelta(days=1))
    assert (found.faults, found.notes) == ([], [str(cut)])
    assert "batches 3 to 3 were cut off" in found.notes[0]
    assert head.head_file().with_name("audit.head.3").exists()
    assert head.note_restored(NOW) is None

    told = verify(at=NOW + dt.timedelta(days=1), head=outside).faults  # a note can be forged, a checkpoint cannot
    assert [fault.code for fault in told] == ["chain.cut"]
    assert "The site says: Restored at" in told[0].words
    seal()
    assert codes() == []
    assert [one.code for one in verify(at=NOW + dt.timedelta(days=1), head=outside).faults] == ["chain.rewritten"]


def test_a_head_that_the_database_holds_stays(django_capture_on_commit_callbacks):
    plant(1)
    with django_capture_on_commit_callbacks(execute=True):
        operations.seal_pending(at=NOW)

    assert head.note_restored(NOW) is None

    assert head.head_file().exists()
    assert verify(at=NOW + dt.timedelta(days=1)).notes == []
