"""Keeps one media process running: starts it, asks it every 2 s whether it lives, kills and restarts it when not.

The engine's binding can hang with the GIL held (docs/decisions/0003-embedded-media-engine.md); a process that hangs
cannot notice it, so its parent does.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import httpx

POLL_S = 2.0
POLL_TIMEOUT_S = 2.0
START_POLL_S = 0.25  # until the first answer
MISSES_MAX = 3
START_GRACE_S = 15.0  # a process that has never answered yet
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)  # before the nth restart in a row; the last one repeats
STEADY_S = 30.0  # a process that lived this long resets the backoff
STOP_S = 5.0  # between SIGTERM and SIGKILL

logger = logging.getLogger(__name__)


class Supervisor:
    """Args: argv: the command. livez_url: answers 200 while it is well. env: its environment (None: ours).
    on_restart: called from the watching thread after each restart. poll_s: between two questions.
    name: of the process in the log.
    """

    def __init__(
        self,
        argv: Sequence[str],
        livez_url: str,
        env: Mapping[str, str] | None = None,
        on_restart: Callable[[], None] | None = None,
        *,
        poll_s: float = POLL_S,
        name: str = "media",
    ) -> None:
        self._argv = list(argv)
        self._livez_url = livez_url
        self._env = dict(env) if env is not None else None
        self._on_restart = on_restart
        self._poll_s = poll_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._name = name
        self._thread = threading.Thread(target=self._watch, name=f"{name}-watchdog", daemon=True)
        self.restarts = 0
        self.has_answered = False  # the process that runs now, once or more

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """End the process (SIGTERM, after 5 s SIGKILL) and stop watching. Repeating it is no error."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()  # also wakes the watching thread, which waits for its end
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()
        process = self._process  # another one, when the thread was just replacing it
        if process is None:
            return
        process.terminate()
        if _status_within(process, STOP_S) is None:
            process.kill()
            process.wait()

    def _spawn(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self._argv,
            env=self._env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends it through stop(), after the pages
        )

    def _watch(self) -> None:
        failures = 0
        with httpx.Client(timeout=min(POLL_TIMEOUT_S, self._poll_s), trust_env=False) as http:
            while not self._stopping.is_set():
                reason = self._wait_until_ill(http)
                if reason is None:
                    return
                if time.monotonic() - self._started_at > STEADY_S:
                    failures = 0
                pause_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                failures += 1
                logger.error("%s.restarting reason=%s pause_s=%s", self._name, reason, pause_s)
                if self._stopping.wait(pause_s):
                    return
                self._spawn()
                self.restarts += 1
                if self._on_restart:
                    self._on_restart()

    def _wait_until_ill(self, http: httpx.Client) -> str | None:
        """Return why the process must be replaced (it is dead by then), or None when we are told to stop."""
        process = self._process
        if process is None:
            raise RuntimeError("Call start() first.")
        misses, self.has_answered = 0, False
        asked_at = time.monotonic()
        while True:
            pause_s = self._poll_s if self.has_answered else min(self._poll_s, START_POLL_S)
            status = _status_within(process, max(0.0, asked_at + pause_s - time.monotonic()))
            if self._stopping.is_set():
                return None
            if status is not None:  # noticed at once, not at the next question: viewers wait for the next node
                return f"exited:{status}"
            asked_at = time.monotonic()
            if self._answers(http):
                misses, self.has_answered = 0, True
                continue
            misses += 1
            too_late = self.has_answered or time.monotonic() - self._started_at > START_GRACE_S
            if too_late and misses >= MISSES_MAX:
                process.kill()
                process.wait()
                return "silent"

    def _answers(self, http: httpx.Client) -> bool:
        try:
            return http.get(self._livez_url).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def _status_within(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Return the exit status as soon as the process has ended, None when it has not within `seconds`."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
