"""`vasistas audit` says what it found, one line for each, and its exit code means it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection  # noqa: F401 — named in a condition
from django.utils import timezone

from tests.guard.reads.log import plant, sql
from vasistas.config import cli
from vasistas.guard.reads import keys, operations
from vasistas.guard.reads.models import Checkpoint, Entry, SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to name; the database is that of the tests."""
    monkeypatch.setenv("VASISTAS_DATA", str(tmp_path))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    Entry.objects.all().delete()
    return tmp_path


def audit(*arguments: str) -> int:
    """Run the command; returns its exit code."""
    try:
        cli.main(["audit", *arguments])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_verify_seals_what_is_waiting_and_finds_it_sound(capsys):
    plant(3)

    assert audit("verify") == 0

    assert capsys.readouterr().out == (
        "3 entries are as they were sealed, in 1 batches.\n"
        "0 entries are gone by retention; their leaves stay.\n"
        "1 signed checkpoints; 0 entries are waiting for the sealer.\n"
        "The chain is sound.\n"
    )


def test_verify_names_what_was_changed_and_exits_1(capsys):
    planted = plant(3)
    operations.seal_pending(at=timezone.now())
    sql("UPDATE reads_entry SET reason = 'nothing' WHERE id = %s", [planted[1]])

    assert audit("verify") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith(f"entry.changed: Entry {planted[1]} of batch 1 is not what was sealed: it was changed.")
    assert lines[-1] == "The chain is broken: 1 faults."

    assert audit("verify", "--json") == 1
    shown = printed(capsys)
    assert (shown["sound"], shown["entries"]) == (False, 2)
    assert [(fault["code"], fault["entry"], fault["batch"]) for fault in shown["faults"]] == [
        ("entry.changed", planted[1], 1)
    ]


def test_checkpoint_kept_outside_finds_a_cut_tail(capsys, tmp_path):
    kept = tmp_path / "kept.json"
    plant(2)
    assert audit("checkpoint", "--out", str(kept)) == 0
    assert capsys.readouterr().out.startswith("Batch 1 of ")
    assert audit("checkpoint") == 0
    assert printed(capsys) == json.loads(kept.read_text())
    assert audit("verify", "--checkpoint", str(kept)) == 0

    for table in ("reads_entry", "reads_batch", "reads_checkpoint"):
        sql(f"DELETE FROM {table}")
    capsys.readouterr()
    assert audit("verify", "--json") == 0

    assert audit("verify", "--json", "--checkpoint", str(kept)) == 1
    capsys.readouterr().out.splitlines()
    assert Checkpoint.objects.count() == 0


def test_nothing_to_sign_is_said(capsys):
    assert audit("checkpoint") == 1
    assert audit("verify") == 0
    assert capsys.readouterr().out.endswith("The chain is sound.\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file or directory."), ("{}", "is no checkpoint;"), ("x", "is no checkpoint;")],
)
def test_checkpoint_that_is_none_is_refused(content, words, tmp_path):
    file = tmp_path / "kept.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SystemExit, match=words):
        cli.main(["audit", "verify", "--checkpoint", str(file)])


def test_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"is not there\. Name the folder of the site with --data\."):
        cli.main(["audit", "verify", "--data", str(tmp_path / "nowhere")])


def test_lost_key_is_told_and_replaced_on_demand(capsys):
    plant(1)
    operations.seal_pending(at=timezone.now())
    keys.key_file().unlink()
    plant(1)

    assert audit("verify", "--json") == 0
    shown = printed(capsys)
    assert (shown["entries"], shown["waiting"], len(shown["notes"])) == (1, 1, 2)
    assert audit("rekey") == 0
    assert "A new key would be made" in capsys.readouterr().out
    assert SigningKey.objects.count() == 1

    assert audit("rekey", "--yes") == 0
    assert "without its signature" in capsys.readouterr().out
    assert audit("verify", "--json") == 0
    shown = printed(capsys)
    assert (shown["sound"], shown["entries"], shown["waiting"], shown["notes"]) == (True, 2, 0, [])


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL takes no text that is no text")
def test_waiting_entry_that_cannot_be_read_keeps_nothing_else_from_being_verified(capsys):
    plant(1)
    operations.seal_pending(at=timezone.now())
    (waiting,) = plant(1)
    sql("UPDATE reads_entry SET reason = CAST(x'ff' AS TEXT) WHERE id = %s", [waiting])

    assert audit("verify", "--json") == 0
    shown = printed(capsys)
    assert (shown["entries"], shown["waiting"]) == (1, 1)
    assert shown["notes"][0].startswith("Waiting entries cannot be sealed: Could not decode")


def test_rekey_before_anything_was_signed_is_refused():
    with pytest.raises(SystemExit, match=r"There is nothing to take over\."):
        cli.main(["audit", "rekey", "--yes"])
