"""`vasistas policy`: check it, release it as a version, compare two versions, write the register of processing."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

if TYPE_CHECKING:
    from vasistas.guard.policy.differences import Difference, PartChange, Piece
    from vasistas.guard.policy.model import Policy

DRAFT = "draft"
LANGUAGE = "en"
MARKS = {"same": "  ", "added": "+ ", "removed": "- ", "changed": "~ "}


def add(command: AddCommand) -> None:
    """Add `vasistas policy` to the parser."""
    policy = command("policy", None, "Check, release and compare the privacy policy; write its register.")
    acts = policy.add_subparsers(required=True, metavar="ACT")

    def act(name: str, run: Callable[[argparse.Namespace], None], summary: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = acts.add_parser(name, help=summary, description=summary)
        sub.set_defaults(run=run)
        return sub

    act("check", _check, "Compile the policy (VASISTAS_POLICY) and tell every fault.")
    release = act("release", _release, "Freeze the files as the next version, in versions/<n>/.")
    data = Path(os.environ.get("VASISTAS_DATA", "data/site"))
    release.add_argument("--data", type=Path, default=data, help="folder of the site, for approvals (%(default)s)")
    release.add_argument("--effective", type=_day, metavar="DATE", help="first day of force (the day the file names)")
    diff = act("diff", _diff, "Tell what two versions say differently; ! marks a widening.")
    diff.add_argument("before", metavar="A", help="number of a version")
    diff.add_argument("--language", metavar="CODE", default=LANGUAGE, help="of the clauses (%(default)s)")
    diff.add_argument("after", metavar="B", help=f"number of a version, or {DRAFT!r} for the files as they are")
    register = act("register", _register, "Write the record of processing activities (GDPR Art. 30).")
    register.add_argument("--format", choices=("html", "jsonld", "csv"), default="html", help="(%(default)s)")
    register.add_argument("--language", metavar="CODE", default=LANGUAGE, help="(%(default)s)")
    register.add_argument("--out", type=Path, metavar="FILE", help="(standard output)")


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no day; write it like 2026-12-01.") from None


@contextmanager
def _loaded(site: Path | None = None) -> Iterator[Path]:
    """Load Django with a data folder of its own: but for a release the policy needs no site, and leaves no secrets."""
    with tempfile.TemporaryDirectory() as data:
        os.environ["VASISTAS_DATA"] = str(site.resolve()) if site else data
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
        import django  # noqa: PLC0415 — Django loads only when a command needs it
        from django.conf import settings  # noqa: PLC0415 — as above

        django.setup()
        folder: Path = settings.POLICY
        yield folder


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _check(_options: argparse.Namespace) -> None:
    with _loaded():
        from vasistas.guard.policy.checks import compile_whole  # noqa: PLC0415 — needs django.setup()

        policy = compile_whole()
    state = "released" if policy.is_released else "a draft; `vasistas policy release` freezes it"
    _say(f"Version {policy.version}, in force from {policy.effective}: {state}.")
    _say(
        f"{len(policy.categories)} categories, {len(policy.purposes)} purposes, {len(policy.activities)} activities, "
        f"{len(policy.retention)} retention rules, {len(policy.clauses)} clauses. No fault."
    )


def _release(options: argparse.Namespace) -> None:
    """The first version needs no site; the others are released where they were approved."""
    site = options.data if options.data.is_dir() else None
    with _loaded(site) as folder:
        from vasistas.guard.policy import approvals, differences, versions  # noqa: PLC0415 — needs django.setup()

        latest = max(versions.history(folder), default=0)
        if latest + 1 >= approvals.FIRST_APPROVED and site is None:
            raise CommandFailed(
                f"Two of the staff approve version {latest + 1} on /staff/policy/; name the site's folder with --data."
            )
        try:
            policy = _released(options.effective, folder, needs_site=latest + 1 >= approvals.FIRST_APPROVED)
        except OSError as failure:
            raise CommandFailed(f"{failure.filename or folder} cannot be written: {failure.strerror}.") from None
        _say(f"Version {policy.version} is released, in force from {policy.effective}: {folder / 'versions'}.")
        before = versions.get_version(folder, latest)
        widenings = differences.between(before, policy, LANGUAGE).widenings if before else ()
        for part in widenings:
            _say(
                f"  ! {part.section} {part.key}: a widening; every member is told, and it never applies to older data."
            )


def _released(effective: date | None, folder: Path, *, needs_site: bool) -> "Policy":
    from django.db import DatabaseError  # noqa: PLC0415 — needs django.setup()

    from vasistas.apps.privacy import operations  # noqa: PLC0415 — as above
    from vasistas.guard.policy import versions  # noqa: PLC0415 — as above
    from vasistas.guard.policy.checks import known_checks  # noqa: PLC0415 — as above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — as above
    from vasistas.guard.reads.keys import AuditKeyRefused  # noqa: PLC0415 — as above

    now = datetime.now(UTC)
    if not needs_site:
        return versions.release(folder, effective=effective, today=now.date(), known_checks=known_checks())
    try:
        with processing("staff"):
            return operations.release_policy(at=now, effective=effective)
    except AuditKeyRefused as refused:
        raise CommandFailed(str(refused)) from None
    except DatabaseError:
        raise CommandFailed("The database is not of this release; start the site once, or migrate it.") from None


def _diff(options: argparse.Namespace) -> None:
    with _loaded() as folder:
        from vasistas.guard.policy import differences  # noqa: PLC0415 — needs django.setup()

        before, after = (_version(folder, name) for name in (options.before, options.after))
        _require_language(after, options.language)
        _tell(differences.between(before, after, options.language))


def _version(folder: Path, name: str) -> "Policy":
    from vasistas.guard.policy import versions  # noqa: PLC0415 — needs django.setup()

    if name == DRAFT:
        return versions.get_draft(folder)
    found = versions.get_version(folder, int(name)) if name.isdecimal() else None
    if found is None:
        known = ", ".join(map(str, versions.history(folder))) or "none yet"
        raise CommandFailed(f"There is no version {name!r}. Released: {known}.")
    return found


def _require_language(policy: "Policy", language: str) -> None:
    if language not in policy.languages:
        raise CommandFailed(f"The policy speaks {', '.join(policy.languages)}, not {language!r}.")


def _tell(difference: "Difference") -> None:
    _say(f"Version {difference.before.version} → {difference.after.version}")
    for part in difference.parts:
        _tell_part(part)
    for clause in difference.clauses:
        if clause.change != "same":
            _say(f"{MARKS[clause.change]}clause {clause.number}: {_inline(clause.heading)}")
            for line in _changed_lines(_inline(clause.pieces)):
                _say(f"      {line}")
            for rule in clause.rules:
                _tell_part(rule)


def _tell_part(part: "PartChange") -> None:
    _say(f"{MARKS[part.change]}{part.section} {part.key}{'  ! widening' if part.is_widening else ''}")
    for field in part.fields:
        said = [f"+{one}" for one in field.added] + [f"-{one}" for one in field.removed]
        _say(f"      {field.name}: {', '.join(said) or f'{field.before or "nothing"} → {field.after or "nothing"}'}")


def _changed_lines(text: str) -> Iterator[str]:
    """Leave out the lines that say the same in both versions."""
    is_open = False
    for line in text.splitlines():
        if is_open or "{+" in line or "[-" in line:
            yield line
        is_open = max(line.rfind("{+"), line.rfind("[-"), 0 if is_open else -1) > max(
            line.rfind("+}"), line.rfind("-]")
        )


def _inline(pieces: "tuple[Piece, ...]") -> str:
    signs = {"same": "{}", "added": "{{+{}+}}", "removed": "[-{}-]"}
    return "".join(signs[piece.change].format(piece.text) for piece in pieces)


def _register(options: argparse.Namespace) -> None:
    with _loaded():
        from django.conf import settings  # noqa: PLC0415 — needs django.setup()

        from vasistas.guard import declarations  # noqa: PLC0415 — as above
        from vasistas.guard.policy import get_policy, register  # noqa: PLC0415 — as above

        policy = get_policy()
        _require_language(policy, options.language)
        written = register.of(policy, declarations.declarations(), settings.OPERATOR, options.language)
        text = {"html": register.as_html, "jsonld": register.as_jsonld, "csv": register.as_csv}[options.format](written)
    if options.out is None:
        sys.stdout.write(text)
        return
    try:
        options.out.write_text(text)
    except OSError as failure:
        raise CommandFailed(f"{options.out} cannot be written: {failure.strerror}.") from None
    _say(f"The register of version {policy.version} stands in {options.out}.")
