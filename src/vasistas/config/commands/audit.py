"""`vasistas audit`: verify the read log's chain, print its signed head, let a new key take over."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

if TYPE_CHECKING:
    from vasistas.guard.reads.faults import Verified
    from vasistas.guard.reads.table import CheckpointRow


def add(command: AddCommand) -> None:
    """Add `vasistas audit` to the parser."""
    sub = command("audit", None, "Verify the log of who read personal data, and the signed chain over it.")
    verbs = sub.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: object, summary: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=summary, description=summary)
        one.set_defaults(run=run)
        data = os.environ.get("VASISTAS_DATA", "data/site")
        one.add_argument("--data", type=Path, default=data, help="folder of the site (%(default)s); it may be running")
        return one

    verify = verb("verify", _verify, "Recompute the chain from the database; exit 1 and name what does not fit.")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint kept outside of this site")
    checkpoint = verb("checkpoint", _checkpoint, "Print the signed head of the chain, to keep elsewhere.")
    checkpoint.add_argument("--out", type=Path, metavar="FILE", help="write it there; an existing file is replaced")
    rekey = verb("rekey", _rekey, "Let a new key sign from here on; what is signed stays verifiable.")
    rekey.add_argument("--yes", action="store_true", help="do it; without this, only say what would be done")


def _open(options: argparse.Namespace) -> None:
    """Load Django on the site's folder, which must be of this release.

    Raises: CommandFailed: there is no site, or its tables are of another release.
    """
    data = Path(options.data).resolve()
    os.environ["VASISTAS_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    if not data.is_dir():
        raise CommandFailed(f"{data} is not there. Name the folder of the site with --data.")
    import django  # noqa: PLC0415 — Django loads only when a command needs it

    django.setup()
    from django.db import connection  # noqa: PLC0415 — see above

    from vasistas.guard.reads.models import Entry  # noqa: PLC0415 — see above

    if Entry._meta.db_table not in connection.introspection.table_names():
        raise CommandFailed(f"The database of {data} has no read log; start the site once, or migrate it.")


def _seal() -> str:
    """Seal what is waiting; returns why it could not be, or nothing."""
    from django.db import DatabaseError  # noqa: PLC0415 — needs django.setup()
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.guard.reads import keys, operations  # noqa: PLC0415 — see above

    try:
        operations.seal_pending(at=timezone.now())
    except keys.AuditKeyRefused as refused:
        return str(refused)
    except DatabaseError as error:
        return f"Waiting entries cannot be sealed: {error}. What is sealed was verified."
    return ""


def _verify(options: argparse.Namespace) -> None:
    _open(options)
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard.reads import keys  # noqa: PLC0415 — see above
    from vasistas.guard.reads.verify import verify  # noqa: PLC0415 — see above

    head = _head_in(options.checkpoint) if options.checkpoint else None
    unsealed = _seal()
    try:
        found = verify(at=timezone.now(), head=head)
    except keys.AuditKeyRefused as refused:
        raise CommandFailed(str(refused)) from None
    found.notes.extend([unsealed] if unsealed else [])
    sys.stdout.write(_as_json(found) if options.json else _as_text(found))
    if not found.is_sound:
        sys.exit(1)


def _head_in(file: Path) -> "CheckpointRow":
    from vasistas.guard.reads import head  # noqa: PLC0415 — needs django.setup()

    try:
        return head.read(file)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise CommandFailed(f"{file} is no checkpoint; `vasistas audit checkpoint --out FILE` writes one.") from None


def _as_json(found: "Verified") -> str:
    head = found.head
    shown = {
        "sound": found.is_sound,
        "entries": found.entries,
        "gone": found.gone,
        "waiting": found.waiting,
        "batches": found.batches,
        "checkpoints": found.checkpoints,
        "head": {"seq": head.seq, "at": head.at, "chained": head.chained.hex()} if head else None,
        "notes": found.notes,
        "faults": [asdict(fault) for fault in found.faults],
    }
    return json.dumps(shown, indent=2) + "\n"


def _as_text(found: "Verified") -> str:
    lines = [
        f"{found.entries} entries are as they were sealed, in {found.batches} batches.",
        f"{found.gone} entries are gone by retention; their leaves stay.",
        f"{found.checkpoints} signed checkpoints; {found.waiting} entries are waiting for the sealer.",
        *found.notes,
        *(f"{fault.code}: {fault.words}" for fault in found.faults),
    ]
    lines.append("The chain is sound." if found.is_sound else f"The chain is broken: {len(found.faults)} faults.")
    return "\n".join(lines) + "\n"


def _checkpoint(options: argparse.Namespace) -> None:
    _open(options)
    from vasistas.guard.reads import queries  # noqa: PLC0415 — needs django.setup()
    from vasistas.guard.reads.head import as_text  # noqa: PLC0415 — see above

    unsealed = _seal()
    head = queries.latest_checkpoint()
    if head is None:
        raise CommandFailed(unsealed or "Nothing was read yet that is logged, so there is nothing to sign.")
    text = json.dumps({**as_text(head.row), "public_key": head.public.hex()}, indent=2) + "\n"
    if options.out is None:
        sys.stdout.write(text)
        return
    try:
        options.out.write_text(text)
    except OSError as error:
        raise CommandFailed(f"{options.out} cannot be written: {error.strerror}.") from None
    sys.stdout.write(f"Batch {head.row.seq} of {head.row.at} UTC, signed by key {head.row.key_id}: {options.out}\n")


def _rekey(options: argparse.Namespace) -> None:
    _open(options)
    from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard.reads import keys, operations  # noqa: PLC0415 — see above

    if not options.yes:
        sys.stdout.write(
            f"A new key would be made in {keys.key_file()}; it signs from the next batch on. A key file that is there "
            "is kept beside it, with its id in its name. Run again with --yes.\n"
        )
        return
    try:
        new = operations.hand_over(at=timezone.now())
    except keys.AuditKeyRefused as refused:
        raise CommandFailed(str(refused)) from None
    by = "with its signature" if new.countersignature else "without its signature: note here why it was lost"
    sys.stdout.write(f"Key {new.key_id} signs from batch {new.from_seq} on; it took over from {new.previous} {by}.\n")
