"""The worker's loop on shows: once a second, from rows alone."""

from datetime import datetime, timedelta

from vasistas.apps.shows import operations
from vasistas.guard.purposes import processing

TICK_EVERY_S = 1.0
RECOVER_EVERY = timedelta(seconds=10)


class Clock:
    """Keeps nothing but when it last looked for what a crash left: all else stands in rows."""

    def __init__(self) -> None:
        self._recovered_at: datetime | None = None

    def tick(self, at: datetime) -> None:
        with processing("shows"):
            if self._recovered_at is None or at - self._recovered_at >= RECOVER_EVERY:
                is_start, self._recovered_at = self._recovered_at is None, at
                operations.recover(at=at, is_start=is_start)
            operations.tick(at=at)
