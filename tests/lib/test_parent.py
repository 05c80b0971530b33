"""A child notices that its parent is gone; what it then does is end (tests/e2e/test_processes.py)."""

import os
import threading

from vasistas.lib import parent

WAIT_S = 10
NOBODY = 2**22 + 1  # above Linux' largest process id


def test_act_is_called_when_the_parent_is_another() -> None:
    called = threading.Event()
    parent.when_gone(NOBODY, called.set)
    assert called.wait(WAIT_S)


def test_act_is_not_called_while_the_parent_is_there() -> None:
    called = threading.Event()
    parent.when_gone(os.getppid(), called.set)
    assert not called.wait(2 * parent.POLL_S)
