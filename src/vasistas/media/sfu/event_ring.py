"""The node's events, the latest 10,000 of them, with a cursor that notices loss. Runs in the event loop."""

import asyncio
import secrets
from collections import deque

from vasistas.media.port import EventBatch, NodeEvent
from vasistas.media.sfu import limits

BATCH_MAX = 1_000


class EventRing:
    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)  # another one after a restart
        self._events: deque[NodeEvent] = deque(maxlen=limits.EVENTS_KEPT)
        self._count = 0
        self._arrived = asyncio.Event()
        self._is_closed = False

    def close(self) -> None:
        """Let nobody wait any more: the node is about to stop."""
        self._is_closed = True
        self._arrived.set()

    def add(self, event: NodeEvent) -> None:
        self._events.append(event)
        self._count += 1
        self._arrived.set()
        self._arrived = asyncio.Event()

    def read(self, after: str) -> EventBatch:
        """What came after the cursor; "" is before everything."""
        epoch, _, digits = after.partition(":")
        offset = int(digits) if epoch == self._epoch and digits.isdecimal() else 0
        oldest = self._count - len(self._events)
        is_gap = bool(after) and (epoch != self._epoch or offset < oldest)
        begin = max(offset, oldest)
        events = [self._events[at - oldest] for at in range(begin, min(self._count, begin + BATCH_MAX))]
        return EventBatch(cursor=f"{self._epoch}:{begin + len(events)}", events=events, is_gap=is_gap)

    async def wait(self, after: str, wait_s: float) -> EventBatch:
        """The same, waiting for the first event."""
        arrived = self._arrived
        batch = self.read(after)
        if batch.events or batch.is_gap or self._is_closed:
            return batch
        try:
            async with asyncio.timeout(min(wait_s, limits.EVENTS_WAIT_S_MAX)):
                await arrived.wait()
        except TimeoutError:
            return batch
        return self.read(after)
