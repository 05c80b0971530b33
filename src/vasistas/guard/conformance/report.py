"""From evidence to states: pure, and never better than what is known.

A clause is as its worst rule, a rule as its worst check. Green needs all of it: the check passed a short while ago, and
lately turned red on a violation planted for it. Silence heals nothing: as time passes, no state gets better.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from vasistas.guard.policy.model import Clause, Policy, Rule, Words

CHECK_EVERY = timedelta(hours=1)
COUNTEREXAMPLE_EVERY = timedelta(days=1)
INTERVALS_FRESH = 2  # evidence older than two intervals proves nothing


class State(StrEnum):
    HOLDS = "HOLDS"  # enforced, evidence fresh, and the check is known to turn red
    VIOLATED = "VIOLATED"
    UNPROVEN = "UNPROVEN"  # no, stale or failing evidence; mode observe; not built yet
    ATTESTED = "ATTESTED"  # a person's word, with owner and expiry
    NOT_APPLICABLE = "NOT_APPLICABLE"  # with the reason


# From best to worst. A person's word is less than a proof; a promise that does not apply says nothing about the others.
SEVERITY = (State.NOT_APPLICABLE, State.HOLDS, State.ATTESTED, State.UNPROVEN, State.VIOLATED)


class Why(StrEnum):
    """What decides the state of a check."""

    PASSED = "passed"
    FOUND = "found"  # it found violations
    NEVER_RUN = "never_run"
    STALE = "stale"
    FAILED = "failed"  # it could not be carried out
    OBSERVED = "observed"  # a purpose it relies on is in mode observe
    MISSING = "missing"  # the policy names it, the code has it not
    EXEMPT = "exempt"  # it does not apply to this site
    BLIND = "blind"  # it stayed green on the violation planted for it
    UNTESTED = "untested"  # its counterexample never ran, or could not
    UNTESTED_LATELY = "untested_lately"


@dataclass(frozen=True)
class Seen:
    """The latest evidence of one check. state: HOLDS, VIOLATED, UNPROVEN (it could not be carried out), NOT_APPLICABLE.

    detail: names of code and counts, never personal data.
    """

    state: State
    at: datetime
    took_ms: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class Planted:
    """The latest run of one counterexample. is_red: the check found what was planted; None: it could not be run."""

    is_red: bool | None
    at: datetime
    detail: str = ""


@dataclass(frozen=True)
class CheckState:
    """counts: "counted" rows or probes looked at, "violations" among them. counterexample_red: None: it never ran,
    or could not.
    """

    key: str
    kind: str  # static, schema, live, canary, probe, crypto, drill, freshness
    words: Words
    state: State
    why: Why
    evidence_at: datetime | None = None
    counterexample_red: bool | None = None
    counterexample_at: datetime | None = None
    counterexample_detail: str = ""
    detail: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    took_ms: int = 0


@dataclass(frozen=True)
class RuleState:
    """awaits: what is not built yet. attested_by, attested_until: whose word it is. reason: why it does not apply."""

    key: str
    words: Words
    state: State
    awaits: Words = field(default_factory=dict)
    attested_by: str = ""
    attested_until: date | None = None
    reason: Words = field(default_factory=dict)
    checks: tuple[CheckState, ...] = ()


@dataclass(frozen=True)
class ClauseState:
    """number: "0" to "10" and "M". kind: executable, attested, informative."""

    number: str
    kind: str
    title: Words
    state: State
    rules: tuple[RuleState, ...] = ()

    @property
    def checks(self) -> tuple[CheckState, ...]:
        """Its checks, each once, in the order of its rules."""
        return tuple({check.key: check for rule in self.rules for check in rule.checks}.values())


@dataclass(frozen=True)
class Report:
    """at: the moment it speaks of. latest_at: of the newest evidence, None where nothing ever ran."""

    at: datetime
    version: int
    is_released: bool
    latest_at: datetime | None
    clauses: tuple[ClauseState, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        """How many clauses are in each state, worst first."""
        counted = Counter(clause.state for clause in self.clauses)
        return {state: counted[state] for state in reversed(SEVERITY)}

    @property
    def is_proven(self) -> bool:
        """Whether every executable clause HOLDS."""
        return all(clause.state is State.HOLDS for clause in self.clauses if clause.kind == "executable")


@dataclass(frozen=True)
class Named:
    """What the registry says of a check. relies_on: purposes that must be enforced for it to prove anything."""

    key: str
    kind: str
    words: Words
    relies_on: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """All that states are computed from: what code registers, and what the runs left."""

    named: Mapping[str, Named]
    seen: Mapping[str, Seen]
    planted: Mapping[str, Planted]
    observed: frozenset[str] = frozenset()  # purposes in mode observe


def worst(states: Iterable[State], *, of_none: State) -> State:
    """Return the worst of `states`, or `of_none` where there are none."""
    return max(states, key=SEVERITY.index, default=of_none)


def is_fresh(at: datetime, now: datetime, *, every: timedelta) -> bool:
    return now - at <= every * INTERVALS_FRESH


def state_of_check(key: str, known: Known, now: datetime) -> CheckState:
    """Decide the state of one check: what it found first, then whether it may be believed."""
    named = known.named.get(key)
    if named is None:
        return CheckState(key, "", {}, State.UNPROVEN, Why.MISSING)
    seen, planted = known.seen.get(key), known.planted.get(key)
    state, why = _judge(seen, planted, now, is_observed=bool(named.relies_on & known.observed))
    return CheckState(
        key=key,
        kind=named.kind,
        words=named.words,
        state=state,
        why=why,
        evidence_at=seen.at if seen else None,
        counterexample_red=planted.is_red if planted else None,
        counterexample_at=planted.at if planted else None,
        counterexample_detail=planted.detail if planted else "",
        detail=seen.detail if seen else "",
        counts=seen.counts if seen else {},
        took_ms=seen.took_ms if seen else 0,
    )


def _judge(  # noqa: PLR0911 — a table of precedence, first match wins, reads best as one
    seen: Seen | None, planted: Planted | None, now: datetime, *, is_observed: bool
) -> tuple[State, Why]:
    if seen is not None and seen.state is State.VIOLATED:
        return State.VIOLATED, Why.FOUND  # however long ago: nobody has looked since
    if planted is not None and planted.is_red is False:
        return State.VIOLATED, Why.BLIND
    if seen is None:
        return State.UNPROVEN, Why.NEVER_RUN
    if not is_fresh(seen.at, now, every=CHECK_EVERY):
        return State.UNPROVEN, Why.STALE
    if seen.state is State.NOT_APPLICABLE:
        return State.NOT_APPLICABLE, Why.EXEMPT
    if seen.state is not State.HOLDS:
        return State.UNPROVEN, Why.FAILED
    if is_observed:
        return State.UNPROVEN, Why.OBSERVED
    if planted is None or planted.is_red is None:
        return State.UNPROVEN, Why.UNTESTED
    if not is_fresh(planted.at, now, every=COUNTEREXAMPLE_EVERY):
        return State.UNPROVEN, Why.UNTESTED_LATELY
    return State.HOLDS, Why.PASSED


def state_of_rule(rule: Rule, known: Known, now: datetime) -> RuleState:
    """A rule is as its worst check; one that awaits something is unproven at best; a word lasts until its expiry."""
    checks = tuple(state_of_check(key, known, now) for key in rule.checks)
    states = [check.state for check in checks]
    if rule.awaits:
        states.append(State.UNPROVEN)
    if rule.attested_by:
        is_valid = rule.attested_until is not None and now.date() <= rule.attested_until
        states.append(State.ATTESTED if is_valid else State.UNPROVEN)
    if rule.not_applicable:
        states.append(State.NOT_APPLICABLE)
    return RuleState(
        key=rule.key,
        words=rule.words,
        state=worst(states, of_none=State.UNPROVEN),
        awaits=rule.awaits,
        attested_by=rule.attested_by,
        attested_until=rule.attested_until,
        reason=rule.not_applicable,
        checks=checks,
    )


def state_of_clause(clause: Clause, known: Known, now: datetime) -> ClauseState:
    rules = tuple(state_of_rule(rule, known, now) for rule in clause.rules)
    of_none = State.NOT_APPLICABLE if clause.kind == "informative" else State.UNPROVEN
    state = worst((rule.state for rule in rules), of_none=of_none)
    return ClauseState(clause.number, clause.kind, clause.title, state, rules)


def report_on(policy: Policy, known: Known, now: datetime) -> Report:
    """State every clause of `policy` at the moment `now`."""
    return Report(
        at=now,
        version=policy.version,
        is_released=policy.is_released,
        latest_at=max((seen.at for seen in known.seen.values()), default=None),
        clauses=tuple(state_of_clause(clause, known, now) for clause in policy.clauses.values()),
    )
