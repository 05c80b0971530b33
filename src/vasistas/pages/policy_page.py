"""What the pages of the policy show: one policy, in one language, beside what is proven of it."""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils import timezone

from vasistas.guard import declarations
from vasistas.guard.conformance import queries as conformance
from vasistas.guard.conformance.report import (
    CHECK_EVERY,
    INTERVALS_FRESH,
    SEVERITY,
    CheckState,
    ClauseState,
    Report,
    State,
    is_fresh,
)
from vasistas.guard.declarations import Sealed
from vasistas.guard.policy import differences, get_policy, versions
from vasistas.guard.policy.differences import Difference
from vasistas.guard.policy.model import Category, Clause, Policy, Purpose, Retention
from vasistas.guard.reads import queries as reads
from vasistas.pages import policy_words, prose

VERSIONS_CACHED_MAX = 64


@dataclass(frozen=True)
class Promise:
    """One clause, and its state; without state where the policy is one of the past."""

    clause: Clause
    state: ClauseState | None


@dataclass(frozen=True)
class Holdings:
    """All that is stored. everywhere: the purposes that may touch every category; the rows do not repeat them."""

    rows: Sequence["Stored"]
    everywhere: Sequence[Purpose]


@dataclass(frozen=True)
class Stored:
    """One category: where it is stored (`rooms.Follow: at, room`), how long, and for what it may be used."""

    category: Category
    keeps: Sequence[Retention]
    purposes: Sequence[Purpose]
    fields: Sequence[str]
    is_sealed: bool


def language_of(request: HttpRequest, policy: Policy) -> str:
    """Return what `?lang=` asks for, if the policy is written in it."""
    asked = request.GET.get("lang", "")
    return asked if asked in policy.languages else policy.languages[0]


def about(request: HttpRequest, policy: Policy) -> dict[str, Any]:
    """What every page of the policy needs."""
    return {"policy": policy, "lang": language_of(request, policy), "now": timezone.now()}


def promises(policy: Policy, report: Report | None) -> list[Promise]:
    states = {state.number: state for state in report.clauses} if report else {}
    return [Promise(clause, states.get(clause.number)) for clause in policy.clauses.values()]


def report_at(now: datetime) -> Report:
    return conformance.report(now)


def is_stale(report: Report) -> bool:
    """Whether there is evidence, and all of it is too old to prove anything."""
    return report.latest_at is not None and not is_fresh(report.latest_at, report.at, every=CHECK_EVERY)


def stale_at(report: Report) -> datetime:
    """The moment evidence gathered at `report.at` stops proving anything; for its distance in words."""
    return report.at - CHECK_EVERY * INTERVALS_FRESH


def shown_counts(report: Report) -> list[tuple[State, int]]:
    """How many clauses are in each state, best first; states that no clause is in are left out but HOLDS."""
    counts = report.counts
    order = (State.HOLDS, State.ATTESTED, State.UNPROVEN, State.VIOLATED, State.NOT_APPLICABLE)
    return [(state, counts[state]) for state in order if counts[state] or state is State.HOLDS]


def stored_under(policy: Policy) -> Holdings:
    """Every category of `policy` with all the fields of the running code that hold it."""
    fields: dict[str, list[str]] = {}
    keeps: dict[str, dict[str, Retention]] = {}
    sealed: set[str] = set()
    for label, declaration in declarations.declarations().items():
        named: dict[str, list[str]] = {}
        for name, held in declaration.personal.items():
            named.setdefault(held.category, []).append(name)
            if held.keep in policy.retention:
                keeps.setdefault(held.category, {})[held.keep] = policy.retention[held.keep]
            if isinstance(held, Sealed):
                sealed.add(held.category)
        for key, names in named.items():
            fields.setdefault(key, []).append(f"{label}: {', '.join(names)}")
    everywhere = [purpose for purpose in policy.purposes.values() if purpose.categories >= policy.categories.keys()]
    rows = [
        Stored(
            category,
            tuple(keeps.get(key, {}).values()),
            [one for one in policy.purposes.values() if key in one.categories and one not in everywhere],
            fields.get(key, ()),
            key in sealed,
        )
        for key, category in policy.categories.items()
    ]
    return Holdings(rows, everywhere)


def history() -> list[int]:
    """Numbers of the released versions, latest first."""
    return sorted(versions.history(Path(settings.POLICY)), reverse=True)


