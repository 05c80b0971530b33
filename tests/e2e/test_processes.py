"""The processes as an operator meets them: they end together, the node comes back, a folder has one owner."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.site import WAIT_S, Site, await_true, running
from tools.servers import free_port

pytestmark = pytest.mark.media


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and that nobody has waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_ctrl_c_ends_every_process_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--hosts", "1") as site:
        family = psutil.Process(site.process.pid).children(recursive=True)
        commands = {word for child in family for word in child.cmdline() if word.startswith("vasistas.")}
        assert commands == {
            "vasistas.media.sfu.main",
            "vasistas.media.synthetic",
            "vasistas.payments.sandbox.provider.main",
        }
    assert site.process.returncode == 0
    assert [child for child in family if is_alive(child)] == []
    log = site.log.read_text()
    assert log.rstrip().endswith("Stopping …")
    assert "Traceback" not in log


def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--hosts", "1") as site:
        family = psutil.Process(site.process.pid).children(recursive=True)
        assert len(family) == 3
        site.process.kill()
        await_true(lambda: not any(map(is_alive, family)), "the children ended after their parent")


def test_node_that_is_killed_comes_back(site: Site) -> None:
    before = site.media_process().pid
    site.kill_media()

    def is_back() -> bool:
        try:
            return site.media_process().pid != before and httpx.get(f"{site.url}/readyz").json()["media"] == "ok"
        except (LookupError, psutil.NoSuchProcess, httpx.HTTPError):
            return False

    await_true(is_back, "the node is back and the site sees it")


def test_node_that_hangs_is_replaced(site: Site) -> None:
    node = site.media_process()
    node.send_signal(signal.SIGSTOP)
    await_true(lambda: not is_alive(node), "the silent node was killed")
    await_true(lambda: httpx.get(f"{site.url}/readyz").json()["media"] == "ok", "a new node answers")


def test_second_site_on_the_same_folder_is_refused(site: Site) -> None:
    vasistas = str(Path(sys.executable).parent / "vasistas")
    command = [vasistas, "serve", "--data", str(site.data), "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"vasistas: The data folder {site.data} is in use by another Vasistas; stop it or choose --data.\n"
    )
