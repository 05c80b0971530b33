"""Checks are registered once, and what they find is told in names of code and counts."""

import pytest

from vasistas.guard.conformance import registry
from vasistas.guard.conformance.registry import Finding, NotProven, check

WORDS = {"en": "A promise.", "fr": "Une promesse."}


def test_a_check_is_registered_once(checked):
    with pytest.raises(ValueError, match=r"'test.one' is registered twice"):
        check("test.one", kind="live", words=WORDS)


def test_a_check_has_a_known_kind(checked):
    with pytest.raises(ValueError, match=r"has the kind 'guess'. Use one of canary, crypto"):
        check("test.two", kind="guess", words=WORDS)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([], Finding(ok=True, counted=9)),
        (["b", "a"], Finding(ok=False, counted=9, violations=2, detail="a, b")),
        (list("gfedcba"), Finding(ok=False, counted=9, violations=7, detail="a, b, c, d, e and 2 more")),
    ],
)
def test_what_was_found_names_the_first_and_counts_all(wrong, expected):
    assert registry.finding(9, wrong) == expected


def test_a_check_that_looked_at_too_little_proves_nothing():
    with pytest.raises(NotProven, match=r"Only 2 looked at, 3 expected\."):
        registry.finding(2, [], at_least=3)


def test_counts_alone_are_told_with_their_place():
    assert registry.count(9, 0, "rows of chat.Message") == Finding(ok=True, counted=9)
    assert registry.count(9, 2, "rows of chat.Message") == Finding(
        ok=False, counted=9, violations=2, detail="2 rows of chat.Message"
    )
