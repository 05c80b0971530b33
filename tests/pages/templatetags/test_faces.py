import json
from pathlib import Path

import pytest

from vasistas.pages.templatetags import faces

WIRE = Path(__file__).parents[2] / "wire"


def test_counts_are_said_as_the_scripts_say_them():
    examples = json.loads((WIRE / "compact.json").read_text())

    assert {count: faces.compact(int(count)) for count in examples} == examples


def test_no_count_is_none():
    assert faces.compact(None) == "0"


@pytest.mark.parametrize(("name", "letter"), [("ada", "A"), (" émile ", "É"), ("李", "李"), ("", "?")])
def test_initial_of_a_name(name, letter):
    assert faces.initial(name) == letter


def test_hue_is_the_same_for_a_name_in_any_case_and_has_a_class():
    hues = {faces.hue(f"name {number}") for number in range(200)}

    assert faces.hue("Ada") == faces.hue("ADA")
    assert hues == set(range(faces.AVATAR_HUES))


def test_unknown_category_has_an_icon_too():
    assert faces.category_icon("new") == "door-open"


def test_a_clock_reads_minutes_and_seconds_and_hours_when_there_are_some():
    assert [faces.clock(seconds) for seconds in (None, 5, 65, 760, 3723, -3)] == [
        *("0:00", "0:05", "1:05", "12:40", "1:02:03", "0:00")
    ]
