"""The scratch site: a child process with its own data folder, in which every check must turn red once.

The child knows none of its parent's secrets and none of its data. It builds one clean scene; then, for each check, it
forks: in the fork the check must be green, the violation is planted, and the check must be red. The fork ends, the
folder is put back, and the next one starts from the same clean scene.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections

from vasistas.guard import purposes
from vasistas.guard.conformance import operations, registry
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.conformance.report import Planted, State
from vasistas.guard.policy import get_policy, versions

SCRATCH_S_MAX = 300.0  # the whole pass; what has not run by then is not proven
GRACE_S = 2.0
INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
A_MOMENT = timedelta(microseconds=1)  # what was seen at one moment may be kept for all checks of that moment
PREFIX = "vasistas-scratch-"
NICE = 10  # behind whatever serves people
LINE_BYTES_MAX = 65_536
REASON_CHARS_MAX = 300


def run_counterexamples(
    command: Sequence[str], now: datetime, keys: Collection[str] | None = None, *, limit_s: float = SCRATCH_S_MAX
) -> Mapping[str, Planted]:
    """Run every counterexample (`keys`: only these) in a scratch site started by `command`.

    Return: check -> what became of it. One that never ran is there too, and says why.
    """
    wanted = [key for key in registry.checks() if keys is None or key in keys]
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        shutil.copytree(settings.POLICY, folder / "policy")
        if get_policy().is_released:  # neither a draft nor a version to come is what this site promises
            versions.go_back_to(folder / "policy", get_policy().version)
        lines = _lines_of(command, folder, wanted, limit_s)
        reason = _last_word(folder / "errors")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results = {key: Planted(None, now, f"The scratch site ended before. {reason}".strip()) for key in wanted}
    for line in lines:
        said = json.loads(line)
        results[said["key"]] = Planted(said["is_red"], now, said["detail"])
    return results


def environment(folder: Path) -> dict[str, str]:
    """All that the scratch site is told: where Python is, which policy, and a folder of its own."""
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "VASISTAS_DATA": str(folder / "site"),
        "VASISTAS_POLICY": str(folder / "policy"),  # a copy: counterexamples write in it
        "VASISTAS_POLICY_IN_FORCE": "files",  # counterexamples write drafts, and they rule
        "VASISTAS_MEDIA_NODE_URL": "http://127.0.0.1:9",  # nothing broadcasts there
        "VASISTAS_PAYMENT_PROVIDERS": "sandbox",
        "VASISTAS_SANDBOX_PAYMENTS_URL": "http://127.0.0.1:9",  # nobody pays there
        "VASISTAS_GATE_MODE": "enforce",
        "VASISTAS_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
    }


def _lines_of(command: Sequence[str], folder: Path, keys: list[str], limit_s: float) -> list[str]:
    with (folder / "errors").open("wb") as errors:
        child = subprocess.Popen(
            [*command, *keys],
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # so that what it forks ends with it
        )
        try:
            said, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said, _ = child.communicate()
    return [line for line in said.splitlines() if line.startswith("{") and line.endswith("}")]


def _last_word(errors: Path) -> str:
    """The last line the scratch site wrote to its log; nobody lives there whom it could name."""
    lines = errors.read_text(errors="replace").strip().splitlines()
    return lines[-1][:REASON_CHARS_MAX] if lines else ""


def serve(build: Callable[[datetime], None], keys: Sequence[str], now: datetime) -> None:
    """Be the scratch site: build the clean scene, then print one JSON line for each check."""
    os.nice(NICE)
    parent = os.getppid()
    build(now)
    connections.close_all()
    used = [Path(settings.DATA), Path(settings.POLICY)]
    for folder in used:
        shutil.copytree(folder, _clean_copy_of(folder))
    for key in keys:
        is_red, detail = _in_a_fork(key, now)
        if os.getppid() != parent or not _say({"key": key, "is_red": is_red, "detail": detail}):
            shutil.rmtree(Path(settings.DATA).parent)  # whoever asked has gone, and nobody else cleans up
            return
        for folder in used:
            shutil.rmtree(folder)
            shutil.copytree(_clean_copy_of(folder), folder)


def _say(result: object) -> bool:
    """Print one line; return whether anybody listens."""
    try:
        os.write(sys.stdout.fileno(), json.dumps(result).encode() + b"\n")
    except BrokenPipeError:
        return False
    return True


def is_scratch(data: Path) -> bool:
    """Whether `data` is the folder of a scratch site that was just made, and of nobody's site."""
    return data.parent.name.startswith(PREFIX) and not (data / "site.sqlite3").exists()


def _clean_copy_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-clean")


def _in_a_fork(key: str, now: datetime) -> tuple[bool | None, str]:
    limit_s = 2 * registry.checks()[key].limit_s + GRACE_S if key in registry.checks() else GRACE_S
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        code = 1
        try:
            os.write(write_end, json.dumps(_tried_out(key, now)).encode()[:LINE_BYTES_MAX])
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    ready, _, _ = select.select([read_end], [], [], limit_s)
    said = os.read(read_end, LINE_BYTES_MAX) if ready else b""
    os.close(read_end)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not said:
        return None, f"It took longer than {limit_s:g} s." if not ready else "Its process ended without a word."
    is_red, detail = json.loads(said)
    return is_red, detail


def _tried_out(key: str, now: datetime) -> tuple[bool | None, str]:
    try:
        return try_out(key, now)
    except Exception as error:  # noqa: BLE001 — whatever a plant broke, the fork says so before it ends
        return None, operations.kind_and_place(error)


def try_out(key: str, now: datetime) -> tuple[bool | None, str]:
    """Look at the clean scene, plant, look again.

    Return: True: green, then red. False: green, and still green. None with the reason: not to be told.
    """
    check, plant = registry.checks().get(key), registry.plants().get(key)
    if check is None or plant is None:
        return None, "It has no counterexample." if check else "There is no such check."
    before = _look(key, now)
    if before.result != State.HOLDS:
        return None, f"The clean scene is {before.result}: {before.detail}"
    started = time.monotonic()
    try:
        with purposes.scope(lambda: purposes.NOBODY), purposes.processing("prove"):
            plant(now)
    except Exception as error:  # noqa: BLE001 — what cannot be planted was not found either
        return None, f"Planting failed: {operations.kind_and_place(error)}"
    after = _look(key, now + A_MOMENT)
    if after.result == State.VIOLATED:
        return True, after.detail
    if after.result == State.UNPROVEN:
        return None, f"With the violation planted it could not be carried out: {after.detail}"
    return False, f"The violation was planted, and it stayed {after.result} after {time.monotonic() - started:.1f} s."


def _look(key: str, now: datetime) -> Evidence:
    with purposes.scope(lambda: purposes.NOBODY), purposes.processing("prove"):
        return operations.look(registry.checks()[key], now)
