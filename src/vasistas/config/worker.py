"""The worker: everything that runs without a request. One thread each, ended by one event."""

import threading
from typing import TYPE_CHECKING

from django.utils import timezone

from vasistas import media
from vasistas.apps.chat import tasks as chat
from vasistas.apps.rooms import tasks as rooms

if TYPE_CHECKING:
    from collections.abc import Callable


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the loops of the worker; each ends soon after `stop` is set."""
    loops: dict[str, Callable[[], None]] = {
        "rooms.follow_media": lambda: rooms.follow_media(port=media.get_port(), stop=stop),
        "chat.sweep": lambda: chat.sweep_daily(stop=stop, clock=timezone.now),
    }
    threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]
    for thread in threads:
        thread.start()
    return threads
