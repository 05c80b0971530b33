"""Starts the peers' processes and speaks with them in lines."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

BENCH = Path(__file__).resolve().parent.parent


class Child:
    """`Child("viewers.py", …)`: a peer; ends with the `with` block, or with us."""

    def __init__(self, program: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(BENCH / "peers" / program), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(BENCH)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self.stop()

    def line(self) -> str:
        """Return the next line. Raises: RuntimeError: the peer has ended."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"The peer {self.process.args!r} ended.")
        return line.strip()

    def ask(self, word: str = "count") -> dict[str, Any]:
        """Send a line, return the JSON object that answers it."""
        if self.process.stdin:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
        return dict(json.loads(self.line()))

    def stop(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_s(pid: int) -> float:
    """Return the processor time a process has used, its threads and ended children included."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
