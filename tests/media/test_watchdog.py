import os
import signal
import sys
import threading

import httpx
import pytest

from tests.media import nodes
from vasistas.media.watchdog import Supervisor

POLL_S = 0.1


@pytest.fixture
def supervisor():
    port = nodes.free_port()
    restarted = threading.Event()
    started = Supervisor(
        [*nodes.command(port), "--media-port", str(nodes.free_port())],
        f"http://127.0.0.1:{port}/livez",
        {**os.environ, "VASISTAS_GRANT_KEY": nodes.KEY.decode(), "VASISTAS_LOG_LEVEL": "WARNING"},
        restarted.set,
        poll_s=POLL_S,
    )
    started.restarted = restarted
    started.livez_url = f"http://127.0.0.1:{port}/livez"
    started.start()
    nodes.until(lambda: started.has_answered)
    yield started
    started.stop()


def is_well(supervisor):
    try:
        return httpx.get(supervisor.livez_url, trust_env=False, timeout=0.5).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_process_that_hangs_is_replaced(supervisor):
    before = supervisor.pid

    os.kill(before, signal.SIGSTOP)

    assert supervisor.restarted.wait(nodes.PATIENCE_S)
    assert supervisor.pid != before
    nodes.until(lambda: is_well(supervisor))


def test_a_process_that_dies_is_replaced(supervisor):
    os.kill(supervisor.pid, signal.SIGKILL)

    assert supervisor.restarted.wait(nodes.PATIENCE_S)
    nodes.until(lambda: is_well(supervisor))
    assert supervisor.restarts == 1


def test_stop_ends_the_process_and_repeating_it_is_no_error(supervisor):
    pid = supervisor.pid

    supervisor.stop()
    supervisor.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_command_that_cannot_start_is_tried_again_and_can_be_stopped():
    restarted = threading.Event()
    broken = Supervisor([sys.executable, "-c", "raise SystemExit(3)"], "http://127.0.0.1:9/", None, restarted.set)
    broken.start()

    assert restarted.wait(nodes.PATIENCE_S)
    broken.stop()
