"""The journal of erasures is on the disk before an erasure begins, and survives a torn line."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Subject
from vasistas.guard import erasure, journal, keyring

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_torn_line_spoils_no_other_line(tmp_path: Path) -> None:
    one, two = uuid4(), uuid4()
    journal.note(tmp_path, one, journal.INTENT, NOW)
    with journal.path_in(tmp_path).open("a") as file:
        file.write('{"at": "2026-')
    journal.note(tmp_path, two, journal.INTENT, NOW)
    journal.note(tmp_path, two, journal.DONE, NOW)

    assert journal.handles(journal.path_in(tmp_path)) == [one, two]
    assert journal.handles(journal.path_in(tmp_path), step=journal.DONE) == [two]
    assert journal.path_in(tmp_path).stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_erase_notes_its_intent_before_it_does_anything_and_names_handles_alone(tmp_path, settings, monkeypatch):
    settings.DATA = tmp_path
    vi = make_member("Vi")
    handle = vi.subject.key_handle

    def fail() -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr(erasure, "plan", fail)
        with pytest.raises(RuntimeError):
            privacy.erase(subject_id=vi.subject_id, at=NOW)
    path = journal.path_in(tmp_path)
    assert (journal.handles(path), journal.handles(path, step=journal.DONE)) == ([handle], [])

    privacy.erase(subject_id=vi.subject_id, at=NOW)

    assert journal.handles(path, step=journal.DONE) == [handle]
    assert "Vi" not in path.read_text()
    assert "vi@" not in path.read_text()


@pytest.mark.django_db
def test_nothing_is_erased_when_the_journal_cannot_be_written(tmp_path, settings):
    settings.DATA = tmp_path
    (tmp_path / "journal").write_text("a file where the folder should be")
    vi = make_member("Vi")

    with pytest.raises(OSError, match="journal"):
        privacy.erase(subject_id=vi.subject_id, at=NOW)

    assert Subject.objects.get(pk=vi.subject_id).state == "active"
    assert keyring.data_key(vi.subject.key_handle, "identity")


@pytest.mark.django_db
def test_replay_erases_who_is_back_and_nobody_else(tmp_path, settings):
    settings.DATA = tmp_path
    vi, max_ = make_member("Vi"), make_member("Max")
    for handle in (vi.subject.key_handle, uuid4()):  # the other came after the backup
        journal.note(tmp_path, handle, journal.DONE, NOW)
    assert privacy.came_back() == [vi.subject.key_handle]

    assert privacy.replay(at=timezone.now()) == 1

    assert privacy.came_back() == []
    assert privacy.rows_of(vi.subject_id) == {}
    assert privacy.rows_of(max_.subject_id) != {}
    assert privacy.replay(at=timezone.now()) == 0
