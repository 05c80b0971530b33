"""Child processes of a bench: start one, speak with it over a pipe, read its CPU time, end it for certain."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import psutil

PATIENCE_S = 60
END_S = 3


class Failed(Exception):  # noqa: N818 — reads as a fact
    """What a child raised, as text."""


@contextmanager
def child(target: Callable[..., None], *args: Any) -> Iterator[Connection]:
    """Run `target(*args, connection)` in a process of its own; `None` over the pipe asks it to end."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(target, args, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        with contextlib.suppress(OSError):
            ours.send(None)
        process.join(timeout=END_S)
        process.kill()
        process.join()


def _run(target: Callable[..., None], args: tuple[Any, ...], orders: Connection) -> None:
    try:
        target(*args, orders)
    except BaseException as error:  # noqa: BLE001 — the parent shall see whatever it is
        with contextlib.suppress(OSError):
            orders.send(Failed(f"{target.__module__}: {error!r}"))
    os._exit(0)  # native threads do not survive an interpreter's end


def heard(link: Connection) -> Any:
    """Return what a child says. Raises: Failed: it failed, has died or hangs."""
    if not link.poll(PATIENCE_S):
        raise Failed(f"A child process is silent for {PATIENCE_S} s; look at its output above.")
    try:
        said = link.recv()
    except EOFError:
        raise Failed("A child process has died; look at its output above.") from None
    if isinstance(said, Failed):
        raise said
    return said


def asked(link: Connection, *order: Any) -> Any:
    """Send an order and return the answer."""
    link.send(order)
    return heard(link)


def cpu_s(pid: int) -> float:
    """User and system time of a process, of its threads that have ended too, and of its children."""
    process = psutil.Process(pid)
    used = (one.cpu_times() for one in (process, *process.children(recursive=True)))
    return sum(times.user + times.system for times in used)


def until(ask: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Return once `ask()` is true. Raises: Failed: it does not become so in time."""
    deadline = time.monotonic() + patience_s
    while not ask():
        if time.monotonic() > deadline:
            raise Failed(f"{what} within {patience_s:.0f} s.")
        time.sleep(0.05)
