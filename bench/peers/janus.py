"""Debian's Janus as the peer of comparison: started with a configuration of our own, spoken to over its HTTP API."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import httpx

LIBRARIES = Path("/usr/lib/x86_64-linux-gnu/janus")
ROOM, FEED = 1234, 77
READY_S = 10.0
ANSWER_S = 15.0
EVENTS_AT_ONCE = 50

GENERAL = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  events_folder = "{libraries}/events"
  loggers_folder = "{libraries}/loggers"
  debug_level = 2
  {loops}
}}
nat: {{ ice_ignore_list = "vmnet" }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
"""
HTTP = """
general: {{ json = "compact" base_path = "/janus" http = true port = {port} ip = "127.0.0.1" https = false }}
admin: {{ admin_http = false admin_https = false }}
"""
VIDEOROOM = f"""
room-{ROOM}: {{ description = "bench" publishers = 2 bitrate = 6000000 fir_freq = 0 audiocodec = "opus" videocodec = "vp8" }}
"""


class Unavailable(Exception):  # noqa: N818 — reads as a fact
    """Janus cannot be measured here; the text says why."""


@contextlib.contextmanager
def running(folder: Path, *, port: int, event_loops: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start Janus. event_loops: None leaves its default, one thread per connection.

    Raises: Unavailable: not installed, or this machine has no address but loopback, which Janus skips.
    """
    program = shutil.which("janus")
    if program is None or not LIBRARIES.is_dir():
        raise Unavailable("janus is not installed (apt-get install janus)")
    if not _has_address():
        raise Unavailable("this machine has no IPv4 address besides loopback, and Janus skips that one")
    folder.mkdir(parents=True, exist_ok=True)
    loops = f"event_loops = {event_loops}" if event_loops else ""
    general = GENERAL.format(
        folder=folder,
        libraries=LIBRARIES,
        loops=loops,
        plugins=_all_but("plugins", "libjanus_videoroom.so"),
        transports=_all_but("transports", "libjanus_http.so"),
    )
    (folder / "janus.jcfg").write_text(general)
    (folder / "janus.transport.http.jcfg").write_text(HTTP.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text(VIDEOROOM)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "--configs-folder", str(folder)], stdout=log, stderr=log)
    try:
        _wait_ready(process, port, folder / "log")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Client:
    """One API session with many handles; a thread collects its events."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(timeout=ANSWER_S, trust_env=False, limits=httpx.Limits(max_connections=64))
        self._session = f"{url}/{self._ask(url, janus='create')['data']['id']}"
        self._queues: dict[int, SimpleQueue[dict[str, object]]] = {}
        self._is_open = True
        threading.Thread(target=self._poll, daemon=True).start()

    def publish(self, offer: str) -> str:
        """Return the answer to a publisher's offer."""
        handle = self._attach()
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": ROOM, "id": FEED}
        return self._say(handle, body, {"type": "offer", "sdp": offer})

    def subscribe(self) -> tuple[int, str]:
        """Return a handle and Janus' offer for a new subscriber."""
        handle = self._attach()
        return handle, self._say(handle, {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": FEED}]})

    def start(self, handle: int, answer: str) -> None:
        """Give our answer to the offer of `subscribe`."""
        self._say(handle, {"request": "start"}, {"type": "answer", "sdp": answer}, wants_description=False)

    def close(self) -> None:
        self._is_open = False

    def _attach(self) -> int:
        handle = int(self._ask(self._session, janus="attach", plugin="janus.plugin.videoroom")["data"]["id"])
        self._queues[handle] = SimpleQueue()
        return handle

    def _say(
        self, handle: int, body: dict[str, object], jsep: dict[str, str] | None = None, *, wants_description: bool = True
    ) -> str:
        more = {"jsep": jsep} if jsep else {}
        self._ask(f"{self._session}/{handle}", janus="message", body=body, **more)
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            event = self._queues[handle].get(timeout=ANSWER_S)
            data = event.get("plugindata", {}).get("data", {})
            if "error" in data:
                raise Unavailable(f"Janus refused: {data['error']}")
            if not wants_description and data:
                return ""
            if "jsep" in event:
                return str(event["jsep"]["sdp"])
        raise Unavailable("Janus did not answer")

    def _ask(self, url: str, **message: object) -> dict[str, object]:
        answer = self._http.post(url, json={**message, "transaction": secrets.token_hex(8)}).json()
        if answer["janus"] == "error":
            raise Unavailable(f"Janus refused: {answer['error']['reason']}")
        return answer

    def _poll(self) -> None:
        with httpx.Client(timeout=60, trust_env=False) as http:
            while self._is_open:
                try:
                    events = http.get(self._session, params={"maxev": EVENTS_AT_ONCE}).json()
                except (httpx.HTTPError, json.JSONDecodeError):
                    return
                for event in events if isinstance(events, list) else [events]:
                    if event.get("janus") == "event" and event.get("sender") in self._queues:
                        self._queues[event["sender"]].put(event)


def _all_but(kind: str, kept: str) -> str:
    return ",".join(sorted(path.name for path in (LIBRARIES / kind).glob("*.so") if path.name != kept))


def _has_address() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; asks the kernel which address it would use
        except OSError:
            return False
        return not str(probe.getsockname()[0]).startswith("127.")


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/janus/info", trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise Unavailable(f"janus did not start: {log.read_text(errors='replace')[-300:]!r}{os.linesep}")
