"""`vasistas retention`: what has reached its age by the policy's rules, and deleting it now."""

import argparse
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

if TYPE_CHECKING:
    from vasistas.guard.retention import Swept


def add(command: AddCommand) -> None:
    """Add `vasistas retention` to the parser."""
    sub = command("retention", _retention, "Delete what has reached its age; the worker does it every hour by itself.")
    choice = sub.add_mutually_exclusive_group(required=True)
    choice.add_argument("--dry-run", action="store_true", help="count what would go, by rule and model")
    choice.add_argument("--yes", action="store_true", help="delete it now")


def _retention(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — loads only when a command needs it

    django.setup()
    from django.db import connection  # noqa: PLC0415 — needs django.setup()
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    if "privacy_subject" not in connection.introspection.table_names():
        raise CommandFailed("There is no site yet; `vasistas serve` makes it. Is VASISTAS_DATA the right folder?")
    now = timezone.now()
    if options.dry_run:
        _count(now)
    else:
        _delete(now)


def _count(now: datetime) -> None:
    from vasistas.guard import retention  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — needs django.setup()

    with processing("retention"):
        found = retention.due_now(now)
    for one in found:
        held = f", {one.held} are held" if one.held else ""
        _say(f"{one.rule:<16} {one.model:<28} {one.gone:>10} rows would go{held}")
    for rule, how in retention.SWEPT_APART.items():
        _say(f"{rule:<16} by {how}")
    _say(f"{sum(one.gone for one in found)} rows would go. Nothing was deleted.")


def _delete(now: datetime) -> None:
    from vasistas.config import worker  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard import retention  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — needs django.setup()

    with processing("retention"):
        done = retention.sweep(now, tell=lambda one: _tell("…", one))
        for one in done:
            _tell("done", one)
        for name, sweep in worker.SWEEPS.items():
            if name != worker.BY_RULE:
                _say(f"done {name:<16} {sweep(now):>10} rows gone")


def _tell(how: str, one: "Swept") -> None:
    held = f", {one.held} held" if one.held else ""
    _say(f"{how} {one.rule:<16} {one.model:<28} {one.gone:>10} rows gone{held}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
