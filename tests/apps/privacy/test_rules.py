"""The clock of a request: calendar months, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.apps.privacy import rules
from vasistas.guard.policy import get_policy

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2100, 1, 1))


@pytest.mark.parametrize(
    ("received", "months", "due"),
    [
        (date(2026, 11, 23), 1, date(2026, 12, 23)),
        (date(2026, 1, 31), 1, date(2026, 3, 2)),  # no 31 February: the 28th, a Saturday, hence Monday
        (date(2027, 1, 30), 1, date(2027, 3, 1)),  # 28 February 2027 is a Sunday
        (date(2028, 1, 31), 1, date(2028, 2, 29)),  # leap year, a Tuesday
        (date(2026, 12, 31), 1, date(2027, 2, 1)),  # over the year; 31 January 2027 is a Sunday
        (date(2026, 11, 30), 3, date(2027, 3, 1)),  # extended by two months; 28 February again
    ],
)
def test_due_date_counts_calendar_months(received, months, due):
    assert rules.due_date(received, months) == due


@given(DAYS, st.integers(1, 3))
def test_due_date_is_a_working_day_no_earlier_than_the_months(received, months):
    due = rules.due_date(received, months)

    assert due.weekday() < 5
    assert timedelta(days=28 * months) <= due - received <= timedelta(days=31 * months + 2)


@given(DAYS, DAYS)
def test_due_date_of_what_came_later_is_never_earlier(one, other):
    early, late = sorted((one, other))

    assert rules.due_date(early) <= rules.due_date(late)


@pytest.mark.parametrize(("left", "told"), [(8, 0), (7, 1), (2, 1), (1, 2), (0, 2), (-1, 3), (-30, 3)])
def test_warnings_come_seven_days_before_one_day_before_and_when_overdue(left, told):
    due = date(2026, 12, 23)

    assert rules.warnings_due(due, due - timedelta(days=left)) == told


def test_uses_to_object_to_are_those_of_a_legitimate_interest():
    found = rules.uses_to_object_to(get_policy())

    assert {one.purpose for one in found} == {
        *("moderate", "staff"),
        *("intake", "support", "correspond", "assistance", "dispute"),
    }
    assert {one.purpose for one in found} >= rules.STOPS_AT_ONCE
