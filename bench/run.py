"""Runs every bench, or those named, one after the other: `run.py [--quick] [--only NAME]…`.

Each prints one JSON line with its name under "bench"; it is passed on as it comes, notes go to standard error. Programs
that a bench needs are installed when we may (tools/packages.py), else named. The exit code is 1 when a bench failed;
a goal that is missed is no failure, for the machine may be busy.
"""

import argparse
import contextlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import packages

HERE = Path(__file__).resolve().parent
# name -> (options of its short form, programs it needs)
BENCHES: dict[str, tuple[list[str], list[str]]] = {
    "fanout": (["--quick"], ["nats-server"]),
    "forward": (["--quick"], ["janus", "iproute2"]),
    "join": (["--quick"], ["chromium"]),
    "guard": (["--quick"], []),
    "rights": (["--quick"], []),
    "ledger": (["--quick"], ["postgresql"]),
    "bulletins": (["--quick"], ["postgresql"]),
    "inbound": (["--quick"], ["postgresql"]),
    "soak": (["--short"], []),
}
PATIENCE_S = 900  # for one bench; a hang must not hold up the others


def main() -> None:
    """Run them and pass on what they print."""
    parser = argparse.ArgumentParser(description="Measure this machine beside its peers; one JSON line per bench.")
    parser.add_argument("--quick", action="store_true", help="short forms: for a first look, not for comparing")
    parser.add_argument("--only", action="append", choices=BENCHES, help="run this bench alone; may be given again")
    options = parser.parse_args()
    failed = [name for name in options.only or BENCHES if not ran(name, is_quick=options.quick)]
    if failed:
        sys.exit(f"These benches failed: {', '.join(failed)}. Their reasons stand above.")


def ran(name: str, *, is_quick: bool) -> bool:
    """Run one bench and print its line; whether it did its work."""
    short, programs = BENCHES[name]
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # ours carries figures only
            packages.require(*programs)
        command = [sys.executable, str(HERE / f"{name}.py"), *(short if is_quick else [])]
        done = subprocess.run(command, check=False, timeout=PATIENCE_S, stdout=subprocess.PIPE, text=True)
    except subprocess.TimeoutExpired:
        print(f"{name}: not done within {PATIENCE_S} s, killed.", file=sys.stderr)
        return False
    except SystemExit as missing:
        print(f"{name}: {missing}", file=sys.stderr)
        return False
    line = named(name, done.stdout)
    if line is None:
        print(f"{name}: printed no JSON line.", file=sys.stderr)
        return False
    print(line, flush=True)
    return done.returncode == 0


def named(name: str, output: str) -> str | None:
    """Return a bench's JSON line with its name in front; None when there is no such line."""
    for line in reversed(output.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return json.dumps({"bench": name, **found})
    return None


if __name__ == "__main__":
    main()
