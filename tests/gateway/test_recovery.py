"""Whatever the order of things: snapshot + events == state, and no event is lost or comes twice.

A small world in which rows are committed first and told later (as AFTER_COMMIT does), pages load, connect, lose their
connection, come back, the ring is too small, and the process restarts.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from tests.gateway.doubles import Client, Socket, World
from vasistas.realtime import log
from vasistas.realtime.log import Position

ROOM = "room:1"


class Page:
    """What js/lib/realtime-channels.js decides, in the fewest words: a set of ids as the page's picture."""

    def __init__(self, rows: dict[int, bool], position: Position) -> None:
        self.rows = set(rows)
        self.position = position
        self.client: Client | None = None
        self.socket: Socket | None = None
        self.read = 0  # messages of this connection already taken
        self.is_stale = False

    def take(self) -> None:
        for message in self.client.messages[self.read :] if self.client else []:
            self.read += 1
            if message.get("op") in {"subscribed", "reset"}:
                if not message.get("recovered", False):
                    self.position = Position(message["epoch"], message["offset"])
                    self.is_stale = True
            elif message.get("c") == ROOM:
                self.event(message)

    def event(self, message: dict[str, Any]) -> None:
        assert message["e"] == self.position.epoch, "an epoch never changes without a word"
        assert message["o"] == self.position.offset + 1, "each event comes once, in order"
        self.position = Position(message["e"], message["o"])
        {"said": self.rows.add, "deleted": self.rows.discard}[message["t"]](message["d"]["id"])


class Recovery(RuleBasedStateMachine):
    pages = Bundle("pages")

    @initialize()
    def start(self) -> None:
        self.restarts = 0
        self.rows: dict[int, bool] = {}  # the database
        self.made = 0
        self.untold: list[tuple[str, int]] = []  # committed, their events not yet published
        self.all_pages: list[Page] = []
        self.restart()

    @rule()
    def say(self) -> None:
        self.made += 1
        self.rows[self.made] = True
        self.untold.append(("said", self.made))

    @rule(choice=st.integers(0, 1_000))
    def delete(self, choice: int) -> None:
        if self.rows:
            number = sorted(self.rows)[choice % len(self.rows)]
            del self.rows[number]
            self.untold.append(("deleted", number))

    @rule()
    def publish(self) -> None:
        if self.untold:
            tag, number = self.untold.pop(0)
            self.world.bus.publish(ROOM, b'"t":"%s","d":{"id":%d}}' % (tag.encode(), number))

    @rule()
    def come_round(self) -> None:
        self.world.hub.wake(ROOM, now=self.world.now)

    @rule(seconds=st.sampled_from([0.00001, 0.001, 1.0, 70.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule()
    def sweep(self) -> None:
        self.world.bus.sweep(busy=self.world.hub._channels)

    @rule(target=pages)
    def load(self) -> Page:
        position = self.world.bus.position(ROOM)
        return self.remember(Page(self.rows, position))

    @rule(target=pages)
    def load_slowly(self) -> Page:
        """Something happens between reading the position and reading the rows."""
        position = self.world.bus.position(ROOM)
        self.say()
        self.publish()
        self.come_round()
        return self.remember(Page(self.rows, position))

    def remember(self, page: Page) -> Page:
        self.all_pages.append(page)
        return page

    @rule(page=pages)
    def connect(self, page: Page) -> None:
        if page.socket is None:
            page.client, page.socket = self.world.join()
            page.read = 0
            self.world.subscribe(page.socket, ROOM, room_1=page.position)

    @rule(page=pages)
    def disconnect(self, page: Page) -> None:
        if page.socket is not None:
            page.take()
            self.world.hub.leave(page.socket)
            page.client = page.socket = None

    @rule(page=pages)
    def lose_connection_with_frames_in_flight(self, page: Page) -> None:
        if page.socket is not None:
            self.world.hub.leave(page.socket)
            page.client = page.socket = None

    @rule(page=pages)
    def take(self, page: Page) -> None:
        page.take()

    @rule(page=pages)
    def load_snapshot_again(self, page: Page) -> None:
        """The page holds its events back while the snapshot loads; so it takes what is there afterwards."""
        page.take()
        if page.is_stale and page.socket is not None:
            page.rows, page.is_stale = set(self.rows), False

    @rule()
    def restart(self) -> None:
        for page in self.all_pages:
            self.disconnect(page)
        self.restarts += 1
        self.world = World(heartbeats_missed_max=1_000)
        self.world.log._epoch = f"e{self.restarts}"
        self.untold.clear()  # a process that dies between commit and publish tells nobody: the epoch says so

    def teardown(self) -> None:
        while self.untold:
            self.publish()
        for page in self.all_pages:
            self.connect(page)
        self.come_round()
        self.world.pass_time(1)
        for page in self.all_pages:
            page.take()
            if page.is_stale:
                page.rows, page.is_stale = set(self.rows), False
            assert page.rows == set(self.rows)
            assert page.position == self.world.bus.position(ROOM)


@pytest.fixture(autouse=True)
def small_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "RING_EVENTS_MAX", 4)


TestRecovery = Recovery.TestCase
TestRecovery.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
