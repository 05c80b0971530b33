"""What the worker does for chats."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import close_old_connections

from vasistas.apps.chat import operations

SWEEP_EVERY_S = 3600.0  # hourly, so that nothing outlives its 30 days by more than an hour

logger = logging.getLogger(__name__)


def sweep_daily(*, stop: threading.Event, clock: Callable[[], datetime], every_s: float = SWEEP_EVERY_S) -> None:
    """Erase what is past its time, now and then every `every_s` seconds, until `stop` is set."""
    while not stop.is_set():
        close_old_connections()
        try:
            rows = operations.sweep(clock())
        except Exception:  # the loop outlives a database that is away for a moment
            logger.exception("chat.sweep failed")
        else:
            logger.info("chat.sweep", extra={"rows": rows})
        finally:
            close_old_connections()
        stop.wait(every_s)
