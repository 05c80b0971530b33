"""Run every test in the order in which a fault is cheapest to find. `make test ARGS="--only browser"` runs one part."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import packages
import servers

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]
# Files in the order in which they are collected, the longest first.
IN_ORDER = ["--dist", "loadfile", "--no-loadscope-reorder"]
PROCESSES_MAX = 4  # each has databases of its own
AT_ONCE = ["-n", str(min(max(os.process_cpu_count() or 2, 2), PROCESSES_MAX)), *IN_ORDER]
SITES_AT_ONCE = ["-n", "2", *IN_ORDER]  # a whole site and a browser in each
NODE_OLDEST = 20


def fast() -> None:
    """Everything without a browser, on SQLite, with the lines that no test reaches."""
    packages.require("nodejs", "dovecot-imapd")
    watched = {"COVERAGE_CORE": "sysmon"}  # sys.monitoring: a fifth of the time more instead of three quarters
    _run(*PYTEST, *AT_ONCE, "--cov", "--cov-report=term:skip-covered", "tests", environment=watched)


def postgres() -> None:
    """The domain again, on the production database engine."""
    packages.require("postgresql")
    with servers.postgres() as address:
        both = {"VASISTAS_DATABASE_URL": address, "VASISTAS_KEYS_DATABASE_URL": address}
        _run(*PYTEST, *AT_ONCE, "tests/apps", "tests/guard", "tests/pages", environment=both)


def javascript() -> None:
    """The browser's decisions, without a browser."""
    packages.require("nodejs")
    _run(
        "node",
        "--test",
        "--test-reporter=dot",
        *sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.mjs")),
    )


def browser() -> None:
    """Journeys in Chromium against whole sites, one of them in each process."""
    packages.require("chromium", "postgresql")
    _run(*PYTEST, *SITES_AT_ONCE, "-m", "not media", "tests/e2e")


def media() -> None:
    """Journeys with cameras and viewers, one at a time: coders want the processor for themselves."""
    packages.require("chromium")
    _run(*PYTEST, "-m", "media", "tests/e2e")


def soak() -> None:
    """The short form of the media soak: joins, leaves and kills, without a hang or a leak."""
    _run(sys.executable, "bench/soak.py", "--short")


PARTS: dict[str, Callable[[], None]] = {
    "fast": fast,
    "postgres": postgres,
    "javascript": javascript,
    "browser": browser,
    "media": media,
    "soak": soak,
}


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    with tempfile.TemporaryDirectory(prefix="vasistas-test-") as data:
        env = {**os.environ, "VASISTAS_DATA": data, **(environment or {})}
        subprocess.run(command, check=True, cwd=ROOT, env=env)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="run this part alone; may be given again")
    options = parser.parse_args()
    times: list[tuple[str, float, bool]] = []
    for name in options.only or PARTS:
        print(f"\n— {name}: {PARTS[name].__doc__}", flush=True)
        began = time.monotonic()
        try:
            PARTS[name]()
        except subprocess.CalledProcessError:
            times.append((name, time.monotonic() - began, False))
        else:
            times.append((name, time.monotonic() - began, True))
    print()
    for name, seconds, passed in times:
        print(f"{'passed' if passed else 'FAILED'}  {name}  {seconds:.0f} s")
    failed = sum(not passed for _, _, passed in times)
    print(f"parts: {len(times) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
