"""The clock of a request, and which uses of data can be objected to. Pure: no database."""

import calendar
from datetime import date, timedelta

from vasistas.guard.policy.model import Activity, Policy

EXTENSION_MONTHS_MAX = 2
WARN_DAYS = (7, 1, -1)  # before it is due the operator is told; the last one is the day after: overdue
LEGITIMATE_INTEREST = "legitimate_interest"
STOPS_AT_ONCE = frozenset({"staff"})  # purposes that end for one person by themselves; the others are decided by staff


def due_date(received: date, months: int = 1) -> date:
    """The last day on which a request may be answered.

    Calendar months: the day of receipt is not counted; the period ends on the same day of its last month, on that
    month's last day where there is no such day, and on Monday where that is a Saturday or Sunday. Public holidays are
    not looked at, which is the stricter way. Source: GDPR Art. 12(3); Regulation (EEC, Euratom) No 1182/71, Art. 3.
    """
    year, month = divmod(received.year * 12 + received.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    end = date(year, month + 1, min(received.day, last))
    return end + timedelta(days={5: 2, 6: 1}.get(end.weekday(), 0))


def warnings_due(due: date, today: date) -> int:
    """How many of WARN_DAYS have come."""
    return sum(today >= due - timedelta(days=days) for days in WARN_DAYS)


def uses_to_object_to(policy: Policy) -> list[Activity]:
    """The activities that rest on a legitimate interest (GDPR Art. 21(1)), in the policy's order."""
    return [one for one in policy.activities.values() if one.basis == LEGITIMATE_INTEREST]
