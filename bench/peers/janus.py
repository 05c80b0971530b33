"""Debian's Janus with its VideoRoom as a peer of the bench: a server in a folder of its own, and its HTTP API.

Its settings are its defaults, except for what lets it run here (folders, ports, address) and `event_loops` if asked.
"""

import json
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from peers import children
from vasistas.media.synthetic.peer import Peer

ROOM, FEED = 1, 1
TIMEOUT_S = 15.0
PARTS = ("plugins/libjanus_videoroom.so", "transports/libjanus_http.so")
LIBRARIES = ("/usr/lib", "/usr/local/lib", "/opt/janus/lib")
CORE = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{folder}/plugins"
  transports_folder = "{folder}/transports"
  events_folder = "{folder}/none"
  loggers_folder = "{folder}/none"
  session_timeout = 0
  {event_loops}
}}
nat: {{ ice_enforce_list = "{address}" }}
"""
HTTP = """general: {{ base_path = "/janus", http = true, ip = "127.0.0.1", port = {port}, https = false }}
admin: {{ admin_http = false, admin_https = false }}
"""

type Sections = Sequence[tuple[str, str]]


def why_missing() -> str | None:
    """Why Janus cannot be started here; None: it can."""
    if shutil.which("janus") is None:
        return "there is no janus (apt install janus)"
    if any(_library(name) is None for name in PARTS):
        return "its VideoRoom plugin or HTTP transport was not found"
    return None


def _library(name: str) -> Path | None:
    folders = (Path(start) for start in LIBRARIES)
    return next((found for folder in folders for found in sorted(folder.glob(f"**/janus/{name}"))), None)


@dataclass(frozen=True)
class Door:
    url: str

    def open(self) -> "Entrance":
        return Entrance(self.url)


class Entrance:
    """One API session; each connection is a handle of the VideoRoom plugin in it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._url = url
        self._session = f"{url}/{self._post(url, janus='create')['data']['id']}"

    def create_room(self) -> None:
        self._ask(self._handle(), {"request": "create", "room": ROOM, "publishers": 1})

    def publish(self, peer: Peer, sections: Sections) -> str:
        """Negotiate, and return the answer."""
        handle = self._handle()
        self._ask(handle, {"request": "join", "ptype": "publisher", "room": ROOM, "id": FEED})
        offer = {"type": "offer", "sdp": peer.offer(sections)}
        answer = str(self._ask(handle, {"request": "publish"}, offer)["jsep"]["sdp"])
        peer.accept(answer)
        return answer

    def play(self, peer: Peer, sections: Sections) -> None:
        """Args: sections: audio, then video, as the publisher offered them; Janus keeps the order and the types."""
        handle = self._handle()
        order = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": FEED}]}
        offer = self._ask(handle, order)["jsep"]["sdp"]
        answer = {"type": "answer", "sdp": peer.answer(offer, sections)}
        self._ask(handle, {"request": "start"}, answer)

    def _handle(self) -> str:
        made = self._post(self._session, janus="attach", plugin="janus.plugin.videoroom")
        return f"{self._session}/{made['data']['id']}"

    def _ask(self, handle: str, body: dict[str, Any], jsep: dict[str, str] | None = None) -> Any:
        """Send a request to the plugin and return its answer, which may come later as an event."""
        transaction = secrets.token_hex(8)
        order: dict[str, Any] = {"janus": "message", "body": body, "transaction": transaction}
        answer = self._post(handle, **order, **({"jsep": jsep} if jsep else {}))
        deadline = time.monotonic() + TIMEOUT_S
        while answer["janus"] == "ack" or answer.get("transaction") != transaction:
            if time.monotonic() > deadline:
                raise children.Failed(f"Janus did not answer {body['request']!r}.")
            answer = self._http.get(self._session).json()
        data = answer["plugindata"]["data"]
        if "error" in data:
            raise children.Failed(f"Janus refused {body['request']!r}: {data['error']}")
        return answer

    def _post(self, url: str, **order: Any) -> Any:
        answer = self._http.post(url, json={"transaction": secrets.token_hex(8), **order}).json()
        if answer["janus"] == "error":
            raise children.Failed(f"Janus refused {order['janus']!r}: {json.dumps(answer['error'])}")
        return answer


@contextmanager
def running(*, address: str, port: int, event_loops: int | None) -> Iterator[tuple[int, Door]]:
    """Start Janus with an empty room; yields its process id and the way in.

    Args: event_loops: threads that all connections share; None = Janus' default, a thread for each connection.
    Raises: children.Failed: it does not start.
    """
    door = Door(f"http://127.0.0.1:{port}/janus")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_settings(folder, address=address, port=port, event_loops=event_loops)
        with (folder / "log").open("w+") as log:
            process = subprocess.Popen(
                ["janus", "-F", name], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                children.until(lambda: _is_well(process, door, log), "Janus did not start")
                door.open().create_room()
                yield process.pid, door
            finally:
                process.kill()
                process.wait()


def _write_settings(folder: Path, *, address: str, port: int, event_loops: int | None) -> None:
    for name in PARTS:
        if (library := _library(name)) is not None:
            (folder / name).parent.mkdir()
            (folder / name).symlink_to(library)
    (folder / "none").mkdir()
    loops = f"event_loops = {event_loops}" if event_loops else ""
    (folder / "janus.jcfg").write_text(CORE.format(folder=folder, event_loops=loops, address=address))
    (folder / "janus.transport.http.jcfg").write_text(HTTP.format(port=port))


def _is_well(process: "subprocess.Popen[bytes]", door: Door, log: IO[str]) -> bool:
    if process.poll() is not None:
        log.seek(0)
        raise children.Failed(f"Janus ended by itself: {log.read()[-500:]}")
    try:
        return httpx.get(f"{door.url}/info", trust_env=False).is_success
    except httpx.HTTPError:
        return False
