"""A media node in memory, and the clock that it and the tests share."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from vasistas import media
from vasistas.apps.rooms import operations
from vasistas.media.fake import FakeMedia

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class Scene:
    """at: now. node: the media node. `follow` applies what the node told since the last time, twice: nothing changes
    the second time."""

    def __init__(self) -> None:
        self.at = NOON
        self.node = FakeMedia(clock=self._now)
        self._cursor = ""

    def _now(self) -> float:
        return self.at.timestamp()

    def later(self, **delta: float) -> datetime:
        self.at += timedelta(**delta)
        return self.at

    def follow(self) -> None:
        batch = self.node.events(after=self._cursor, wait_s=0)
        self._cursor = batch.cursor
        for _ in range(2):
            touched = operations.apply_node_events(batch.events, at=self.at)
            operations.count_viewers(room_ids=touched)


@pytest.fixture
def scene() -> Iterator[Scene]:
    former = media._configured[:]
    made = Scene()
    media.configure(made.node)
    yield made
    media._configured[:] = former
