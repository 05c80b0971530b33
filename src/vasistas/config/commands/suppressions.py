"""`vasistas suppressions import`: addresses and numbers that must not be written to, from a list of another system."""

import argparse
import os
import sys
from pathlib import Path

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

BYTES_MAX = 16 * 1024 * 1024


def add(command: AddCommand) -> None:
    """Add `vasistas suppressions` to the parser."""
    sub = command("suppressions", None, "Addresses and numbers that must not be written to.")
    verbs = sub.add_subparsers(required=True, metavar="VERB")
    summary = "Take in a list, one mail address or telephone number (+352…) a line; all of it, or nothing."
    taking = verbs.add_parser("import", help=summary, description=summary)
    taking.set_defaults(run=_import)
    taking.add_argument("file", type=Path, metavar="FILE", help="a text in UTF-8; lines with # are left out")


def _import(options: argparse.Namespace) -> None:
    lines = _read(options.file).splitlines()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — loads only when a command needs it

    django.setup()
    from django.db import connection  # noqa: PLC0415 — needs django.setup()
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.apps.bulletins import operations  # noqa: PLC0415 — needs django.setup()

    if "bulletins_suppression" not in connection.introspection.table_names():
        raise CommandFailed("There is no site yet; `vasistas serve` makes it. Is VASISTAS_DATA the right folder?")
    try:
        count, new = operations.import_refusals(lines, at=timezone.now())
    except operations.LineRefused as refused:
        raise CommandFailed(f"{options.file} was not taken in; nothing was written.\n{refused.message}") from None
    sys.stdout.write(f"{count} lines read, {new} new. Nothing is sent there any more.\n")


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8-sig") as opened:
            text = opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is no text in UTF-8.") from None
    if len(text) > BYTES_MAX:
        raise CommandFailed(f"{file} is larger than {BYTES_MAX} characters. Split it.")
    return text
