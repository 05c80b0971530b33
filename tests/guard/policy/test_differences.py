"""A difference can be read word by word, and says what lets the operator do more."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guard.policy.files import change, compiled
from vasistas.guard.policy import differences
from vasistas.guard.policy.differences import Change, FieldChange, Piece


def difference(folder: Path, old: str, new: str, **options: Any) -> differences.Difference:
    before = compiled(folder)
    change(folder, old, new, **options)
    return differences.between(before, compiled(folder), "en")


@given(st.text(alphabet="ab .\n"), st.text(alphabet="ab .\n"))
def test_pieces_give_both_texts_back(before: str, after: str):
    pieces = differences.words_between(before, after)

    assert "".join(one.text for one in pieces if one.change is not Change.ADDED) == before
    assert "".join(one.text for one in pieces if one.change is not Change.REMOVED) == after


def test_a_clause_is_compared_word_by_word(folder: Path):
    found = difference(folder, "**30 days**", "**20 days**", file="clauses/en.md")

    assert [(one.number, one.change) for one in found.clauses] == [("0", Change.SAME), ("6", Change.CHANGED)]
    assert found.clauses[1].pieces == (
        Piece(Change.SAME, "Chat is deleted after **"),
        Piece(Change.REMOVED, "30"),
        Piece(Change.ADDED, "20"),
        Piece(Change.SAME, " days**.\n\nNobody reads it before."),
    )
    assert found.parts == ()


def test_a_list_tells_what_came_and_went(folder: Path):
    found = difference(folder, 'recipients = ["hosting", "overseas"]', 'recipients = ["hosting"]')

    assert [(one.section, one.key, one.is_widening, one.fields) for one in found.parts] == [
        ("activities", "chatting", False, (FieldChange("recipients", removed=("overseas",)),))
    ]


def test_a_text_tells_before_and_after(folder: Path):
    found = difference(folder, "days_max = 30\n", "days_max = 31\n")

    assert [(one.section, one.key, one.title["en"], one.fields) for one in found.parts] == [
        ("retention", "room_chat", "a month", (FieldChange("days_max", "30", "31", is_widening=True),))
    ]


PURPOSE = 'categories = [\n  "user.contact.email",\n]'
WIDER = 'categories = [\n  "user.contact.email",\n  "user.content.chat.public",\n]'


@pytest.mark.parametrize(
    ("old", "new", "widened"),
    [
        (PURPOSE, WIDER, [("purposes", "account"), ("activities", "accounts")]),
        (WIDER, PURPOSE, []),
        ("days_max = 30\n", "days_max = 31\n", [("retention", "room_chat")]),
        ("days_max = 30\n", "", [("retention", "room_chat")]),
        ("days_max = 30\n", "days_max = 29\n", []),
        ("days_min = 3650", "days_min = 3651", [("retention", "ledger")]),
        ('then = "shred"', 'then = "anonymise"', [("retention", "room_chat")]),
        ("needs_reason = true\n", "", [("purposes", "chat")]),
        ('reads = "published"', 'reads = "each"', []),
        ('reads = "own"', 'reads = "published"', [("purposes", "account")]),
        ('recipients = ["hosting"]', 'recipients = ["hosting", "overseas"]', [("activities", "accounts")]),
        ('mode = "observe"\n', "", []),
        ('country = "LU"', 'country = "FR"', [("recipients", "hosting")]),
        ('country = "LU"', 'country = "LU"\nnot_told = { en = "No.", fr = "Non." }', [("recipients", "hosting")]),
        ('en = "To sign in."', 'en = "To sign in with."', []),
        ('checks = ["chat.text_is_sealed"]', 'checks = ["chat.words_are_sealed"]', [("rules", "chat_is_sealed")]),
        (
            'checks = ["chat.text_is_sealed"]',
            'checks = ["chat.text_is_sealed", "chat.words_are_sealed"]',
            [],
        ),
        ("[measures.sealing]", "[measures.sealed]", [("measures", "sealing")]),
        ("[cookies.sessionid]", "[cookies.session]", [("cookies", "session")]),
        ('key = "desk"', 'key = "bureau"', [("rules", "desk")]),
    ],
)
def test_widenings_are_marked(folder: Path, old: str, new: str, widened: list[tuple[str, str]]):
    if old == WIDER:
        change(folder, PURPOSE, WIDER)

    found = difference(folder, old, new)

    assert [(one.section, one.key) for one in found.widenings] == widened


def test_the_same_policy_has_no_difference(folder: Path):
    found = differences.between(compiled(folder), compiled(folder), "fr")

    assert (found.parts, found.widenings) == ((), ())
    assert {one.change for one in found.clauses} == {Change.SAME}
