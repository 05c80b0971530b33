"""The programs that tests and benches drive. Installed by apt when we may; named clearly when we may not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import servers

# Debian's package -> is its program there?
PROGRAMS: dict[str, Callable[[], bool]] = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "postgresql": lambda: servers.postgres_folder() is not None,
    "nats-server": lambda: shutil.which("nats-server") is not None,
    "janus": lambda: shutil.which("janus") is not None,
    "dovecot-imapd": lambda: shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None,
    "nodejs": lambda: shutil.which("node") is not None,
    "iproute2": lambda: shutil.which("ip") is not None,
}
APT_S = 600


def require(*names: str) -> None:
    """Make sure that the named packages' programs are there.

    Raises: SystemExit: something is missing and could not be installed; says what to install.
    """
    missing = [name for name in names if not PROGRAMS[name]()]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(missing)} …", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, timeout=APT_S, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
            check=False,
            timeout=APT_S,
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
        missing = [name for name in missing if not PROGRAMS[name]()]
    if missing:
        remedy = f"Install them (Debian: apt-get install {' '.join(missing)})."
        sys.exit(f"These programs are missing: {', '.join(missing)}. {remedy}")
