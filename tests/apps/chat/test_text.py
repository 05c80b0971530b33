import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.apps.chat.text import COMBINING_MARKS_MAX, EMOJI, holds_address, normalise, tokens

EXAMPLES = json.loads((Path(__file__).parents[2] / "wire" / "chat_tokens.json").read_text())
HOSTILE = "\u202e\u2066\u200e\u200b\ufeff\u0000\u0007\u0301\u0489\u3164\u2800\u200d:<>&\"' \n\t@hx/.https://é\u00ad😄🏴\U000e0067"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("hello", "hello"),
        ("  two\n\nlines\tand   gaps  ", "two lines and gaps"),
        ("e\u0301", "é"),
        ("abc\u202edcba", "abcdcba"),
        ("\u2066isolate\u2069", "isolate"),
        ("nul\u0000 bell\u0007", "nul bell"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("z" + "\u0335" * 40 + "algo", "z" + "\u0335" * COMBINING_MARKS_MAX + "algo"),
        ("\u0301\u0301over my name", "over my name"),
        ("\u3164\u2800\u200d \u115f", ""),
        ("\n \t", ""),
        ("👩\u200d👧", "👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (":tada: :nothing:", "🎉 :nothing:"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("private\ue000use", "privateuse"),
    ],
)
def test_normalise_makes_plain_words(typed: str, stored: str) -> None:
    assert normalise(typed) == stored


@given(st.text(max_size=80) | st.text(st.sampled_from(HOSTILE), max_size=80))
def test_normalise_leaves_one_visible_line_and_is_done_after_one_time(typed: str) -> None:
    once = normalise(typed)

    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert "  " not in once
    assert all(char in "\u200c\u200d" or unicodedata.category(char)[0] != "C" for char in once)
    assert once == "" or any(unicodedata.category(char)[0] in "LNPS" for char in once)
    runs = [len(run) for run in "".join("m" if unicodedata.combining(char) else " " for char in once).split()]
    assert max(runs, default=0) <= COMBINING_MARKS_MAX


def test_normalise_knows_every_shortcode_of_the_picker() -> None:
    for name, sign in EMOJI.items():
        assert normalise(f":{name}:") == sign


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["text"][:30])
def test_tokens_cut_as_the_wire_examples_say(example: dict[str, list[str]]) -> None:
    found = [
        [token.kind, token.text, token.href] if token.href else [token.kind, token.text]
        for token in tokens(example["text"], example["names"])
    ]

    assert found == example["tokens"]


@given(st.text(st.sampled_from(HOSTILE + "example.org"), max_size=60))
def test_tokens_lose_no_word_and_lead_to_http_alone(typed: str) -> None:
    found = tokens(typed, ["é", "x."])

    assert "".join(token.href or token.text for token in found) == typed
    assert all(token.href.lower().startswith(("http://", "https://")) for token in found if token.kind == "link")


@pytest.mark.parametrize(
    ("typed", "holds"),
    [
        ("see https://a.example", True),
        ("WWW.example.org", True),
        ("http://x", True),
        ("1 www. 2", False),
        ("hi", False),
    ],
)
def test_holds_address_sees_what_one_could_follow(typed: str, *, holds: bool) -> None:
    assert holds_address(typed) is holds
