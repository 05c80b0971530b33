"""Our own node as a process to be measured, and the grants to enter it."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from vasistas.lib import grants

KEY = secrets.token_hex(32).encode()
READY_S = 15.0
GRANT_S = 900


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port nobody holds at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start a node; yields its process and the address of its API."""
    port = free_port()
    command = [sys.executable, "-m", "vasistas.media.sfu.main", "--control-port", str(port), "--child"]
    if "--media-ports" not in options:
        command += ["--media-port", str(free_port(socket.SOCK_DGRAM))]
    environment = {**os.environ, "VASISTAS_GRANT_KEY": KEY.decode(), "VASISTAS_LOG_LEVEL": "ERROR"}
    process = subprocess.Popen([*command, *options], env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + READY_S
        while not is_well(url):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("The node did not start.")
            time.sleep(0.1)
        yield process, url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_well(url: str, timeout_s: float = 2.0) -> bool:
    """Tell whether the node answers that it is well."""
    try:
        return httpx.get(f"{url}/livez", timeout=timeout_s, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def grant(act: str, room: str = "", session: str = "", *, key: bytes = KEY) -> str:
    """Return a grant as the site signs it. act: publish, play or control."""
    claims = {"act": act, "room": room, "session": session or secrets.token_hex(16)}
    if act == "publish":
        claims["takeover"] = True
    return grants.sign(claims, audience="media", ttl_s=GRANT_S, key=key, now=time.time())


def stats(url: str) -> dict[str, object]:
    """Return the node's own figures."""
    headers = {"Authorization": f"Bearer {grant('control')}"}
    return dict(httpx.get(f"{url}/stats", headers=headers, timeout=5, trust_env=False).json())
