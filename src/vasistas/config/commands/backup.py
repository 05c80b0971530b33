"""`vasistas backup` and `vasistas restore`: the site as encrypted files, and back, with erasures repeated."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

NAMES = {"data": "data-{at}.backup", "keys": "keys-{at}.backup"}


def add(command: AddCommand) -> None:
    """Add both commands to the parser."""
    backup = command("backup", _backup, "Write an encrypted backup; the site may be running.")
    what = backup.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="FOLDER", help="where the new file goes")
    what.add_argument("--new-key", type=Path, metavar="FILE", help="make a backup key, once; keep it elsewhere too")
    backup.add_argument("--keys", action="store_true", help="the key store, instead of database and uploads")
    restore = command("restore", _restore, "Restore a backup into a folder without a site; then replay erasures.")
    restore.add_argument("file", type=Path, nargs="?", help="the backup")
    restore.add_argument("--journal", type=Path, metavar="FILE", help="the newest copy of journal/erasures.jsonl")
    restore.add_argument("--journal-lost", action="store_true", help="there is none but the one in the backup")
    restore.add_argument("--replay", action="store_true", help="erase again whoever the journal names")
    for sub in (backup, restore):
        sub.add_argument("--key", type=Path, default=os.environ.get("VASISTAS_BACKUP_KEY_FILE"), help="the backup key")
        sub.add_argument(
            "--data", type=Path, default=os.environ.get("VASISTAS_DATA", "data/site"), help="folder (%(default)s)"
        )


def _backup(options: argparse.Namespace) -> None:
    from vasistas.guard.backups import archive, stream  # noqa: PLC0415 — loads only when a command needs it

    try:
        if options.new_key:
            stream.new_key(options.new_key)
            _say(f"{options.new_key}: keep a copy apart from the backups; without it none opens.")
            return
        part = "keys" if options.keys else "data"
        at = datetime.now(UTC)
        out = options.out / NAMES[part].format(at=f"{at:%Y%m%dT%H%M%SZ}")
        key = stream.read_key(_key_of(options))
        count = archive.write(Path(options.data), part, out, key, at=at.isoformat(), url=_urls()[part])
    except stream.BackupRefused as refusal:
        raise CommandFailed(str(refusal)) from None
    _say(f"{out}: {count} files, {out.stat().st_size} bytes")


def _restore(options: argparse.Namespace) -> None:
    from vasistas.guard.backups import archive, stream  # noqa: PLC0415 — loads only when a command needs it

    data = Path(options.data).resolve()
    if options.file is None and not options.replay:
        raise CommandFailed("Name a backup to restore, or say --replay.")
    if options.file is not None:
        try:
            key, newest = stream.read_key(_key_of(options)), journal_of(options, data)
            part = archive.restore(options.file, data, key, newest, urls=_urls())["part"]
        except stream.BackupRefused as refusal:
            raise CommandFailed(str(refusal)) from None
        _say(f"{data}: {part} restored.")
    if options.replay:
        _replay(data)
    elif part == "data":
        _say("Now restore the key store and the root key, then run: vasistas restore --replay")


def journal_of(options: argparse.Namespace, data: Path) -> Path | None:
    """The newest journal there is beside the target's own.

    Raises: CommandFailed: nobody said which, so people erased since the backup would be back unnoticed.
    """
    from vasistas.guard import journal  # noqa: PLC0415 — loads only when a command needs it

    if options.journal is not None:
        if not options.journal.is_file():
            raise CommandFailed(f"There is no journal {options.journal}.")
        return Path(options.journal)
    if not options.journal_lost and not options.file.name.startswith("keys-") and not journal.path_in(data).is_file():
        raise CommandFailed(
            "Give --journal with the newest copy of journal/erasures.jsonl: the backup does not know who was erased "
            "after it. If it is lost, say --journal-lost."
        )
    return None


def _replay(data: Path) -> None:
    os.environ["VASISTAS_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — loads only when a command needs it

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 — needs django.setup()
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.apps.privacy import operations as privacy  # noqa: PLC0415 — needs django.setup()
    from vasistas.config import key_store  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard import journal  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard.reads import head  # noqa: PLC0415 — needs django.setup()

    key_store.prepare()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    at = timezone.now()
    back = privacy.replay(at=at)
    if (back or journal.is_restored(data)) and (cut := head.note_restored(at)):
        _say(str(cut))
    journal.unmark(data)
    _say(f"Erased again: {back}. The site may start.")


def _urls() -> dict[str, str]:
    """Part -> the database it holds, as the settings read it."""
    names = {"data": "VASISTAS_DATABASE_URL", "keys": "VASISTAS_KEYS_DATABASE_URL"}
    return {part: os.environ.get(name) or "sqlite:" for part, name in names.items()}


def _key_of(options: argparse.Namespace) -> Path:
    if options.key is None:
        raise CommandFailed("Give --key or VASISTAS_BACKUP_KEY_FILE; `vasistas backup --new-key FILE` makes one.")
    return Path(options.key)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
