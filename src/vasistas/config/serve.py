"""One process that is the whole site: web and gateway on one port, worker thread, media node as a watched child."""

import errno
import fcntl
import io
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import django
import uvicorn
from django.core.management import call_command

from vasistas.config.failure import CommandFailed

SHUTDOWN_S = 5  # open requests get this long after Ctrl-C
WORKER_STOP_S = 10  # the longest poll of the worker, and a little
READY_S = 30  # the demo waits this long for the site to answer
REPLAY = "Erase again whoever was erased since: vasistas restore --replay (docs/runbooks/restore.md)."

logger = logging.getLogger(__name__)


def run(*, bind: str, with_media: bool, demo_hosts: int | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then stop every part in reverse order.

    Args: demo_hosts: set the demo's scene with so many synthetic hosts on air; None: no demo.

    Raises: CommandFailed: a port or the data folder is taken; nothing was started.
    """
    port = int(os.environ["VASISTAS_PORT"])
    data = Path(os.environ["VASISTAS_DATA"])
    _require_free_port(bind, port, socket.SOCK_STREAM, "--port or VASISTAS_PORT")
    if with_media:
        control_port = int(os.environ["VASISTAS_MEDIA_CONTROL_PORT"])
        _require_free_port("127.0.0.1", control_port, socket.SOCK_STREAM, "VASISTAS_MEDIA_CONTROL_PORT")
        media_port = int(os.environ["VASISTAS_MEDIA_PORT"])
        _require_free_port("0.0.0.0", media_port, socket.SOCK_DGRAM, "--media-port or VASISTAS_MEDIA_PORT")  # noqa: S104 — the node listens on every address
    with ExitStack() as parts:
        parts.enter_context(_data_folder(data))
        say(f"Preparing {_shown(data)} …")
        _prepare()
        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn stops on them and raises them again afterwards
            signal.signal(number, _already_stopping)
        if with_media:
            parts.enter_context(_media_node(data))
            parts.enter_context(_sandbox(data, port))
        parts.enter_context(_mail_sink())
        parts.enter_context(_worker())
        parts.enter_context(_mail_in(bind))
        if demo_hosts is not None:
            from vasistas.config import demo  # noqa: PLC0415 — needs django.setup()

            url = f"http://127.0.0.1:{port}"
            parts.enter_context(demo.scene(site_url=url, data=data, hosts=demo_hosts, announce=say))
        else:
            say(f"Vasistas is at http://localhost:{port}/ — Ctrl-C stops it.")
        _server(bind, port).run()
        say("Stopping …")


def say(line: str) -> None:
    """Tell the operator one fact on stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _already_stopping(_number: int, _frame: FrameType | None) -> None:
    return


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _require_free_port(bind: str, port: int, kind: socket.SocketKind, option: str) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as failure:
            name = "TCP" if kind == socket.SOCK_STREAM else "UDP"
            if failure.errno == errno.EADDRINUSE:
                raise CommandFailed(f"{name} port {port} is taken; choose another with {option}.") from None
            raise CommandFailed(f"{name} port {port} on {bind} cannot be opened: {failure.strerror}.") from None


@contextmanager
def _data_folder(data: Path) -> Iterator[None]:
    """Hold the data folder for this process alone."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as failure:
        raise CommandFailed(
            f"The data folder {data} cannot be written: {failure.strerror}. Choose one with --data."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandFailed(
                f"The data folder {data} is in use by another Vasistas; stop it or choose --data."
            ) from None
        yield


def _prepare() -> None:
    django.setup()
    require_unmarked()
    _require_policy()
    _guard_ways_out()
    call_command("check", fail_level="ERROR", stdout=io.StringIO())  # its "no issues" is no news
    _open_key_store()
    call_command("migrate", interactive=False, verbosity=0)
    require_replayed()
    call_command("collectstatic", interactive=False, verbosity=0)


def require_unmarked() -> None:
    """Open nothing of a restored database before whoever was erased since is erased again. Raises: CommandFailed."""
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    from vasistas.guard import journal  # noqa: PLC0415 — needs django.setup()

    if journal.is_restored(settings.DATA):
        raise CommandFailed(f"The database was restored. {REPLAY}")


def require_replayed() -> None:
    """The same for a database that was put there by hand.

    Raises: CommandFailed: the journal calls people erased whom the database still has.
    """
    from vasistas.apps.privacy import operations as privacy  # noqa: PLC0415 — needs django.setup()

    if count := len(privacy.came_back()):
        raise CommandFailed(f"People who were erased are in the database again: {count}. {REPLAY}")


def _require_policy() -> None:
    """Stop with every fault of the policy, before the system checks would tell the same as one of many."""
    from vasistas.guard.policy.checks import compile_whole  # noqa: PLC0415 — needs django.setup()

    compile_whole()


def _guard_ways_out() -> None:
    from vasistas.guard.egress import endpoints  # noqa: PLC0415 — needs django.setup()

    endpoints.arm()


def _open_key_store() -> None:
    """Before the data: its migrations may seal. A wrong root key ends the start here, with nothing written."""
    from vasistas.config import key_store  # noqa: PLC0415 — needs django.setup()

    key_store.prepare()


@contextmanager
def _media_node(data: Path) -> Iterator[None]:
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    from vasistas.media.watchdog import Supervisor  # noqa: PLC0415 — `vasistas web` runs without a node

    node = Supervisor(
        [
            *(sys.executable, "-m", "vasistas.media.sfu.main"),
            *("--control-port", os.environ["VASISTAS_MEDIA_CONTROL_PORT"]),
            *("--media-port", os.environ["VASISTAS_MEDIA_PORT"]),
            "--child",
        ],
        f"{settings.MEDIA_NODE_URL}/livez",
        env={**os.environ, "VASISTAS_GRANT_KEY": settings.GRANT_KEY.decode(), "VASISTAS_DATA": str(data)},
    )
    node.start()
    try:
        yield
    finally:
        node.stop()


@contextmanager
def _sandbox(data: Path, site_port: int) -> Iterator[None]:
    """The payment provider of our own, where it is enabled and not run elsewhere."""
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    from vasistas.media.watchdog import Supervisor  # noqa: PLC0415 — see _media_node

    if "sandbox" not in settings.PAYMENT_PROVIDERS or "VASISTAS_SANDBOX_PAYMENTS_URL" in os.environ:
        yield
        return
    port = int(os.environ["VASISTAS_SANDBOX_PORT"])
    _require_free_port("127.0.0.1", port, socket.SOCK_STREAM, "VASISTAS_SANDBOX_PORT")
    provider = Supervisor(
        [
            *(sys.executable, "-m", "vasistas.payments.sandbox.provider.main", "--child", "--port", str(port)),
            *("--site-url", settings.PUBLIC_URL),
            *("--hint-url", f"http://127.0.0.1:{site_port}/payments/sandbox/hint/"),
        ],
        f"http://127.0.0.1:{port}/livez",
        env={
            **os.environ,
            "VASISTAS_SANDBOX_PAYMENTS_KEY": settings.PAYMENT_ACCOUNTS["sandbox"]["key"],
            "VASISTAS_DATA": str(data),
        },
        name="sandbox",
    )
    provider.start()
    try:
        yield
    finally:
        provider.stop()


@contextmanager
def _mail_sink() -> Iterator[None]:
    """The demo's mail server, which the site speaks SMTP to; a page shows what came."""
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    if not settings.MAIL_SINK_PORT:
        yield
        return
    from vasistas.config.demo import sink  # noqa: PLC0415 — the demo alone has one

    _require_free_port("127.0.0.1", settings.MAIL_SINK_PORT, socket.SOCK_STREAM, "VASISTAS_MAIL_SINK_PORT")
    with sink.listening(settings.MAIL_SINK_PORT):
        yield


@contextmanager
def _mail_in(bind: str) -> Iterator[None]:
    """The receiver of answers, bounces and complaints, where the settings give it a port."""
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    if not settings.MAIL_IN_PORT:
        yield
        return
    from vasistas.config import receiving  # noqa: PLC0415 — needs django.setup()

    with receiving.listening(bind):
        yield


@contextmanager
def _worker() -> Iterator[None]:
    from vasistas.config import worker  # noqa: PLC0415 — needs django.setup()

    stop = threading.Event()
    threads = worker.start(stop)
    try:
        yield
    finally:
        stop.set()
        deadline = time.monotonic() + WORKER_STOP_S
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))


def _server(bind: str, port: int) -> uvicorn.Server:
    from django.conf import settings  # noqa: PLC0415 — needs django.setup()

    from vasistas.config.bounds import BoundedHttp  # noqa: PLC0415 — see below
    from vasistas.gateway import server as gateway  # noqa: PLC0415 — as heavy as Django; only a site needs it

    gateway.configure(origins=[settings.PUBLIC_URL], hosts=settings.ALLOWED_HOSTS)
    return uvicorn.Server(
        uvicorn.Config(
            "vasistas.config.asgi:application",
            host=bind,
            port=port,
            http=BoundedHttp,
            loop="vasistas.config.loop:GuardedLoop",
            ws=gateway.GatewayProtocol,
            lifespan="on",
            access_log=False,  # addresses are personal data
            log_config=None,
            server_header=False,
            forwarded_allow_ips=os.environ.get("VASISTAS_TRUSTED_PROXIES", "127.0.0.1"),
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
