"""Reads of the evidence: the report that pages draw and `vasistas prove` prints."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Max

from vasistas.guard.conformance import registry
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.conformance.report import Known, Named, Planted, Report, Seen, State, report_on
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Mode

RED = {Evidence.Result.RED: True, Evidence.Result.GREEN: False}  # BROKEN: None


def report(now: datetime) -> Report:
    """State every clause of the policy in force at the moment `now`."""
    policy = get_policy()
    every = frozenset(policy.purposes)
    observed = frozenset(key for key, purpose in policy.purposes.items() if purpose.mode is not Mode.ENFORCE)
    if settings.GATE_MODE != Mode.ENFORCE:
        observed = every
    named = {
        check.key: Named(check.key, check.kind, check.words, every if check.is_gated else frozenset())
        for check in registry.checks().values()
    }
    return report_on(policy, Known(named, *latest(), observed), now)


def latest() -> tuple[Mapping[str, Seen], Mapping[str, Planted]]:
    """Return the newest result of every check, and of every counterexample."""
    newest = Evidence.objects.values("sort", "key").annotate(newest=Max("pk")).values("newest")
    seen: dict[str, Seen] = {}
    planted: dict[str, Planted] = {}
    for row in Evidence.objects.filter(pk__in=newest):
        if row.sort == Evidence.Sort.CHECK:
            counts = {"counted": row.counted, "violations": row.violations}
            seen[row.key] = Seen(State(row.result), row.at, row.took_ms, counts, row.detail)
        elif row.sort == Evidence.Sort.COUNTEREXAMPLE:
            planted[row.key] = Planted(RED.get(Evidence.Result(row.result)), row.at, row.detail)
    return seen, planted


def latest_drill(key: str) -> Seen | None:
    """Return what the newest drill of this name came to, or None: there was none."""
    row = Evidence.objects.filter(sort=Evidence.Sort.DRILL, key=key).order_by("-pk").first()
    if row is None:
        return None
    counts = {"counted": row.counted, "violations": row.violations}
    return Seen(State(row.result), row.at, row.took_ms, counts, row.detail)
