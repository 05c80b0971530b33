"""`vasistas drill`: prove that a backup restores, and that whoever was erased after it stays erased."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

if TYPE_CHECKING:
    from vasistas.proof.drill import Outcome


def add(command: AddCommand) -> None:
    """Add `vasistas drill` to the parser."""
    sub = command(
        "drill",
        _drill,
        "Back up, erase, restore and replay in scratch, and record what was found; exit 1 unless all of it HOLDS.",
    )
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub.add_argument("--own", action="store_true", help="also restore a fresh backup of this site, beside it")
    sub.add_argument("--backup", type=Path, metavar="FILE", help="instead of a fresh one: the data")
    sub.add_argument("--keys", type=Path, metavar="FILE", help="and the key store of that time")
    sub.add_argument("--key", type=Path, default=os.environ.get("VASISTAS_BACKUP_KEY_FILE"), help="the backup key")
    sub.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("VASISTAS_DATA", "data/site"),
        help="folder of the site (%(default)s); it may be running, nothing of it is changed",
    )
    sub.add_argument("--act", nargs="+", metavar="STEP", help=argparse.SUPPRESS)  # the side of the scratch site


def _drill(options: argparse.Namespace) -> None:
    _require_whole(options)
    os.environ["VASISTAS_DATA"] = str(Path(options.data).resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — Django loads only when a command needs it

    if options.act != ["open"]:  # which ends before anything is loaded, as a start does
        django.setup()
    if options.act:
        _say(json.dumps(_ACTS[options.act[0]](*map(Path, options.act[1:]))))
        return
    from django.db import connection  # noqa: PLC0415 — needs django.setup()
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard.conformance import operations  # noqa: PLC0415 — needs django.setup()
    from vasistas.proof import drill  # noqa: PLC0415 — needs django.setup()

    if "conformance_evidence" not in connection.introspection.table_names():
        raise CommandFailed("There is no site yet; `vasistas serve` makes it. Is VASISTAS_DATA the right folder?")
    done = {drill.REHEARSAL: drill.rehearse()}
    if options.backup:
        paths = (Path(path).resolve() for path in (options.backup, options.keys, options.key))
        done[drill.OWN] = drill.try_own(drill.Backup(*paths))
    elif options.own:
        done[drill.OWN] = drill.try_own()
    for name, outcome in done.items():
        operations.keep_drill(name, outcome.seen(timezone.now()))
    sys.stdout.write(_as_json(done) if options.json else _as_text(done))
    if any(outcome.state != "HOLDS" for outcome in done.values()):
        sys.exit(1)


def _require_whole(options: argparse.Namespace) -> None:
    if options.backup is None and options.keys is None:
        return
    if None in {options.backup, options.keys, options.key}:
        raise CommandFailed("To try a backup, give --backup, --keys and --key (or VASISTAS_BACKUP_KEY_FILE).")


def _as_json(done: "dict[str, Outcome]") -> str:
    said = {
        name: {
            "state": outcome.state,
            "detail": outcome.detail,
            "counts": {"counted": outcome.counted, "violations": len(outcome.wrong)},
            "steps_ms": outcome.steps,
        }
        for name, outcome in done.items()
    }
    return json.dumps(said, indent=2) + "\n"


def _as_text(done: "dict[str, Outcome]") -> str:
    lines = []
    for name, outcome in done.items():
        lines += [f"{step:<20} {took_ms:>7} ms" for step, took_ms in outcome.steps.items()]
        lines.append(f"{name}: {outcome.state}, {outcome.counted} looked at. {outcome.detail}".rstrip())
    return "\n".join(lines) + "\n"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# -- What the scratch site does, each in a process of its own ----------------------------------------------------------


def _arrive(told: Path) -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.config.commands import prove  # noqa: PLC0415 — see above
    from vasistas.proof import drilled  # noqa: PLC0415 — see above

    prove.migrate()
    return drilled.arrive(told, timezone.now())


def _erase(told: Path) -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.proof import drilled  # noqa: PLC0415 — see above

    return drilled.erase(told, timezone.now())


def _open() -> dict[str, Any]:
    """Whether the site would start: no further than to the first refusal."""
    from vasistas.config import serve  # noqa: PLC0415 — needs django.setup()

    try:
        serve.require_unmarked()
    except CommandFailed:
        return {"opened": False}
    return {"opened": True}


def _look(told: Path) -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.proof import drilled  # noqa: PLC0415 — see above

    return drilled.look(told, timezone.now())


def _inspect() -> dict[str, Any]:
    from vasistas.proof import drilled  # noqa: PLC0415 — needs django.setup()

    return drilled.inspect()


_ACTS: dict[str, Callable[..., dict[str, Any]]] = {
    "arrive": _arrive,
    "erase": _erase,
    "open": _open,
    "look": _look,
    "inspect": _inspect,
}
