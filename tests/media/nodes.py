"""A real node in its own process, and real WebRTC clients in another one (the binding may hang; a test must not)."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from vasistas.media.node_client import NodeClient

KEY = b"a key for tests that is long enough for HS256"
PATIENCE_S = 60.0


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask, *, patience_s: float = PATIENCE_S) -> Any:
    """Return the first true answer; fail when there is none."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"This did not become true within {patience_s} s.")


class RunningNode:
    def __init__(self, *arguments: str) -> None:
        self.control_port, self.media_port = free_port(), free_port(socket.SOCK_DGRAM)
        self.url = f"http://127.0.0.1:{self.control_port}"
        self.process = subprocess.Popen(
            [*command(self.control_port), "--media-port", str(self.media_port), *arguments],
            env={**os.environ, "VASISTAS_GRANT_KEY": KEY.decode(), "VASISTAS_LOG_LEVEL": "WARNING"},
        )
        self.client = NodeClient(url=self.url, key=KEY)
        until(self.is_well)

    def is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def is_empty(self) -> bool:
        stats = self.client.node_stats()
        return (stats.rooms, stats.publishers, stats.viewers, stats.probes, stats.peers_open) == (0, 0, 0, 0, 0)

    def stop(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def command(control_port: int) -> list[str]:
    return [sys.executable, "-m", "vasistas.media.sfu.main", "--control-port", str(control_port), "--child"]


class Clients:
    """Speaks with `peer_process`: one JSON line there, one back."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("peer_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, act: str, peer: str, **values: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"act": act, "peer": peer, **values}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["result"]

    def publish(self, node: NodeClient, room: str, peer: str, *, codec: str = "VP8", takeover: bool = False) -> str:
        offer = self("offer", peer, direction="sendonly", codec=codec)
        answer = node.publish(room=room, session=secrets.token_hex(16), offer=offer, takeover=takeover)
        self("answer", peer, sdp=answer.sdp)
        return answer.session

    def play(self, node: NodeClient, room: str, peer: str) -> str:
        offer = self("offer", peer, direction="recvonly", codec="VP8")
        answer = node.play(room=room, session=secrets.token_hex(16), offer=offer)
        self("answer", peer, sdp=answer.sdp)
        return answer.session

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[RunningNode]:
    node = RunningNode(*arguments)
    try:
        yield node
    finally:
        node.stop()


@contextlib.contextmanager
def clients() -> Iterator[Clients]:
    started = Clients()
    try:
        yield started
    finally:
        started.stop()
