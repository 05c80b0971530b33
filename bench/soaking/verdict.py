"""What a soak must show, as one row of rules. Pure."""

from collections.abc import Iterator
from typing import Any

HEAP_GROWTH_MB_MAX = 4.0  # allocated by native code and not freed; one lost viewer is 0.14 MB
RSS_GROWTH_MB_MAX = 64.0  # coarse: the C library keeps free memory in an arena per thread, up to about 70 MB
BLOCKS_PER_JOIN_MAX = 25.0  # Python's; 11 are events and used session ids, which the node remembers up to a bound
THREADS_GROWTH_MAX = 2
FDS_GROWTH_MAX = 4
JOINS_MIN_RATIO = 0.8  # of those who tried and were not refused by rule
MEDIA_MIN_RATIO = 0.5  # of those who joined: many leave before the first key frame
LOST_GROWTH_MAX, GAP_MS_MAX = 0.005, 500.0
HOSTILE_PACKETS_PER_S_MIN = 6_000  # twice what a publisher may; below it the attack was none


def faults(found: dict[str, Any], *, joins_min: int) -> Iterator[str]:
    """Yield a sentence for each thing that is not as it must be.

    Args: found: the figures as soak.py prints them. joins_min: for a run of this length.
    """
    if found["hangs"]:
        yield f"The node did not answer within 2 s, or said that it is stuck, {found['hangs']} times."
    if found["joins"] < joins_min:
        yield f"{found['joins']} joins were made, {joins_min} are the least."
    if found["joins"] < JOINS_MIN_RATIO * (found["joins"] + found["joins_failed"]):
        yield f"{found['joins_failed']} joins failed beside {found['joins']} that were made."
    if found["joins_with_media"] < MEDIA_MIN_RATIO * found["joins"]:
        yield f"Only {found['joins_with_media']} of {found['joins']} joins saw video."
    yield from _growth(found)
    if found["sessions_left"]:
        yield f"{found['sessions_left']} sessions or connections are left at the end."
    for name, count in found["objects_left"].items():
        yield f"{count} objects of type {name} are left at the end."
    yield from _victim(found)


def _growth(found: dict[str, Any]) -> Iterator[str]:
    bounds = {
        "heap_mb": HEAP_GROWTH_MB_MAX,
        "rss_mb": RSS_GROWTH_MB_MAX,
        "threads": THREADS_GROWTH_MAX,
        "fds": FDS_GROWTH_MAX,
    }
    for name, most in bounds.items():
        start, end = found[f"{name}_start"], found[f"{name}_end"]
        if end - start > most:
            yield f"{name} grew from {start} to {end}; {most} more are allowed."
    if found["python_blocks_per_join"] > BLOCKS_PER_JOIN_MAX:
        yield f"{found['python_blocks_per_join']} Python blocks stay for each join, {BLOCKS_PER_JOIN_MAX} are allowed."


def _victim(found: dict[str, Any]) -> Iterator[str]:
    if found["hostile_packets_per_s"] < HOSTILE_PACKETS_PER_S_MIN:
        yield f"The hostile publisher sent only {found['hostile_packets_per_s']} packets/s; the attack was none."
    before, after = found["victim_lost_ratio_before"], found["victim_lost_ratio_after"]
    if after > before + LOST_GROWTH_MAX:
        yield f"The other room's viewers lost {after:.2%} of their packets during the attack, {before:.2%} before."
    if found["victim_gap_ms_max_after"] > max(GAP_MS_MAX, found["victim_gap_ms_max_before"]):
        yield f"The other room's viewers saw nothing for {found['victim_gap_ms_max_after']:.0f} ms during the attack."


def objects_left(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return by type what lives now and did not before the first client came."""
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in sorted(grown.items()) if count > 0}
