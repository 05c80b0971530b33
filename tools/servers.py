"""Real servers for tests and benches, each in a folder of its own, gone when its block ends."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 30


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_folder() -> Path | None:
    """The folder of the newest PostgreSQL server's programs, or None where none is installed."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL that forgets everything; yields its address. As root it runs as `nobody`, as it insists."""
    programs = postgres_folder()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed; install Debian's package postgresql.")
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if nobody else {}
    folder = Path(tempfile.mkdtemp(prefix="vasistas-postgres-"))
    if nobody:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    port = free_port()
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "vasistas", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            **identity,
        )  # fmt: skip — one flag list, one line
        subprocess.run(
            [
                programs / "pg_ctl",
                "-D",
                folder / "data",
                "-l",
                folder / "log",
                "-o",
                options,
                "-t",
                str(START_S),
                "-w",
                "start",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            **identity,
        )  # fmt: skip — see above
        yield f"postgresql://vasistas@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **identity,
        )  # fmt: skip — see above
        shutil.rmtree(folder, ignore_errors=True)
