"""The way from a publisher to the gateways. One port: in-process here, Redis or PostgreSQL later, same calls."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from vasistas.realtime.log import Entry, Log, Position


class Listener(Protocol):
    """A gateway, as the bus sees it. All are called from any thread and must not block."""

    def wake(self, channel: str) -> None: ...

    def present(self, channel: str) -> int: ...

    def revoke(self, channel: str, holder: str) -> None: ...


class Bus(Protocol):
    """Every call may come from any thread. Offsets of one channel are consecutive across all publishers."""

    def publish(self, channel: str, tail: bytes) -> Position: ...

    def position(self, channel: str) -> Position: ...

    def since(self, channel: str, position: Position) -> list[Entry] | None: ...

    def present(self, channel: str) -> int: ...

    def revoke(self, channel: str, holder: str, *, at: float, keep_until: float) -> None: ...

    def is_revoked(self, channel: str, holder: str, *, made_at: float) -> bool: ...

    def sweep(self, *, busy: Iterable[str]) -> None: ...

    def attach(self, listener: Listener) -> None: ...

    def detach(self, listener: Listener) -> None: ...


class InProcessBus:
    """All publishers and the gateway live in one process. Without a gateway it keeps the rings and wakes nobody."""

    def __init__(self, *, log: Log | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log or Log()
        self._clock = clock
        self._listeners: tuple[Listener, ...] = ()  # replaced, never changed: readers need no lock
        self._revoked: dict[tuple[str, str], tuple[float, float]] = {}  # (channel, holder) -> (at, keep until)
        self._lock = threading.Lock()  # of writers to _revoked

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

    def revoke(self, channel: str, holder: str, *, at: float, keep_until: float) -> None:
        """Remember it for as long as a grant made before could live, then tell the gateways. Unix seconds."""
        with self._lock:
            kept = {key: times for key, times in self._revoked.items() if times[1] > at}
            self._revoked = {**kept, (channel, holder): (at, keep_until)}  # replaced: readers need no lock
        for listener in self._listeners:
            listener.revoke(channel, holder)

    def is_revoked(self, channel: str, holder: str, *, made_at: float) -> bool:
        """Whether a grant of `holder` made at `made_at` opens the channel no more."""
        at, _ = self._revoked.get((channel, holder), (-1.0, 0.0))
        return made_at <= at

    def sweep(self, *, busy: Iterable[str]) -> None:
        self._log.sweep(now=self._clock(), busy=busy)

    def attach(self, listener: Listener) -> None:
        self._listeners = (*self._listeners, listener)

    def detach(self, listener: Listener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)
