import asyncio

from vasistas.media.port import NodeEvent
from vasistas.media.sfu import limits
from vasistas.media.sfu.event_ring import EventRing


def joined(session):
    return NodeEvent(type="viewer.joined", at=1.0, room="1", session=session)


def test_events_are_read_once_in_order():
    ring = EventRing()
    ring.add(joined("a"))
    first = ring.read("")
    ring.add(joined("b"))
    second = ring.read(first.cursor)

    assert [event.session for event in first.events + second.events] == ["a", "b"]
    assert not first.is_gap
    assert not second.is_gap
    assert ring.read(second.cursor).events == []


def test_a_cursor_of_another_life_is_a_gap():
    before, ring = EventRing(), EventRing()
    before.add(joined("a"))
    ring.add(joined("b"))

    batch = ring.read(before.read("").cursor)

    assert batch.is_gap
    assert [event.session for event in batch.events] == ["b"]


def test_events_that_fell_out_are_a_gap():
    ring = EventRing()
    ring.add(joined("a"))
    cursor = ring.read("").cursor
    for number in range(limits.EVENTS_KEPT + 1):
        ring.add(joined(str(number)))

    assert ring.read(cursor).is_gap


def test_waiting_ends_with_the_first_event():
    async def scene():
        ring = EventRing()
        waiting = asyncio.create_task(ring.wait("", 20.0))
        await asyncio.sleep(0)
        ring.add(joined("a"))
        return await waiting

    assert [event.session for event in asyncio.run(scene()).events] == ["a"]


def test_waiting_in_vain_returns_nothing():
    assert asyncio.run(EventRing().wait("", 0.0)).events == []
