"""States as laws: the worst decides, time heals nothing, green needs everything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.guard.conformance.report import (
    CHECK_EVERY,
    COUNTEREXAMPLE_EVERY,
    SEVERITY,
    Known,
    Named,
    Planted,
    Seen,
    State,
    Why,
    state_of_check,
    state_of_clause,
    state_of_rule,
    worst,
)
from vasistas.guard.policy.model import Clause, Rule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = ("chat.one", "mail.two", "gate.three")
WORDS = {"en": "A promise.", "fr": "Une promesse."}
MINUTE = timedelta(minutes=1)

ages = st.integers(0, 100).map(lambda hours: NOW - timedelta(hours=hours))
seen = st.builds(
    Seen, state=st.sampled_from([State.HOLDS, State.VIOLATED, State.UNPROVEN, State.NOT_APPLICABLE]), at=ages
)
planted = st.builds(Planted, is_red=st.sampled_from([True, False, None]), at=ages)
rules = st.builds(
    Rule,
    key=st.just("a_rule"),
    words=st.just(WORDS),
    checks=st.lists(st.sampled_from(KEYS), max_size=3, unique=True).map(tuple),
    awaits=st.sampled_from([{}, WORDS]),
    attested_by=st.sampled_from(["", "data protection officer"]),
    attested_until=st.sampled_from([None, date(2026, 11, 21), date(2026, 11, 22), date(2027, 1, 1)]),
    not_applicable=st.sampled_from([{}, WORDS]),
)


@st.composite
def knowns(draw: Any) -> Known:
    named = draw(st.lists(st.sampled_from(KEYS), unique=True))
    return Known(
        named={key: Named(key, "live", WORDS, frozenset({"chat"})) for key in named},
        seen=draw(st.dictionaries(st.sampled_from(KEYS), seen)),
        planted=draw(st.dictionaries(st.sampled_from(KEYS), planted)),
        observed=draw(st.sampled_from([frozenset(), frozenset({"chat"}), frozenset({"rooms"})])),
    )


def clause(*rules_of_it: Rule, kind: str = "executable") -> Clause:
    return Clause("6", kind, WORDS, WORDS, rules_of_it, "")


def severity(state: State) -> int:
    return SEVERITY.index(state)


@given(st.lists(rules, min_size=1, max_size=4), knowns())
def test_a_clause_is_as_its_worst_rule_in_any_order(some: list[Rule], known: Known) -> None:
    state = state_of_clause(clause(*some), known, NOW).state

    assert state is worst((state_of_rule(rule, known, NOW).state for rule in some), of_none=State.UNPROVEN)
    assert state is state_of_clause(clause(*reversed(some)), known, NOW).state


@given(st.lists(rules, min_size=1, max_size=3), rules, knowns())
def test_one_more_promise_makes_no_clause_better(some: list[Rule], more: Rule, known: Known) -> None:
    before = state_of_clause(clause(*some), known, NOW).state

    assert severity(state_of_clause(clause(*some, more), known, NOW).state) >= severity(before)


@given(st.lists(rules, max_size=3), knowns(), st.integers(0, 100))
def test_time_heals_nothing(some: list[Rule], known: Known, hours: int) -> None:
    before = state_of_clause(clause(*some), known, NOW)
    after = state_of_clause(clause(*some), known, NOW + timedelta(hours=hours))

    assert severity(after.state) >= severity(before.state)


@given(rules, knowns())
def test_a_rule_holds_only_with_everything_in_place(rule: Rule, known: Known) -> None:
    if state_of_rule(rule, known, NOW).state is not State.HOLDS:
        return
    assert rule.checks
    assert not rule.awaits
    assert not rule.attested_by
    assert known.named.keys() >= set(rule.checks)
    proven = [key for key in rule.checks if known.seen[key].state is State.HOLDS]
    assert proven
    assert "chat" not in known.observed
    for key in rule.checks:
        assert NOW - known.seen[key].at <= 2 * CHECK_EVERY
    for key in proven:
        assert known.planted[key].is_red
        assert NOW - known.planted[key].at <= 2 * COUNTEREXAMPLE_EVERY


@given(knowns(), st.sampled_from(KEYS))
def test_a_violation_and_a_blind_check_are_never_hidden(known: Known, key: str) -> None:
    state = state_of_check(key, known, NOW)
    is_bad = (key in known.seen and known.seen[key].state is State.VIOLATED) or (
        key in known.planted and known.planted[key].is_red is False
    )
    assert (state.state is State.VIOLATED) == (is_bad and key in known.named)


def green() -> Known:
    return Known(
        named={"chat.one": Named("chat.one", "live", WORDS, frozenset({"chat"}))},
        seen={"chat.one": Seen(State.HOLDS, NOW)},
        planted={"chat.one": Planted(is_red=True, at=NOW)},
    )


def with_seen(state: State, age: timedelta = timedelta()) -> Known:
    return replace(green(), seen={"chat.one": Seen(state, NOW - age)})


def with_planted(*, is_red: bool | None, age: timedelta = timedelta()) -> Known:
    return replace(green(), planted={"chat.one": Planted(is_red=is_red, at=NOW - age)})


@pytest.mark.parametrize(
    ("known", "state", "why"),
    [
        (green(), State.HOLDS, Why.PASSED),
        (with_seen(State.HOLDS, timedelta(hours=2)), State.HOLDS, Why.PASSED),
        (with_seen(State.HOLDS, timedelta(hours=2) + MINUTE), State.UNPROVEN, Why.STALE),
        (with_seen(State.UNPROVEN), State.UNPROVEN, Why.FAILED),
        (with_seen(State.NOT_APPLICABLE), State.NOT_APPLICABLE, Why.EXEMPT),
        (with_seen(State.NOT_APPLICABLE, timedelta(hours=3)), State.UNPROVEN, Why.STALE),
        (with_seen(State.VIOLATED), State.VIOLATED, Why.FOUND),
        (with_seen(State.VIOLATED, timedelta(days=9)), State.VIOLATED, Why.FOUND),
        (replace(green(), seen={}), State.UNPROVEN, Why.NEVER_RUN),
        (replace(green(), planted={}), State.UNPROVEN, Why.UNTESTED),
        (with_planted(is_red=None), State.UNPROVEN, Why.UNTESTED),
        (with_planted(is_red=False), State.VIOLATED, Why.BLIND),
        (with_planted(is_red=False, age=timedelta(days=9)), State.VIOLATED, Why.BLIND),
        (with_planted(is_red=True, age=timedelta(days=2)), State.HOLDS, Why.PASSED),
        (with_planted(is_red=True, age=timedelta(days=2) + MINUTE), State.UNPROVEN, Why.UNTESTED_LATELY),
        (replace(green(), observed=frozenset({"chat"})), State.UNPROVEN, Why.OBSERVED),
        (replace(green(), observed=frozenset({"rooms"})), State.HOLDS, Why.PASSED),
        (replace(green(), named={}), State.UNPROVEN, Why.MISSING),
    ],
)
def test_each_reason_has_its_state(known: Known, state: State, why: Why) -> None:
    found = state_of_check("chat.one", known, NOW)

    assert (found.state, found.why) == (state, why)


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (Rule("r", WORDS, ("chat.one",)), State.HOLDS),
        (Rule("r", WORDS, awaits=WORDS), State.UNPROVEN),
        (Rule("r", WORDS, ("chat.one",), awaits=WORDS), State.UNPROVEN),
        (Rule("r", WORDS, attested_by="officer", attested_until=date(2026, 11, 22)), State.ATTESTED),
        (Rule("r", WORDS, attested_by="officer", attested_until=date(2026, 11, 21)), State.UNPROVEN),
        (Rule("r", WORDS, attested_by="officer"), State.UNPROVEN),
        (Rule("r", WORDS, not_applicable=WORDS), State.NOT_APPLICABLE),
        (Rule("r", WORDS), State.UNPROVEN),
    ],
)
def test_each_kind_of_rule_has_its_state(rule: Rule, state: State) -> None:
    assert state_of_rule(rule, green(), NOW).state is state


@pytest.mark.parametrize(
    ("kind", "state"),
    [("executable", State.UNPROVEN), ("attested", State.UNPROVEN), ("informative", State.NOT_APPLICABLE)],
)
def test_a_clause_without_rules_promises_nothing_green(kind: str, state: State) -> None:
    assert state_of_clause(clause(kind=kind), green(), NOW).state is state
