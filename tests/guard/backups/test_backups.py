"""A site, its backup, an erasure, a restore: with the real commands, in folders of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vasistas.guard.backups import archive, stream
from vasistas.guard.backups.stream import BackupRefused

CLI = "from vasistas.config.cli import main; main()"
SITE = """
import django; django.setup()
from django.core.management import call_command
from vasistas.config import key_store
from vasistas.proof import scene
from vasistas.guard.purposes import processing
key_store.prepare()
call_command("migrate", verbosity=0)
with processing("maintain", reason="a test"):
    print(scene.arrive("Canarybird").subject_id, scene.arrive("Staysbird").subject_id)
"""
ERASE = """
import sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
operations.erase(subject_id=int(sys.argv[1]), at=timezone.now())
"""
SERVE = """
import django
from vasistas.config import serve
serve._prepare()
"""


def run(data: Path, code: str, *words: object) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    env = {**kept, "VASISTAS_DATA": str(data), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings"}
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False)


def good(data: Path, code: str, *words: object) -> str:
    done = run(data, code, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def holds(folder: Path, word: bytes) -> bool:
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_a_restored_backup_opens_only_after_whoever_was_erased_is_erased_again(tmp_path: Path) -> None:
    old, new, out, key = (tmp_path / name for name in ("old", "new", "out", "backup.key"))
    canary, _stays = good(old, SITE).split()
    (old / "uploads").mkdir()
    (old / "uploads" / "still.webp").write_bytes(b"a picture")
    good(old, CLI, "backup", "--new-key", key)
    good(old, CLI, "backup", "--out", out, "--key", key)
    good(old, CLI, "backup", "--keys", "--out", out, "--key", key)
    assert not holds(out, b"Canarybird")
    good(old, ERASE, canary)

    unnamed = run(new, CLI, "restore", only(out, "data-*"), "--key", key)
    assert (unnamed.returncode, "Give --journal" in unnamed.stderr, new.exists()) == (1, True, False)
    journal = old / "journal" / "erasures.jsonl"
    good(new, CLI, "restore", only(out, "data-*"), "--key", key, "--journal", journal)
    good(new, CLI, "restore", only(out, "keys-*"), "--key", key)
    (new / "keys" / "root.key").write_bytes((old / "keys" / "root.key").read_bytes())
    (new / "keys" / "root.key").chmod(0o600)
    assert holds(new, b"Canarybird")  # or the rest would prove nothing
    refused = run(new, SERVE)
    assert "CommandFailed: The database was restored." in refused.stderr
    (new / "journal" / "restored").rename(tmp_path / "mark")  # as if it was put there by hand
    assert "People who were erased are in the database again: 1." in run(new, SERVE).stderr
    (tmp_path / "mark").rename(new / "journal" / "restored")

    assert "Erased again: 1." in good(new, CLI, "restore", "--replay")

    assert not holds(new, b"Canarybird")
    assert holds(new, b"Staysbird")
    assert (new / "uploads" / "still.webp").read_bytes() == b"a picture"
    good(new, SERVE)
    again = run(new, CLI, "restore", only(out, "data-*"), "--key", key)
    assert (again.returncode, "overwrites nothing" in again.stderr) == (1, True)


READ = """
import django; django.setup()
from django.utils import timezone
from vasistas.guard.reads import entries, operations
from vasistas.guard.reads.entries import Draft
from vasistas.guard.purposes import processing
with processing("audit"):
    draft = Draft("staff", "a test", "staff", "sam", "vi", "accounts.Member.display_name", 1)
    entries.write([draft], at=timezone.now())
