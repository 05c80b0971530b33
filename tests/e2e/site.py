"""Starts the whole product as an operator would, in a folder and on ports of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tools.servers import free_port

START_S = 180
NEVER_S = "86400"  # a site proves its policy soon after its start; that would take the processor from the journeys
STOP_S = 60
WAIT_S = 90
POLL_S = 0.1


@dataclass
class Site:
    """url: base address. data: its folder. mail_port: of its mail server. logins: name shown -> (mail, password), as
    the demo printed them.
    """

    url: str
    data: Path
    port: int
    media_port: int
    control_port: int
    mail_port: int
    process: subprocess.Popen[bytes]
    log: Path
    logins: dict[str, tuple[str, str]]

    def media_process(self) -> psutil.Process:
        """The media node, a child of the site.

        Raises: LookupError: it is not running now.
        """
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if "vasistas.media.sfu.main" in child.cmdline():
                return child
        raise LookupError("The site has no media node now.")

    def kill_media(self) -> None:
        """Kill the node as a crash would; the site starts it again."""
        self.media_process().send_signal(signal.SIGKILL)


def await_true(condition: Callable[[], bool], what: str) -> None:
    """Poll a condition of another process until it holds."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(POLL_S)  # house: the other process gives no event to wait on
    pytest.fail(f"Not so within {WAIT_S} s: {what}")


@contextmanager
def running(data: Path, *arguments: str, command: str = "demo") -> Iterator[Site]:
    """Run `vasistas <command>` until the block ends; Ctrl-C must end it in STOP_S.

    Raises: TimeoutError: it did not answer in START_S; the text carries its log.
    """
    port, control_port, media_port = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    ports = {"VASISTAS_MEDIA_CONTROL_PORT": str(control_port), "VASISTAS_SANDBOX_PORT": str(free_port())}
    mail_port = free_port()
    ports |= {"VASISTAS_MAIL_SINK_PORT": str(mail_port)}
    log = data.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(str(Path(sys.executable).parent / "vasistas"), command, "--data", str(data)),
                *("--port", str(port), "--media-port", str(media_port), *arguments),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"VASISTAS_PROVE_AFTER_S": NEVER_S, **os.environ, **ports},
        )
    try:
        url = f"http://localhost:{port}"
        _await_ready(url, process, log)
        logins = {
            name: (mail, word)
            for name, mail, word in re.findall(r"^  (\S+) .*?(\S+@\S+)  (\S+)$", log.read_text(), re.MULTILINE)
        }
        yield Site(url, data, port, media_port, control_port, mail_port, process, log, logins)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=10).status_code == httpx.codes.OK and "Ctrl-C" in log.read_text():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)  # house: waiting for a server of another process, not for a result under test
    raise TimeoutError(f"The site did not answer:\n{log.read_text()[-4_000:]}")
