"""`vasistas keys`: how the keys of sealed fields are, that each opens, and changing the root key."""

import argparse
import os
import sys

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed


def add(command: AddCommand) -> None:
    """Add `vasistas keys` to the parser."""
    keys = command("keys", None, "Look after the keys of sealed fields: status, check, rotate, begin.")
    actions = keys.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, run: object, summary: str) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=summary, description=summary)
        sub.set_defaults(run=run)
        return sub

    action("status", _status, "Count keys by version of the root key.")
    action("check", _check, "Open every key once; exit code 1 if one does not open.")
    rotate = action("rotate", _rotate, "Add a version of the root key, wrap every key anew, retire the old version.")
    rotate.add_argument("--batch", type=_rows, default=500, help="keys of one transaction (%(default)s)")
    rotate.add_argument("--dry-run", action="store_true", help="tell what would be done")
    rotate.add_argument("--yes", action="store_true", help="do it")
    begin = action("begin", _begin, "Begin a key store beside data whose own keys are lost for good.")
    begin.add_argument("--yes", action="store_true", help="do it")


def _rows(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 10_000:  # noqa: PLR2004 — a transaction stays short
        raise argparse.ArgumentTypeError(f"{value!r} is no batch; give a whole number from 1 to 10000.")
    return int(value)


def _status(_options: argparse.Namespace) -> None:
    _load()
    from vasistas.guard.keyring import rotation  # noqa: PLC0415 — needs django.setup()

    found = rotation.status()
    _say(f"root key: {found.where}")
    for version in found.versions:
        newest = ", wraps new keys" if version == found.versions[-1] else ""
        _say(f"version {version}: {found.rows.get(version, 0)} keys{newest}")
    for version in sorted(set(found.rows) - set(found.versions)):
        _say(f"version {version}: {found.rows[version]} keys, and the root key does not have this version")
    _say(f"destroyed: {found.destroyed} tombstones")
    if found.behind:
        _say(f"A rotation is under way: {found.behind} keys to go. Run: vasistas keys rotate --yes")


def _check(_options: argparse.Namespace) -> None:
    _load()
    from vasistas.guard.keyring import rotation  # noqa: PLC0415 — needs django.setup()

    found = rotation.check()
    for version, count in sorted(found.opened.items()):
        _say(f"version {version}: {count} keys open")
    if found.broken:
        counts = ", ".join(f"{count} of version {version}" for version, count in sorted(found.broken.items()))
        raise CommandFailed(f"Keys that do not open: {counts}. See docs/runbooks/sealed-fields-do-not-open.md.")


def _rotate(options: argparse.Namespace) -> None:
    _load()
    from vasistas.guard.keyring import rotation  # noqa: PLC0415 — needs django.setup()

    before = rotation.status()
    count = before.behind or sum(before.rows.values())
    begun = f"finish the rotation to version {before.versions[-1]}" if before.behind else "add a version"
    if options.dry_run or not options.yes:
        _say(f"Would {begun} in {before.where} and wrap {count} keys anew, {options.batch} at a time.")
        if not options.dry_run:
            raise CommandFailed("Nothing was done. Say --yes to do it.")
        return
    done = rotation.rotate(batch=options.batch)
    _say(f"version {done.to}: {done.rewrapped} keys wrapped anew")
    for version in done.retired:
        _say(f"version {version}: retired")


def _begin(options: argparse.Namespace) -> None:
    _setup()
    from vasistas.config import key_store  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard import keyring  # noqa: PLC0415 — needs django.setup()

    if not options.yes:
        raise CommandFailed(
            "What was sealed with lost keys stays closed for ever. Say --yes if nothing can be restored."
        )
    key_store.prepare(begin=True)
    _say(f"root key: {keyring.open_store().where}")


def _setup() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — loads only when a command needs it

    django.setup()


def _load() -> None:
    _setup()
    from django.db import connections  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard import keyring  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard.keyring.models import DataKey  # noqa: PLC0415 — needs django.setup()

    if DataKey._meta.db_table not in connections[keyring.ALIAS].introspection.table_names():
        raise CommandFailed("There is no key store yet; `vasistas serve` makes it. Is VASISTAS_DATA the right folder?")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
