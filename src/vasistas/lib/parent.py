"""Lets a child process end with its parent, even when the parent was killed and could not say goodbye."""

import os
import threading
from collections.abc import Callable

POLL_S = 1.0


def when_gone(parent: int, act: Callable[[], None]) -> None:
    """Call `act` from a thread of its own, once, soon after `parent` is not our parent any more (man 2 getppid).

    Args: parent: process id, as the parent itself told it: asked only here, it might be gone already.
    """
    never = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            never.wait(POLL_S)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
