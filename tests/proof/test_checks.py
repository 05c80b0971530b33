"""Every check the policy names exists, and turns red on the violation planted for it: the scratch pass itself."""

from datetime import UTC, datetime

import pytest

from vasistas.config.commands import prove
from vasistas.guard.conformance import registry, scratch
from vasistas.guard.policy import get_policy

NOW = datetime.now(UTC)


def named_by_the_policy() -> set[str]:
    return {key for clause in get_policy().clauses.values() for rule in clause.rules for key in rule.checks}


def test_the_policy_names_every_check_and_no_other():
    assert named_by_the_policy() == set(registry.checks())


def test_every_check_has_a_counterexample_and_words_in_each_language():
    assert set(registry.plants()) == set(registry.checks())
    assert {tuple(check.words) for check in registry.checks().values()} == {tuple(get_policy().languages)}


def test_all_twelve_clauses_have_rules():
    assert list(get_policy().clauses) == [*map(str, range(11)), "M"]
    assert all(clause.rules for clause in get_policy().clauses.values())


@pytest.fixture(scope="module")
def tried_out() -> dict[str, tuple[bool | None, str]]:
    results = scratch.run_counterexamples(prove.scratch_command(), NOW, limit_s=240)
    return {key: (planted.is_red, planted.detail) for key, planted in results.items()}


def test_every_check_is_green_on_the_clean_scene_and_red_on_its_counterexample(tried_out):
    assert {key: found for key, found in tried_out.items() if found[0] is not True} == {}
    assert set(tried_out) == set(registry.checks())


def test_what_was_found_names_code_and_nobody(tried_out):
    assert [detail for _, detail in tried_out.values() if "@" in detail or "Canary" in detail] == []
