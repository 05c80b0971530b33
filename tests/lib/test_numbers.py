"""Text of anybody's choice is a number or none."""

import pytest

from vasistas.lib.numbers import whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("42", 42), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", " 1", "9" * 19, "\u0664", "\u00b2", "1e3"])
def test_all_else_is_none(text):
    assert whole(text) is None


def test_fewer_digits_may_be_asked_for():
    assert (whole("9999", digits_max=4), whole("10000", digits_max=4)) == (9999, None)
