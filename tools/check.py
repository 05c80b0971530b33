"""All checks that need no running site, one after the other; a fault is shown as its tool says it."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: dict[str, list[str]] = {
    "style": [f"{BIN}/ruff", "check", "--quiet", "."],
    "format": [f"{BIN}/ruff", "format", "--check", "--quiet", "."],
    "types": [f"{BIN}/mypy", "--no-error-summary"],
    "imports": [f"{BIN}/lint-imports", "--no-cache"],
    "templates": [f"{BIN}/djlint", "--lint", "--quiet", "src/vasistas/templates"],
    "javascript": [f"{BIN}/oxlint", "--quiet", "--deny-warnings", "src/vasistas/static/vasistas/js", "tests/js"],
    "django": [f"{BIN}/vasistas", "manage", "check", "--fail-level", "WARNING"],
    "migrations": [f"{BIN}/vasistas", "manage", "makemigrations", "--check", "--dry-run"],
    "house": [sys.executable, "tools/house.py"],
}


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="vasistas-check-") as data:
        env = {**os.environ, "VASISTAS_DATA": data, "VASISTAS_SMTP_URL": "smtp://localhost:25"}  # as a real site has
        for name, command in CHECKS.items():
            began = time.monotonic()
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            print(
                f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
            if done.returncode:
                failed.append(name)
                print(done.stdout + done.stderr)
    print(f"checks: {len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
