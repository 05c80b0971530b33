"""The words around the policy: the same in each language, with the same places to fill."""

import re

import pytest

from vasistas.guard.conformance.registry import KINDS
from vasistas.guard.conformance.report import State, Why
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.drafts import SECTIONS
from vasistas.guard.policy.model import Basis, Reads, Role
from vasistas.pages.policy_words import NATIVE, WORDS, face_words, said


@pytest.mark.parametrize("language", [one for one in WORDS if one != "en"])
def test_each_language_says_all_that_english_says(language):
    english, other = WORDS["en"], WORDS[language]

    assert sorted(other) == sorted(english)
    for key, words in english.items():
        assert sorted(re.findall(r"\{\w+\}", other[key])) == sorted(re.findall(r"\{\w+\}", words)), key
        assert other[key].strip()


def test_every_language_of_the_policy_has_words_and_a_name():
    assert set(get_policy().languages) <= set(WORDS) & set(NATIVE)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("{}", State),
        ("{}_words", State),
        ("why_{}", Why),
        ("kind_{}", KINDS),
        ("basis_{}", Basis),
        ("reads_{}", Reads),
        ("role_{}", Role),
        ("section_{}", [*(one for one in SECTIONS if one != "clauses"), "rules"]),
        ("diff_{}", ["added", "removed", "changed", "same"]),
    ],
)
def test_every_value_that_pages_name_has_words(form, values):
    assert [form.format(value) for value in values if form.format(value) not in WORDS["en"]] == []


def test_french_keeps_high_signs_on_their_line():
    assert said({"en": "a: b", "fr": "a : b ?"}, "fr") == "a\N{NO-BREAK SPACE}: b\N{NO-BREAK SPACE}?"
    assert said({"en": "a : b"}, "en") == "a : b"


def test_a_language_without_words_is_spoken_to_in_english():
    assert said({"en": "a", "fr": "b"}, "de") == "a"
    assert said({}, "de") == ""
    assert face_words("policy", "de") == "Privacy policy"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_clauses_are_neither_terse_nor_long(language):
    counts = {number: len(clause.words[language].split()) for number, clause in get_policy().clauses.items()}

    assert {number: count for number, count in counts.items() if not 60 <= count <= 160} == {}
