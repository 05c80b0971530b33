"""How long a row stays, by when it was made: a longer period never applies to what is there already (clause M).

A row keeps the shortest of the periods that were in force since it was made: what a later version shortens is shortened
for all, what one lengthens is lengthened for new rows alone.
"""

import functools
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings

from vasistas.guard.policy import get_policy, versions
from vasistas.guard.policy.model import Policy

A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Span:
    """Rows made in [since, until) stay for `limit`; None: no end on that side, and no period in days."""

    since: datetime | None
    until: datetime | None
    limit: timedelta | None


def limit_for(rule_key: str, made_at: datetime) -> timedelta | None:
    """Return how long a row made at `made_at` may stay by a rule of `[retention]`; None: it has no period in days.

    Raises: KeyError: the policy in force has no such rule.
    """
    spans = reversed(spans_of(rule_key))
    return next(span.limit for span in spans if span.since is None or span.since <= made_at)


def due_before(rule_key: str, now: datetime) -> datetime | None:
    """Return the moment up to which rows have reached their age at `now`; None: the rule has no period in days.

    One moment is enough: what was made later never goes earlier, for a period is only ever lengthened for new rows.
    Raises: KeyError: the policy in force has no such rule.
    """
    moments = []
    for span in spans_of(rule_key):
        if span.limit is not None:
            due = now - span.limit
            due = min(due, span.until - A_MOMENT) if span.until else due
            moments += [due] if span.since is None or due >= span.since else []
    return max(moments, default=None)


def spans_of(rule_key: str) -> list[Span]:
    """Return the spans of a rule, earliest first: with one version in force so far a single one, without ends.

    Raises: KeyError: the policy in force has no such rule.
    """
    current = get_policy()
    _ = current.retention[rule_key]
    every = [*(one for one in _earlier(current.version) if one.effective <= _begin(current)), current]
    spans: list[Span] = []
    for number, one in enumerate(every):
        since = _moment(_begin(one)) if number else None
        limit = _shortest(rule_key, every[number:])
        if spans and spans[-1].limit == limit:
            continue
        if spans:
            spans[-1] = replace(spans[-1], until=since)
        spans.append(Span(since, None, limit))
    return spans


def _earlier(version: int) -> list[Policy]:
    return _versions_before(Path(settings.POLICY), version, datetime.now(UTC).date())


@functools.lru_cache(maxsize=8)
def _versions_before(folder: Path, version: int, today: date) -> list[Policy]:
    """Released versions never change, so a day and a number say which these are."""
    every = versions.timeline(folder, today) if versions.history(folder) else []
    return [one for one in every if one.version < version]


def _begin(policy: Policy) -> date:
    """A draft that runs counts from today: whatever is there was made under another promise."""
    return policy.effective if policy.is_released else max(policy.effective, datetime.now(UTC).date())


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _shortest(rule_key: str, since: list[Policy]) -> timedelta | None:
    rules = [one.retention[rule_key] for one in since if rule_key in one.retention]
    days = [rule.days_max for rule in rules if rule.days_max is not None]
    return timedelta(days=min(days)) if days else None