def get_version(number: int) -> Policy:
    """Return the version as it was released, or as it stands where it is the draft in force.

    Raises: Http404: there is none of that number.
    """
    current = get_policy()
    found = _released(Path(settings.POLICY), number) if number in history() else None
    if found is None and current.version == number:
        return current
    if found is None:
        raise Http404
    return found


def neighbours(number: int) -> tuple[Policy, Policy]:
    """Return version `number` and the one before it, earlier first.

    Raises: Http404: one of them does not exist.
    """
    return get_version(number - 1), get_version(number)


def difference(number: int, language: str) -> Difference:
    """Compare version `number` with the one before it, clauses as people read them.

    Raises: Http404: one of them does not exist.
    """
    before, after = neighbours(number)
    return differences.between(_readable(before, language), _readable(after, language), language)


def readable(difference: Difference, language: str) -> Difference:
    """The same difference, clauses as people read them."""
    return differences.between(_readable(difference.before, language), _readable(difference.after, language), language)


def _readable(policy: Policy, language: str) -> Policy:
    """The same policy, its digests as they are, its clauses in running text."""
    clauses = {
        number: replace(clause, words={language: prose.text_of(policy_words.said(clause.words, language))})
        for number, clause in policy.clauses.items()
    }
    return replace(policy, clauses=clauses)


@functools.lru_cache(maxsize=VERSIONS_CACHED_MAX)
def _released(folder: Path, number: int) -> Policy | None:
    return versions.get_version(folder, number)


def checkpoint_json() -> dict[str, Any] | None:
    """The signed head of the read log; all that is needed to verify it, and to compare it with a later one."""
    head = reads.latest_checkpoint()
    if head is None:
        return None
    return {
        "batch": head.row.seq,
        "at": head.row.at,
        "root": head.row.chained.hex(),
        "signature": head.row.signature.hex(),
        "public_key": head.public.hex(),
        "signed_message": head.message.decode(),
    }


def proof_json(report: Report) -> dict[str, Any]:
    """The report for machines: states, counts and ages. No detail, no name of code beyond the checks' keys."""
    return {
        "version": report.version,
        "is_released": report.is_released,
        "at": _iso(report.at),
        "latest_evidence_at": _iso(report.latest_at),
        "is_proven": report.is_proven,
        "counts": {str(state): count for state, count in report.counts.items()},
        "clauses": [_clause_json(clause) for clause in report.clauses],
    }


def _clause_json(clause: ClauseState) -> dict[str, Any]:
    return {
        "clause": clause.number,
        "kind": clause.kind,
        "title": _english(clause.title),
        "state": str(clause.state),
        "rules": [
            {
                "key": rule.key,
                "words": _english(rule.words),
                "state": str(rule.state),
                "awaits": _english(rule.awaits),
                "checks": [check.key for check in rule.checks],
            }
            for rule in clause.rules
        ],
        "checks": [
            {
                "key": check.key,
                "kind": check.kind,
                "words": _english(check.words),
                "state": str(check.state),
                "why": str(check.why),
                "counts": dict(check.counts),
                "evidence_at": _iso(check.evidence_at),
                "counterexample_red": check.counterexample_red,
                "counterexample_at": _iso(check.counterexample_at),
            }
            for check in clause.checks
        ],
    }


def _english(words: Mapping[str, str]) -> str:
    return policy_words.said(words, policy_words.DEFAULT)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


@dataclass(frozen=True)
class Examined:
    """One check with the numbers of all clauses it proves."""

    check: CheckState
    clauses: Sequence[str]


def examined(report: Report) -> list[Examined]:
    """Every check of the policy once, worst first, then by name."""
    found: dict[str, CheckState] = {}
    clauses: dict[str, list[str]] = {}
    for clause in report.clauses:
        for check in clause.checks:
            found[check.key] = check
            clauses.setdefault(check.key, []).append(clause.number)
    order = sorted(found.values(), key=lambda check: (-SEVERITY.index(check.state), check.key))
    return [Examined(check, clauses[check.key]) for check in order]


def states_of(every: Sequence[Examined]) -> list[tuple[State, int]]:
    """The states that occur, worst first, each with its count."""
    counts = Counter(one.check.state for one in every)
    return [(state, counts[state]) for state in reversed(SEVERITY) if counts[state]]
