"""Median, 95th percentile and goals of the join bench."""

from bench.joining import figures


def test_p95_is_the_value_that_95_of_100_do_not_exceed() -> None:
    assert figures.p95(range(1, 101)) == 95
    assert figures.p95([3, 1, 2]) == 3
    assert figures.p95(list(range(1, 21))) == 19
    assert figures.p95([7]) == 7


def test_spread_names_median_and_p95() -> None:
    assert figures.spread("join_ms", [100.04, 90.0, 400.0]) == {"join_ms_median": 100.0, "join_ms_p95": 400.0}


def test_spread_of_nothing_is_none_not_zero() -> None:
    assert figures.spread("join_ms", []) == {"join_ms_median": None, "join_ms_p95": None}


def test_goals_that_are_missed_or_were_not_measured_are_named() -> None:
    goals = {"join_ms_median": 200.0, "join_ms_p95": 500.0, "glass_ms_median": 100.0}
    assert figures.misses({"join_ms_median": 200.0, "join_ms_p95": 500.1, "glass_ms_median": None}, goals) == [
        "join_ms_p95 is 500.1, the goal is 500.0 at most.",
        "glass_ms_median is None, the goal is 100.0 at most.",
    ]
