"""The rules of the soak: a planted fault of each kind is found, and a good run is not blamed."""

import pytest

from bench.soaking import verdict

GOOD = {
    "hangs": 0,
    "joins": 3_000,
    "joins_failed": 12,
    "joins_with_media": 2_500,
    "heap_mb_start": 11.3,
    "heap_mb_end": 11.9,
    "python_blocks_per_join": 11.2,
    "rss_mb_start": 100.0,
    "rss_mb_end": 110.0,
    "threads_start": 40,
    "threads_end": 42,
    "fds_start": 20,
    "fds_end": 20,
    "sessions_left": 0,
    "objects_left": {},
    "hostile_packets_per_s": 30_000,
    "victim_lost_ratio_before": 0.0,
    "victim_lost_ratio_after": 0.001,
    "victim_gap_ms_max_before": 60.0,
    "victim_gap_ms_max_after": 70.0,
}


def test_a_good_run_passes() -> None:
    assert list(verdict.faults(GOOD, joins_min=1_000)) == []


@pytest.mark.parametrize(
    ("planted", "word"),
    [
        ({"hangs": 1}, "did not answer"),
        ({"joins": 900, "joins_with_media": 900}, "are the least"),
        ({"joins_failed": 1_000}, "joins failed"),
        ({"joins_with_media": 100}, "saw video"),
        ({"heap_mb_end": 11.3 + 40 * 0.14}, "heap_mb grew"),  # 40 viewers of 3,000 were not let go
        ({"python_blocks_per_join": 80.0}, "80.0 Python blocks stay"),
        ({"rss_mb_end": 170.0}, "rss_mb grew"),
        ({"threads_end": 60}, "threads grew"),
        ({"fds_end": 120}, "fds grew"),
        ({"sessions_left": 1}, "are left at the end"),
        ({"objects_left": {"vasistas.media.sfu.viewer.Viewer": 3}}, "3 objects of type"),
        ({"hostile_packets_per_s": 900}, "the attack was none"),
        ({"victim_lost_ratio_after": 0.02}, "lost 2.00%"),
        ({"victim_gap_ms_max_after": 900.0}, "saw nothing for 900 ms"),
    ],
)
def test_a_planted_fault_is_named(planted: dict[str, object], word: str) -> None:
    (found,) = verdict.faults({**GOOD, **planted}, joins_min=1_000)
    assert word in found


def test_objects_left_are_those_that_came_with_the_clients() -> None:
    before = {"Node": 1, "Peers": 1, "Room": 0}
    after = {"Node": 1, "Peers": 1, "Room": 0, "Viewer": 2}
    assert verdict.objects_left(before, after) == {"Viewer": 2}
