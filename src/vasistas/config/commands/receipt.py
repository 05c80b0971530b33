"""`vasistas receipt verify`: whether the receipt of a show is whole. Offline; needs no site."""

import argparse
import json
import sys
from pathlib import Path

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed
from vasistas.lib import receipts


def add(command: AddCommand) -> None:
    """Add `vasistas receipt` to the parser."""
    sub = command("receipt", None, "Verify a receipt of a private, group or ticket show.")
    verbs = sub.add_subparsers(required=True, metavar="VERB")
    summary = "Check the signature and the sums of a receipt; exit 1 and say what does not fit."
    verify = verbs.add_parser("verify", help=summary, description=summary)
    verify.set_defaults(run=_verify)
    verify.add_argument("file", type=Path, metavar="FILE", help="the receipt, as it was downloaded")
    verify.add_argument("--key", metavar="KEY", help="the site's public key, in hex or base64, from its page /privacy/")


def _verify(options: argparse.Namespace) -> None:
    text = _read(options.file)
    try:
        public = receipts.key_of(options.key) if options.key else None
    except ValueError as refused:
        raise CommandFailed(str(refused)) from None
    faults = receipts.faults_of(text, public=public)
    if faults:
        sys.stdout.write("".join(f"{fault}\n" for fault in faults) + "The receipt is not genuine.\n")
        sys.exit(1)
    said = json.loads(text)
    sys.stdout.write(_as_text(said))
    if public is None:
        sys.stdout.write("Compare this key with the one the site publishes, or give it with --key.\n")


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(receipts.BYTES_MAX + 1)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is no receipt.") from None
    if len(text) > receipts.BYTES_MAX:
        raise CommandFailed(f"{file} is too large for a receipt.")
    return text


def _as_text(said: dict[str, object]) -> str:
    paid = said["paid"]
    lines = [
        f"{one['ref']} ({one['role']}): {one['delivered_s']} s delivered, {_money(one['charged_minor'], said)} charged."
        for one in (paid if isinstance(paid, list) else [])
    ]
    signature = said["signature"]
    key = signature["key"] if isinstance(signature, dict) else ""
    return "\n".join([*lines, f"The receipt is whole; key {key} signed it."]) + "\n"


def _money(minor: int, said: dict[str, object]) -> str:
    return f"{minor // 100}.{minor % 100:02d} {said['currency']}"
