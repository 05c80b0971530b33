import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.realtime import log
from vasistas.realtime.log import Log, Position


def messages(found: list[log.Entry] | None) -> list[bytes] | None:
    return None if found is None else [entry.message for entry in found]


def test_append_gives_consecutive_offsets_and_whole_messages() -> None:
    ring = Log(epoch="e")
    start = ring.position("room:1")
    assert start == Position("e-1", 0)
    assert ring.append("room:1", b'"t":"x","d":{}}', now=0) == Position("e-1", 1)
    assert ring.append("room:1", b'"t":"y","d":{}}', now=0) == Position("e-1", 2)
    assert messages(ring.since("room:1", start)) == [
        b'{"c":"room:1","e":"e-1","o":1,"t":"x","d":{}}',
        b'{"c":"room:1","e":"e-1","o":2,"t":"y","d":{}}',
    ]
    assert messages(ring.since("room:1", Position("e-1", 2))) == []


@pytest.mark.parametrize("position", [Position("other", 1), Position("e-1", 3), Position("e-1", -1)])
def test_since_an_impossible_position_is_unknown(position: Position) -> None:
    ring = Log(epoch="e")
    ring.append("room:1", b"a}", now=0)
    assert ring.since("room:1", position) is None


def test_ring_keeps_the_newest_events() -> None:
    ring = Log(epoch="e")
    for _ in range(log.RING_EVENTS_MAX + 1):
        ring.append("room:1", b"a}", now=0)
    assert ring.since("room:1", Position("e-1", 0)) is None
    assert len(ring.since("room:1", Position("e-1", 1)) or []) == log.RING_EVENTS_MAX


def test_old_events_are_forgotten_and_positions_before_them_noticed() -> None:
    ring = Log(epoch="e")
    ring.append("room:1", b"a}", now=0)
    ring.append("room:1", b"b}", now=log.RING_AGE_S + 1)
    assert ring.since("room:1", Position("e-1", 0)) is None
    assert len(ring.since("room:1", Position("e-1", 1)) or []) == 1


def test_sweep_forgets_old_events_but_not_where_readers_stand() -> None:
    ring = Log(epoch="e")
    heard = ring.append("room:1", b"a}", now=0)
    ring.sweep(now=log.RING_AGE_S + 1)
    assert ring.size() == (1, 0)
    assert ring.since("room:1", heard) == []


def test_sweep_forgets_quiet_channels_without_readers_and_their_epoch() -> None:
    ring = Log(epoch="e")
    busy, quiet = ring.append("room:1", b"a}", now=0), ring.append("room:2", b"a}", now=0)
    ring.sweep(now=log.RING_QUIET_S + 1, busy=["room:1"])
    assert ring.size() == (1, 0)
    assert ring.since("room:1", busy) == []
    assert ring.since("room:2", quiet) is None
    assert ring.position("room:2") == Position("e-3", 0)


def test_memory_is_bounded_by_forgetting_the_channel_quiet_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LOG_BYTES_MAX", 200)
    ring = Log(epoch="e")
    for number in range(1, 9):
        ring.append(f"room:{number}", b"x" * 40 + b"}", now=0)
    channels, size_bytes = ring.size()
    assert (channels, size_bytes <= 200) == (2, True)
    assert ring.since("room:8", Position("e-8", 0)) != []


def test_number_of_channels_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHANNELS_MAX", 3)
    ring = Log()
    for number in range(1, 10):
        ring.position(f"room:{number}")
    assert ring.size() == (3, 0)


@given(st.lists(st.tuples(st.sampled_from(["lobby", "room:1"]), st.floats(0, 500)), max_size=60))
def test_size_is_what_the_rings_hold(appends: list[tuple[str, float]]) -> None:
    ring = Log(epoch="e")
    now = 0.0
    for channel, passed in appends:
        now += passed
        ring.append(channel, b"abc}", now=now)
    ring.sweep(now=now, busy=["lobby", "room:1"])
    held = [entry for name in ring._rings.values() for entry in name.entries]
    assert ring.size()[1] == sum(len(entry.message) for entry in held)
    assert all(entry.at >= now - log.RING_AGE_S for entry in held)


def test_threads_never_share_an_offset() -> None:
    ring = Log(epoch="e")
    found: list[int] = []

    def publish() -> None:
        found.extend(ring.append("room:1", b"a}", now=0).offset for _ in range(500))

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 2001))