operations.seal_pending(at=timezone.now())
"""


def test_a_restore_over_the_keys_that_stayed_is_told_by_verify_and_is_no_alarm(tmp_path: Path) -> None:
    """As on a site whose database was lost and whose folder of keys was not: the head there is ahead."""
    data, out, key = (tmp_path / name for name in ("site", "out", "backup.key"))
    good(data, SITE)
    good(data, READ)
    good(data, CLI, "backup", "--new-key", key)
    good(data, CLI, "backup", "--out", out, "--key", key)
    good(data, READ)  # the head goes on, beside the key
    assert "The chain is sound." in good(data, CLI, "audit", "verify")
    good(data, CLI, "audit", "checkpoint", "--out", tmp_path / "outside")
    for name in ("site.sqlite3", "site.sqlite3-wal", "site.sqlite3-shm"):
        (data / name).unlink(missing_ok=True)
    good(data, CLI, "restore", only(out, "data-*"), "--key", key, "--journal-lost")
    assert "chain.cut" in run(data, CLI, "audit", "verify").stdout

    replayed = good(data, CLI, "restore", "--replay")

    assert "were cut off, up to the checkpoint of" in replayed
    verified = good(data, CLI, "audit", "verify")
    assert "Restored at" in verified
    assert "from a backup of" in verified
    assert "The chain is sound." in verified
    outside = run(data, CLI, "audit", "verify", "--checkpoint", tmp_path / "outside")
    assert (outside.returncode, "The site says: Restored at" in outside.stdout) == (1, True)


@pytest.fixture
def backup(tmp_path: Path) -> tuple[Path, bytes]:
    (tmp_path / "site" / "uploads").mkdir(parents=True)
    stream.new_key(tmp_path / "key")
    key = stream.read_key(tmp_path / "key")
    import sqlite3  # noqa: PLC0415 — this fixture alone

    with sqlite3.connect(tmp_path / "site" / "site.sqlite3") as database:
        database.execute("CREATE TABLE words (word)")
    database.close()
    (tmp_path / "site" / "uploads" / "big").write_bytes(os.urandom(3 * stream.CHUNK))
    out = tmp_path / "one.backup"
    archive.write(tmp_path / "site", "data", out, key, at="now")
    return out, key


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda raw: raw[:-1], "its end is missing"),
        (lambda raw: raw[: stream.HEADER_BYTES + 2 * (stream.CHUNK + stream.TAG_BYTES)], "its end is missing"),
        (lambda raw: raw[: stream.HEADER_BYTES], "damaged"),
        (lambda raw: raw[:20], "no backup of Vasistas"),
        (lambda raw: b"", "no backup of Vasistas"),
        (lambda raw: raw + b"more", "was changed"),
        (lambda raw: raw[:2_000_000] + bytes([raw[2_000_000] ^ 1]) + raw[2_000_001:], "was changed"),
    ],
)
def test_a_changed_or_truncated_backup_is_refused_and_leaves_nothing(backup, tmp_path: Path, spoil, words) -> None:
    file, key = backup
    file.write_bytes(spoil(file.read_bytes()))

    with pytest.raises(BackupRefused, match=words):
        archive.restore(file, tmp_path / "new", key, None)

    assert not (tmp_path / "new").exists()


def test_another_key_and_an_existing_target_are_refused(backup, tmp_path: Path) -> None:
    file, key = backup
    with pytest.raises(BackupRefused, match="not the one this backup was made with"):
        archive.restore(file, tmp_path / "new", os.urandom(32), None)
    assert not (tmp_path / "new").exists()
    before = sorted((tmp_path / "site").rglob("*"))
    with pytest.raises(BackupRefused, match="overwrites nothing"):
        archive.restore(file, tmp_path / "site", key, None)
    assert sorted((tmp_path / "site").rglob("*")) == before
    with pytest.raises(BackupRefused, match="overwrites nothing"):
        archive.write(tmp_path / "site", "data", file, key, at="now")


def test_a_key_others_can_read_and_a_key_that_is_none_are_refused(tmp_path: Path) -> None:
    stream.new_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(BackupRefused, match="chmod 600"):
        stream.read_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "key").write_text("none")
    with pytest.raises(BackupRefused, match="64 hexadecimal"):
        stream.read_key(tmp_path / "key")
