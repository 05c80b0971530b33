"""The way from a publisher to the gateways. One port: in-process here, Redis or PostgreSQL later, same calls."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from vasistas.realtime.log import Entry, Log, Position


class Listener(Protocol):
    """A gateway, as the bus sees it. Both are called from any thread and must not block."""

    def wake(self, channel: str) -> None: ...

    def present(self, channel: str) -> int: ...


class Bus(Protocol):
    """Every call may come from any thread. Offsets of one channel are consecutive across all publishers."""

    def publish(self, channel: str, tail: bytes) -> Position: ...

    def position(self, channel: str) -> Position: ...

    def since(self, channel: str, position: Position) -> list[Entry] | None: ...

    def present(self, channel: str) -> int: ...

    def sweep(self, *, busy: Iterable[str]) -> None: ...

    def attach(self, listener: Listener) -> None: ...

    def detach(self, listener: Listener) -> None: ...


class InProcessBus:
    """All publishers and the gateway live in one process. Without a gateway it keeps the rings and wakes nobody."""

    def __init__(self, *, log: Log | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log or Log()
        self._clock = clock
        self._listeners: tuple[Listener, ...] = ()  # replaced, never changed: readers need no lock

    def publish(self, channel: str, tail: bytes) -> Position:
        position = self._log.append(channel, tail, now=self._clock())
        for listener in self._listeners:
            listener.wake(channel)
        return position

    def position(self, channel: str) -> Position:
        return self._log.position(channel)

    def since(self, channel: str, position: Position) -> list[Entry] | None:
        return self._log.since(channel, position)

    def present(self, channel: str) -> int:
        return sum(listener.present(channel) for listener in self._listeners)

    def sweep(self, *, busy: Iterable[str]) -> None:
        self._log.sweep(now=self._clock(), busy=busy)

    def attach(self, listener: Listener) -> None:
        self._listeners = (*self._listeners, listener)

    def detach(self, listener: Listener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)
