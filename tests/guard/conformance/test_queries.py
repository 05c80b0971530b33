"""The report of a whole policy: from rows of evidence to states, and back to UNPROVEN when the scheduler dies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.guard.conformance.conftest import KEY, NOW
from vasistas.guard.conformance import operations, queries
from vasistas.guard.conformance.report import Planted, State, Why
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Clause, Mode, Rule

pytestmark = pytest.mark.django_db
WORDS = {"en": "A promise.", "fr": "Une promesse."}


@pytest.fixture(autouse=True)
def policy_of_one_clause(monkeypatch, settings):
    settings.GATE_MODE = "enforce"
    clauses = {"6": Clause("6", "executable", WORDS, WORDS, (Rule("one", WORDS, (KEY,)),), "")}
    monkeypatch.setattr(queries, "get_policy", lambda: replace(get_policy(), clauses=clauses))


def prove(*, is_red: bool | None = True) -> None:
    operations.run_checks(NOW)
    operations.keep_counterexamples({KEY: Planted(is_red, NOW)}, NOW)


def state_at(hours: float) -> tuple[State, Why]:
    report = queries.report(NOW + timedelta(hours=hours))
    return report.clauses[0].state, report.clauses[0].checks[0].why


def test_a_clause_nobody_ever_proved_is_unproven(checked):
    assert state_at(0) == (State.UNPROVEN, Why.NEVER_RUN)
    assert queries.report(NOW).latest_at is None


def test_a_proven_clause_holds(checked):
    prove()

    report = queries.report(NOW)
    assert state_at(0) == (State.HOLDS, Why.PASSED)
    assert report.is_proven
    assert report.latest_at == NOW
    assert report.counts[State.HOLDS] == 1


def test_a_dead_scheduler_turns_the_page_unproven_within_two_intervals(checked):
    prove()

    assert state_at(2) == (State.HOLDS, Why.PASSED)
    assert state_at(2.01) == (State.UNPROVEN, Why.STALE)
    operations.run_checks(NOW + timedelta(hours=49))
    assert state_at(49) == (State.UNPROVEN, Why.UNTESTED_LATELY)


def test_a_violation_stays_one_however_long_nobody_looks(checked):
    checked.wrong.append("rooms.Room")
    prove()

    assert state_at(1_000) == (State.VIOLATED, Why.FOUND)


def test_a_check_that_stays_green_on_its_counterexample_is_violated(checked):
    prove(is_red=False)

    assert state_at(0) == (State.VIOLATED, Why.BLIND)


def test_a_check_whose_counterexample_could_not_run_is_unproven(checked):
    prove(is_red=None)

    assert state_at(0) == (State.UNPROVEN, Why.UNTESTED)


def test_a_gate_that_only_observes_proves_nothing(checked, settings, monkeypatch):
    prove()
    named = queries.registry.checks()[KEY]
    monkeypatch.setitem(queries.registry.checks(), KEY, replace(named, is_gated=True))
    assert state_at(0) == (State.HOLDS, Why.PASSED)

    settings.GATE_MODE = "observe"
    assert state_at(0) == (State.UNPROVEN, Why.OBSERVED)


def test_one_observed_purpose_is_enough(checked, monkeypatch):
    prove()
    monkeypatch.setitem(queries.registry.checks(), KEY, replace(queries.registry.checks()[KEY], is_gated=True))
    policy = queries.get_policy()
    chat = replace(policy.purposes["chat"], mode=Mode.OBSERVE)
    monkeypatch.setattr(queries, "get_policy", lambda: replace(policy, purposes={**policy.purposes, "chat": chat}))

    assert state_at(0) == (State.UNPROVEN, Why.OBSERVED)


def test_the_report_is_read_with_one_query(checked, django_assert_num_queries):
    prove()

    with django_assert_num_queries(1):
        queries.report(NOW)
