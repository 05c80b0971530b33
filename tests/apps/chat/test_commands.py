import pytest

from vasistas.apps.chat.commands import (
    Asked,
    Clear,
    CommandNotUnderstood,
    Help,
    Mute,
    Say,
    Slow,
    Unmute,
    help_words,
    parse,
)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("hello", Say("hello")),
        ("/", Say("/")),
        ("/o\\ what", Say("/o\\ what")),
        ("//slow 10", Say("/slow 10")),
        ("/help", Help()),
        ("/slow 10", Slow(10)),
        ("/slow off", Slow(0)),
        ("/mute Max", Mute("Max", 10)),
        ("/mute @Max 60", Mute("Max", 60)),
        ("/mute Max the Cat 2h", Mute("Max the Cat", 120)),
        ('/mute "Agent 47"', Mute("Agent 47", 10)),
        ("/unmute Max", Unmute("Max")),
        ("/clear @Max", Clear("Max")),
        ("  /slow   5 ", Slow(5)),
    ],
)
def test_parse_reads_what_is_asked_for(typed: str, asked: Asked) -> None:
    assert parse(typed) == asked


@pytest.mark.parametrize(
    "typed",
    [
        "/fly",
        "/slow",
        "/slow soon",
        "/slow 601",
        "/slow ١٠",
        "/mute",
        "/mute @",
        "/mute Max 0",
        "/mute Max 99999",
        "/clear",
        '/unmute ""',
    ],
)
def test_parse_refuses_and_says_how_to_write_it(typed: str) -> None:
    with pytest.raises(CommandNotUnderstood) as refused:
        parse(typed)

    assert refused.value.message.endswith(".")


def test_help_tells_members_nothing_of_the_tools() -> None:
    assert "/mute" in help_words(has_desk=True)
    assert "/mute" not in help_words(has_desk=False)
