"""The worker and the media node are killed in mid-session: real processes, real media. The bill never exceeds what was
delivered, and nothing stays held.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.media import nodes
from vasistas.guard.backups import databases
from vasistas.media.port import MediaError

CREDITS = 100_000
PRICE = 300  # minor units per minute, tests/factories/shows.py
PACKETS_PER_S = 200
PROGRAM = Path(__file__).with_name("site_process.py")
ROOT = Path(__file__).resolve().parents[3]  # where the program finds tests.factories


class Site:
    """A folder with a site in it: one process that obeys, and a worker that is killed and started again."""

    def __init__(self, folder: Path, node: nodes.RunningNode, data_url: str, keys_url: str) -> None:
        self._environment = {
            **os.environ,
            "VASISTAS_HOSTS_MUST_VERIFY": "no",
            "VASISTAS_NOBODY_ON_DUTY": "open",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "VASISTAS_DATABASE_URL": data_url,
            "VASISTAS_KEYS_DATABASE_URL": keys_url,
            "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
            "VASISTAS_DATA": str(folder),
            "VASISTAS_GRANT_KEY": nodes.KEY.decode(),
            "VASISTAS_MEDIA_NODE_URL": node.url,
            "VASISTAS_POLICY_IN_FORCE": "files",
            "VASISTAS_LOG_LEVEL": "ERROR",
        }
        self._process = self._start("site", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.worker: subprocess.Popen[Any] | None = None

    def _start(self, part: str, **options: Any) -> "subprocess.Popen[Any]":
        return subprocess.Popen([sys.executable, str(PROGRAM), part], env=self._environment, **options)

    def __call__(self, act: str, **values: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"act": act, **values}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["result"]

    def start_worker(self) -> None:
        self.worker = self._start("worker")

    def kill_worker(self) -> None:
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
            self.worker = None

    def stop(self) -> None:
        self.kill_worker()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def node() -> Iterator[nodes.RunningNode]:
    with nodes.running() as started:
        yield started


@pytest.fixture
def site(tmp_path: Path, node: nodes.RunningNode, db: None) -> Iterator[Site]:
    """A site of its own, on the engine of the tests."""
    data, keys = (databases.url_of(connections[alias].settings_dict) for alias in ("default", "keys"))
    with databases.scratch(data) as data_url, databases.scratch(keys) as keys_url:
        started = Site(tmp_path / "site", node, data_url, keys_url)
        yield started
        started.stop()


@pytest.fixture
def clients() -> Iterator[nodes.Clients]:
    with nodes.clients() as started:
        yield started


def delivered(node: nodes.RunningNode, session: str) -> int:
    """What the node itself counts."""
    try:
        return node.client.session_stats(session).delivered_s
    except MediaError:
        return 0


def connect(site: Site, clients: nodes.Clients, act: str, peer: str, direction: str) -> str:
    opened = site(act, offer=clients("offer", peer, direction=direction, codec="VP8"))
    clients("answer", peer, sdp=opened["sdp"])
    return str(opened["session"])


def test_killed_worker_and_killed_node_never_cost_more_than_was_delivered(
    site: Site, node: nodes.RunningNode, clients: nodes.Clients
) -> None:
    site("arrange", credits_minor=CREDITS)
    site.start_worker()
    connect(site, clients, "go_live", "host", "sendonly")
    clients("pump", "host", packets_per_s=PACKETS_PER_S)
    nodes.until(lambda: site("state") == "live")
    site("start", minutes=10)
    session = connect(site, clients, "watch", "viewer", "recvonly")
    nodes.until(lambda: site("books")["charged"])

    site.kill_worker()
    before = site("books")
    seen = delivered(node, session)
    nodes.until(lambda: delivered(node, session) >= seen + 3)  # nobody looks, and the picture goes on
    assert site("books") == before
    site.start_worker()
    nodes.until(lambda: site("books")["charged"] >= PRICE * (seen + 3) // 60)
    again = site("books")
    assert again["charged"] <= PRICE * delivered(node, session) // 60

    nodes.until(lambda: delivered(node, session) >= again["delivered_s"] + 1)
    site.kill_worker()
    last = delivered(node, session)
    node.process.kill()
    node.process.wait()
    site.start_worker()
    nodes.until(lambda: site("books")["state"] == "ended")

    books = site("books")
    assert again["charged"] <= books["charged"] <= PRICE * last // 60
    assert (books["held"], books["sum"], books["wrong"]) == (0, 0, 0)
    assert books["balance"] == CREDITS - books["charged"]
    assert site("state") != "private"
