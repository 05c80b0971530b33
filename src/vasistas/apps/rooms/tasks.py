"""The worker's loop on the media node: follow its events, push what changed, sweep what is over."""

import logging
import time
from collections.abc import Callable
from threading import Event

from django.db import close_old_connections, connections
from django.utils import timezone

from vasistas.apps.rooms import operations
from vasistas.guard.purposes import processing
from vasistas.media.port import MediaError, MediaPort

WAIT_S = 1.0  # one long poll; also the pace of the duties below
PAUSE_S = 0.1  # between polls: what comes faster is applied together
RETRY_S = 1.0  # after a failure
HEALTH_EVERY_S = 2.0
VIEWERS_EVERY_S = 2.0
SWEEP_EVERY_S = 10.0

logger = logging.getLogger(__name__)


class _Follower:
    """cursor: where in the node's events we are. touched: rooms to count again. due: duty -> monotonic second."""

    def __init__(self, port: MediaPort, clock: Callable[[], float]) -> None:
        self._port = port
        self._clock = clock
        self._cursor = ""
        self._has_gap = True  # nothing is known at the start
        self._touched: set[int] = set()
        self._due: dict[str, float] = {}

    def step(self) -> None:
        """Poll once and do what is due.

        Raises: MediaError: the node is out of reach; time goes on all the same (`sweep` ran before).
        """
        if self._is_due("sweep", SWEEP_EVERY_S):
            operations.sweep(at=timezone.now())
        batch = self._port.events(after=self._cursor, wait_s=WAIT_S)
        self._touched |= operations.apply_node_events(batch.events, at=timezone.now())
        self._cursor = batch.cursor
        self._has_gap = self._has_gap or batch.is_gap
        if self._has_gap:
            operations.reconcile(at=timezone.now())
            self._has_gap = False
        if self._touched and self._is_due("viewers", VIEWERS_EVERY_S):
            operations.count_viewers(room_ids=self._touched)
            self._touched = set()
        if self._is_due("health", HEALTH_EVERY_S):
            operations.measure_health(at=timezone.now())

    def _is_due(self, duty: str, every_s: float) -> bool:
        now = self._clock()
        if now < self._due.get(duty, now):
            return False
        self._due[duty] = now + every_s
        return True


def follow_media(
    port: MediaPort, stop: Event, clock: Callable[[], float] = time.monotonic, pause_s: float = PAUSE_S
) -> None:
    """Follow the node until `stop` is set. Survives everything: a dead node, a lost database, a bad event."""
    follower = _Follower(port, clock)
    is_reachable = True
    try:
        while not stop.wait(pause_s if is_reachable else RETRY_S):
            close_old_connections()
            try:
                with processing("rooms"):
                    follower.step()
                is_reachable = True
            except MediaError as error:
                if is_reachable:
                    logger.warning("The media node does not answer; trying again.", extra={"code": error.code})
                is_reachable = False
            except Exception:
                logger.exception("Following the media node failed; trying again.")
                is_reachable = False
    finally:
        connections.close_all()
