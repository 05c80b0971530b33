"""The node under soak: its process, what it holds, and a watch that asks it all the time whether it still answers."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from vasistas.media.node_client import NodeClient
from vasistas.media.port import MediaError

POLL_S, ANSWER_S_MAX = 0.5, 2.0
START_S, STOP_S, COUNT_S = 15.0, 10.0, 10.0
BENCH = Path(__file__).resolve().parent.parent


class Node:
    """Args: options: more of the node's own options."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.key = secrets.token_hex(32).encode()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._counts = folder / "counts.json"
        media = [] if "--media-ports" in options else ["--media-port", str(free_port(socket.SOCK_DGRAM))]
        program = [sys.executable, str(Path(__file__).with_name("watched_node.py"))]
        self.process = subprocess.Popen(
            [*program, "--control-port", str(self.port), *media, "--child", *options],
            env={
                **os.environ,
                "VASISTAS_GRANT_KEY": self.key.decode(),
                "VASISTAS_LOG_LEVEL": "WARNING",
                "SOAK_COUNTS": str(self._counts),
            },
        )
        self.client = NodeClient(url=self.url, key=self.key)
        until(self.is_well, within_s=START_S)

    def is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", timeout=ANSWER_S_MAX, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def is_empty(self) -> bool:
        """No room, no session, no connection, not even one in its grace time."""
        stats = self.client.node_stats()
        return not (stats.rooms or stats.publishers or stats.viewers or stats.probes or stats.peers_open)

    def gauges(self) -> dict[str, float]:
        """Return resident memory, the native heap in use, descriptors, and threads but those of bounded pools."""
        inside, process = self.inside(), psutil.Process(self.process.pid)
        with process.oneshot():
            return {
                "rss_mb": round(process.memory_info().rss / 1e6, 1),
                "heap_mb": round(inside["heap_bytes"] / 1e6, 2),
                "threads": process.num_threads() - inside["pool_threads"],
                "fds": process.num_fds(),
            }

    def inside(self) -> dict[str, Any]:
        """Return what watched_node.py counts: objects by type, memory in use. Raises: TimeoutError."""
        self._counts.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        until(self._counts.exists, within_s=COUNT_S)
        return dict(json.loads(self._counts.read_text()))

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Watch:
    """Asks for /livez and /stats every half second; each answer that takes 2 s, or says no, is a hang."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._http = httpx.Client(base_url=node.url, timeout=ANSWER_S_MAX, trust_env=False)
        self._stop = threading.Event()
        self.hangs = 0
        self.answer_s_max = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(3 * ANSWER_S_MAX)
        self._http.close()

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            began = time.monotonic()
            is_well = self._ask()
            took_s = time.monotonic() - began
            self.answer_s_max = max(self.answer_s_max, took_s)
            if not is_well or took_s > ANSWER_S_MAX:
                self.hangs += 1
                if self.hangs == 1 and self._node.process.poll() is None:
                    self._node.process.send_signal(signal.SIGUSR2)  # its stacks, to standard error

    def _ask(self) -> bool:
        try:
            if not self._http.get("/livez").is_success:
                return False
            self._node.client.node_stats()
        except (httpx.HTTPError, MediaError):
            return False
        return True


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask: Callable[[], Any], *, within_s: float) -> None:
    """Return once `ask` says yes. Raises: TimeoutError."""
    deadline = time.monotonic() + within_s
    while not ask():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{getattr(ask, '__qualname__', ask)} did not become true within {within_s:.0f} s.")
        time.sleep(0.1)


@contextlib.contextmanager
def running(*options: str) -> Iterator[Node]:
    with tempfile.TemporaryDirectory(prefix="vasistas-soak-") as folder:
        node = Node(Path(folder), *options)
        try:
            yield node
        finally:
            node.stop()
