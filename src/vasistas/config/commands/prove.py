"""`vasistas prove`: run the checks of the policy on this site, and say clause by clause what they prove."""

import argparse
import json
import os
import sys
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vasistas.config.commands import AddCommand
from vasistas.config.failure import CommandFailed

if TYPE_CHECKING:
    from vasistas.guard.conformance.report import CheckState, ClauseState, Report

LANGUAGE = "en"


def add(command: AddCommand) -> None:
    """Add `vasistas prove` to the parser."""
    sub = command(
        "prove", _prove, "Prove the privacy policy on this site; exit 1 unless every executable clause HOLDS."
    )
    sub.add_argument("--clause", metavar="N", help='only this clause: "0" to "10" or "M"')
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub.add_argument(
        "--skip-counterexamples", action="store_true", help="do not try the checks out again in a scratch site"
    )
    sub.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("VASISTAS_DATA", "data/site"),
        help="folder of the site (%(default)s); the site may be running",
    )
    sub.add_argument("--scratch", nargs="*", metavar="CHECK", help=argparse.SUPPRESS)  # the child's side


def scratch_command() -> list[str]:
    """The command line of the scratch site; the names of checks follow."""
    return [sys.executable, "-c", "from vasistas.config.cli import main; main()", "prove", "--scratch"]


def _prove(options: argparse.Namespace) -> None:
    os.environ["VASISTAS_DATA"] = str(Path(options.data).resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    import django  # noqa: PLC0415 — Django loads only when a command needs it

    django.setup()
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.guard.egress import endpoints  # noqa: PLC0415 — see above

    endpoints.arm()
    _use_plain_static_names()
    if options.scratch is not None:
        _be_scratch(options.scratch, timezone.now())
        return
    _prepare()
    keys = _keys_of(options.clause)
    _run(keys, timezone.now(), with_counterexamples=not options.skip_counterexamples)
    from vasistas.guard.conformance import queries  # noqa: PLC0415 — needs django.setup()

    report = queries.report(timezone.now())
    shown = [clause for clause in report.clauses if options.clause in {None, clause.number}]
    sys.stdout.write(_as_json(report, shown) if options.json else _as_text(report, shown))
    if any(clause.kind == "executable" and clause.state != "HOLDS" for clause in shown):
        sys.exit(1)


def _run(keys: Collection[str] | None, now: datetime, *, with_counterexamples: bool) -> None:
    from vasistas.guard.conformance import operations, scratch  # noqa: PLC0415 — needs django.setup()

    operations.run_checks(now, keys)
    if with_counterexamples:
        operations.keep_counterexamples(scratch.run_counterexamples(scratch_command(), now, keys), now)


def _be_scratch(keys: list[str], now: datetime) -> None:
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard.conformance import scratch  # noqa: PLC0415 — needs django.setup()
    from vasistas.proof import scene  # noqa: PLC0415 — needs django.setup()

    if not scratch.is_scratch(Path(os.environ["VASISTAS_DATA"])):
        raise CommandFailed("A scratch site is started by `vasistas prove` itself, in a folder of its own.")
    migrate()
    settings.MAIL_COMES_IN = True  # the scene brings a message that arrived
    settings.MAIL_IN_DOMAIN = settings.MAIL_IN_DOMAIN or "proof.invalid"  # else answering a letter could not be tried
    scratch.serve(scene.build, keys, now)


def _prepare() -> None:
    """Give an empty folder its tables; refuse one that another release has left."""
    from django.db import connection  # noqa: PLC0415 — needs django.setup()
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 — needs django.setup()

    Path(os.environ["VASISTAS_DATA"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting and executor.loader.applied_migrations:
        raise CommandFailed("The database is not of this release; start the site once, or migrate it.")
    if waiting:
        migrate()


def migrate() -> None:
    """Give an empty folder its tables. The key store first: migrations of the data may seal."""
    from django.core.management import call_command  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard import keyring  # noqa: PLC0415 — needs django.setup()

    call_command("migrate", "keyring", database=keyring.ALIAS, interactive=False, verbosity=0)
    keyring.open_store()
    call_command("migrate", interactive=False, verbosity=0)


def _use_plain_static_names() -> None:
    """Draw pages without the hashed names of a site that has collected its static files; they prove nothing here."""
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def _keys_of(number: str | None) -> frozenset[str] | None:
    from vasistas.guard.policy import get_policy  # noqa: PLC0415 — needs django.setup()

    if number is None:
        return None
    clauses = get_policy().clauses
    if number not in clauses:
        raise CommandFailed(f"The policy has no clause {number!r}; it has {', '.join(clauses)}.")
    return frozenset(key for rule in clauses[number].rules for key in rule.checks)


# -- What is printed --------------------------------------------------------------------------------------------------


def _as_json(report: "Report", shown: "list[ClauseState]") -> str:
    said = {
        "at": report.at.isoformat(),
        "version": report.version,
        "is_released": report.is_released,
        "clauses": [
            {
                "clause": clause.number,
                "title": clause.title.get(LANGUAGE, ""),
                "kind": clause.kind,
                "state": clause.state,
                "checks": [_check_as_json(report, check) for check in clause.checks],
                "awaits": [rule.awaits.get(LANGUAGE, "") for rule in clause.rules if rule.awaits],
            }
            for clause in shown
        ],
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _check_as_json(report: "Report", check: "CheckState") -> dict[str, Any]:
    def age_s(at: datetime | None) -> int | None:
        return None if at is None else round((report.at - at).total_seconds())

    return {
        "check": check.key,
        "kind": check.kind,
        "state": check.state,
        "why": check.why,
        "evidence_age_s": age_s(check.evidence_at),
        "took_ms": check.took_ms,
        "counts": dict(check.counts),
        "detail": check.detail,
        "counterexample_red": check.counterexample_red,
        "counterexample_age_s": age_s(check.counterexample_at),
        "counterexample_detail": check.counterexample_detail,
    }


def _as_text(report: "Report", shown: "list[ClauseState]") -> str:
    lines = [f"Policy version {report.version}{'' if report.is_released else ' (draft)'}"]
    for clause in shown:
        good = sum(check.state == "HOLDS" for check in clause.checks)
        title = clause.title.get(LANGUAGE, "")
        lines.append(f"{clause.number:>2}  {clause.state:<14}  {title}: {good} of {len(clause.checks)} checks hold")
        lines.extend(
            f"      {check.key}: {check.state}, {check.why.replace('_', ' ')}. {_told(check)}".rstrip()
            for check in clause.checks
            if check.state not in {"HOLDS", "NOT_APPLICABLE"}
        )
        lines.extend(f"      awaits {rule.awaits.get(LANGUAGE, '')}" for rule in clause.rules if rule.awaits)
    return "\n".join(lines) + "\n"


def _told(check: "CheckState") -> str:
    return check.counterexample_detail if check.why in {"blind", "untested"} else check.detail
