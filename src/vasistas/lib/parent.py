"""Lets a child process end with its parent, even when the parent was killed and could not say goodbye."""

import os
import threading
from collections.abc import Callable

POLL_S = 1.0


def when_gone(act: Callable[[], None]) -> None:
    """Call `act` from a thread of its own, once, soon after this process has lost its parent (man 2 getppid)."""
    parent = os.getppid()
    never = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            never.wait(POLL_S)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
