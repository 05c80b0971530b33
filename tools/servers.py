"""Real servers for tests and benches, each in a folder of its own, gone when its block ends."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 30


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_folder() -> Path | None:
    """The folder of the newest PostgreSQL server's programs, or None where none is installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent  # a link may stand alone; the others lie beside what it points to
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def postgres(*, is_durable: bool = False) -> Iterator[str]:
    """Start a PostgreSQL that forgets everything; yields its address."""
    with postgres_server(is_durable=is_durable) as server:
        yield server.address


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL of one's own. crash: stops it as if its machine lost power; start: brings it back."""

    address: str
    crash: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Iterator[Postgres]:
    """Start a PostgreSQL that forgets everything. As root it runs as `nobody`, as it insists.

    Args: is_durable: whether a commit waits for the disk, as a site's own server does; tests have no use for it.
    """
    programs = postgres_folder()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed; install Debian's package postgresql.")
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="vasistas-postgres-"))
    if nobody:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def run(program: str, *arguments: str, check: bool = True) -> None:
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []} if nobody else {}
        subprocess.run(
            [programs / program, "-D", folder / "data", *arguments],
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=None if check else subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            **identity,
        )

    port = free_port()
    options = f"-p {port} -h 127.0.0.1 -k {folder}"
    if not is_durable:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"

    def start() -> None:
        run("pg_ctl", "-l", str(folder / "log"), "-o", options, "-t", str(START_S), "-w", "start")

    def crash() -> None:
        run("pg_ctl", "-m", "immediate", "stop", check=False)

    try:
        run("initdb", "-U", "vasistas", "-A", "trust", "-E", "UTF8", "--no-sync")
        start()
        yield Postgres(f"postgresql://vasistas@127.0.0.1:{port}/postgres", crash, start)
    finally:
        crash()
        shutil.rmtree(folder, ignore_errors=True)
