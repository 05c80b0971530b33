"""The ring behind every channel: the last few events, each under (epoch, offset). Thread-safe, no I/O, no clock.

State: `dict[channel, Ring]`, least recently published first; a ring is `deque[Entry]`, newest last. Offsets of a ring
are consecutive. A ring that is dropped takes its epoch with it, so a position into it is noticed and never guessed at.
"""

import json
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

RING_EVENTS_MAX = 256  # a reader further behind loads the page's snapshot again
RING_AGE_S = 120.0  # what was said is not kept in memory for longer than a reconnect takes
RING_QUIET_S = 3_600.0  # an empty ring without readers is forgotten, and positions into it with it
CHANNELS_MAX = 50_000
LOG_BYTES_MAX = 64_000_000


class Position(NamedTuple):
    """Where a reader stands in a channel: it knows everything of `epoch` up to and including `offset`."""

    epoch: str
    offset: int


class Entry(NamedTuple):
    """One event, encoded once. at: monotonic seconds."""

    offset: int
    at: float
    message: bytes


class Ring:
    def __init__(self, channel: str, epoch: str) -> None:
        self.epoch = epoch
        self.offset = 0  # of the newest entry ever appended
        self.published_at = 0.0  # monotonic seconds of that entry
        self.entries: deque[Entry] = deque()
        self.size_bytes = 0
        self.head = f'{{"c":{json.dumps(channel)},"e":"{epoch}","o":'.encode()

    def drop_oldest(self) -> None:
        self.size_bytes -= len(self.entries.popleft().message)


class Log:
    def __init__(self, *, epoch: str = "") -> None:
        """Args: epoch: of this process's life; random unless a test says it."""
        self._epoch = epoch or secrets.token_hex(4)
        self._rings: OrderedDict[str, Ring] = OrderedDict()
        self._made = 0  # rings ever made: the second half of their epochs
        self._size_bytes = 0
        self._lock = threading.Lock()

    def append(self, channel: str, tail: bytes, *, now: float) -> Position:
        """Add one event. tail: what `events.encode` gives. now: monotonic seconds."""
        with self._lock:
            ring = self._ring(channel)
            ring.offset += 1
            ring.published_at = now
            message = b"%s%d,%s" % (ring.head, ring.offset, tail)
            before = ring.size_bytes
            ring.entries.append(Entry(ring.offset, now, message))
            ring.size_bytes += len(message)
            while len(ring.entries) > RING_EVENTS_MAX or ring.entries[0].at < now - RING_AGE_S:
                ring.drop_oldest()
            self._size_bytes += ring.size_bytes - before
            self._rings.move_to_end(channel)
            self._shrink()
            return Position(ring.epoch, ring.offset)

    def position(self, channel: str) -> Position:
        with self._lock:
            ring = self._ring(channel)
            return Position(ring.epoch, ring.offset)

    def since(self, channel: str, position: Position) -> list[Entry] | None:
        """Return what a reader at `position` has missed, oldest first; None if the ring cannot say."""
        with self._lock:
            ring = self._ring(channel)
            missed = ring.offset - position.offset
            if ring.epoch != position.epoch or not 0 <= missed <= len(ring.entries):
                return None
            return [ring.entries[index] for index in range(-missed, 0)] if missed else []

    def sweep(self, *, now: float, busy: Iterable[str] = ()) -> None:
        """Forget events older than RING_AGE_S and rings quiet for RING_QUIET_S. busy: channels with readers stay."""
        kept = frozenset(busy)
        with self._lock:
            for channel, ring in list(self._rings.items()):
                before = ring.size_bytes
                while ring.entries and ring.entries[0].at < now - RING_AGE_S:
                    ring.drop_oldest()
                self._size_bytes += ring.size_bytes - before
                is_quiet = ring.offset and ring.published_at < now - RING_QUIET_S
                if is_quiet and channel not in kept:
                    del self._rings[channel]

    def size(self) -> tuple[int, int]:
        """(channels, bytes) held."""
        with self._lock:
            return len(self._rings), self._size_bytes

    def _ring(self, channel: str) -> Ring:
        ring = self._rings.get(channel)
        if ring is None:
            self._made += 1
            ring = self._rings[channel] = Ring(channel, f"{self._epoch}-{self._made:x}")
            self._shrink()
        return ring

    def _shrink(self) -> None:
        while len(self._rings) > CHANNELS_MAX or (self._size_bytes > LOG_BYTES_MAX and len(self._rings) > 1):
            _, dropped = self._rings.popitem(last=False)
            self._size_bytes -= dropped.size_bytes
