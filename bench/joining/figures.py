"""Median and 95th percentile, as they stand in a bench's line. Pure."""

import statistics
from collections.abc import Sequence


def p95(values: Sequence[float]) -> float:
    """Return the smallest value that 95 % of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def spread(name: str, values: Sequence[float]) -> dict[str, float | None]:
    """Return `<name>_median` and `<name>_p95`, None for both when there is nothing."""
    if not values:
        return {f"{name}_median": None, f"{name}_p95": None}
    return {f"{name}_median": round(statistics.median(values), 1), f"{name}_p95": round(p95(values), 1)}


def misses(found: dict[str, float | None], goals: dict[str, float]) -> list[str]:
    """Return a sentence for each goal that is not reached; what was not measured is not reached."""
    return [
        f"{key} is {found.get(key)}, the goal is {goal} at most."
        for key, goal in goals.items()
        if (value := found.get(key)) is None or value > goal
    ]
