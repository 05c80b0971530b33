"""Starts a node: `vasistas media` or `python -m vasistas.media.sfu.main`. Options also come from the environment."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from vasistas.media.sfu import http
from vasistas.media.sfu.limits import Limits
from vasistas.media.sfu.node import Node
from vasistas.media.sfu.peers import Network

PARENT_POLL_S = 1.0
SHUTDOWN_S = 1  # for requests under way (long polls)
PORT_MAX = 65_535
BACKLOG = 512


class Misconfigured(Exception):  # noqa: N818 — reads as a fact
    """One line: what is wrong and what to do."""


@dataclass(frozen=True)
class Options:
    """control_*: where the API listens. network: where media flows. key: of the grants, shared with the site.

    is_child: end when the parent process does.
    """

    key: bytes
    network: Network
    control_bind: str = "127.0.0.1"
    control_port: int = 8001
    limits: Limits = field(default_factory=Limits)
    is_child: bool = False


def main(argv: Sequence[str] | None = None) -> None:
    """Run a node until SIGTERM or SIGINT; exit with one line when it cannot start."""
    try:
        options = parse(sys.argv[1:] if argv is None else argv, os.environ)
        run(options)
    except Misconfigured as error:
        sys.exit(f"vasistas media: {error}")


def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT. Ends the process (native threads do not survive an interpreter's end).

    Raises: Misconfigured: a port is taken.
    """
    level = os.environ.get("VASISTAS_LOG_LEVEL", "INFO")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    control = _listen(options.control_bind, options.control_port)
    _check_media_ports(options.network)
    asyncio.run(_serve(options, control))
    logging.shutdown()
    os._exit(0)


async def _serve(options: Options, control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    app = http.make_app(lambda: Node(options.network, options.limits, loop), key=options.key)
    configuration = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=SHUTDOWN_S, ws="none"
    )
    server = _Server(configuration)

    def end() -> None:
        server.should_exit = True
        if (node := getattr(app.state, "node", None)) is not None:
            node.events.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    watcher = asyncio.create_task(_end_with_parent(os.getppid(), end)) if options.is_child else None
    first, last = options.network.ports
    logging.getLogger(__name__).info(
        "media.node_started control_port=%s media_ports=%s-%s", options.control_port, first, last
    )
    await server.serve(sockets=[control])
    if watcher:
        watcher.cancel()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # ours are set in _serve: uvicorn's would raise SIGTERM again at the end


async def _end_with_parent(parent: int, end: Callable[[], None]) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 — nothing tells a process that its parent has gone
        await asyncio.sleep(PARENT_POLL_S)
    end()


def _listen(bind: str, port: int) -> socket.socket:
    try:
        return socket.create_server((bind, port), backlog=BACKLOG)
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on control port {port} of {bind} ({error.strerror}). "
            "Free it or choose another one with --control-port."
        ) from None


def _check_media_ports(network: Network) -> None:
    first, last = network.ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((network.bind, first))
        except OSError as error:
            if first == last:
                raise Misconfigured(
                    f"cannot use media port {first}/udp of {network.bind} ({error.strerror}). "
                    "Free it or choose another one with --media-port."
                ) from None


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the options; what is not given comes from VASISTAS_… variables, then from defaults.

    Raises: Misconfigured.
    """
    bounds = Limits()
    parser = argparse.ArgumentParser(prog="vasistas media", description="Run a media node.")
    env = _Environment(environ)
    add = parser.add_argument
    add("--control-bind", default=env.text("MEDIA_CONTROL_BIND", "127.0.0.1"), help="address of the control API")
    add("--control-port", type=int, default=env.integer("MEDIA_CONTROL_PORT", 8001), help="TCP port of the control API")
    add("--media-port", type=int, default=env.integer("MEDIA_PORT", 8002), help="one UDP port for all media")
    add("--media-ports", default=env.text("MEDIA_PORTS", ""), help="a range of UDP ports instead, like 20000-20999")
    add("--bind", default=env.text("MEDIA_BIND", "0.0.0.0"), help="IPv4 address for media, all by default")  # noqa: S104 — see Network
    add("--public-ip", default=env.text("MEDIA_PUBLIC_IP", ""), help="public IPv4 address behind 1:1 NAT")
    add("--grant-key-file", default=env.text("GRANT_KEY_FILE", ""), help="file with the key shared with the site")
    add("--data", default=env.text("DATA", ""), help="the site's data folder: its grant key is used")
    add("--rooms-max", type=int, default=env.integer("MEDIA_ROOMS_MAX", bounds.rooms))
    add("--viewers-max", type=int, default=env.integer("MEDIA_VIEWERS_MAX", bounds.viewers))
    add("--viewers-per-room-max", type=int, default=env.integer("MEDIA_VIEWERS_PER_ROOM_MAX", bounds.viewers_per_room))
    add("--bitrate-max", type=int, default=env.integer("MEDIA_BITRATE_MAX", bounds.publisher_bitrate_bps), help="bit/s")
    add("--child", action="store_true", help="end when the parent process ends")
    options = parser.parse_args(argv)
    return Options(
        key=_key(options.grant_key_file, options.data, environ),
        network=Network(
            ports=_ports(options.media_ports, options.media_port),
            bind=options.bind,
            public_ip=options.public_ip or None,
        ),
        control_bind=options.control_bind,
        control_port=options.control_port,
        limits=Limits(
            rooms=options.rooms_max,
            viewers=options.viewers_max,
            viewers_per_room=options.viewers_per_room_max,
            publisher_bitrate_bps=options.bitrate_max,
        ),
        is_child=options.child,
    )


class _Environment:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(f"VASISTAS_{name}") or default  # empty is not set

    def integer(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal():
            raise Misconfigured(f"VASISTAS_{name} is {value!r}; set it to a whole number.")
        return int(value)


def _key(file: str, data: str, environ: Mapping[str, str]) -> bytes:
    if not file and (value := environ.get("VASISTAS_GRANT_KEY")):
        return value.encode()
    path = Path(file) if file else Path(data) / "secrets" / "grant_key" if data else None
    if path is None:
        raise Misconfigured(
            "no grant key. Set VASISTAS_GRANT_KEY, --grant-key-file, or --data to the site's data folder: "
            "node and site share the key."
        )
    try:
        key = path.read_text().strip().encode()
    except OSError as error:
        raise Misconfigured(f"cannot read the grant key from {path} ({error.strerror}).") from None
    if not key:
        raise Misconfigured(f"the grant key file {path} is empty.")
    return key


def _ports(given: str, single: int) -> tuple[int, int]:
    first, dash, last = given.partition("-") if given else (str(single), "-", str(single))
    if not dash or not first.isdecimal() or not last.isdecimal() or not 0 < int(first) <= int(last) <= PORT_MAX:
        raise Misconfigured(f"the media ports are {given or single!r}; give a range like 20000-20999.")
    return int(first), int(last)


if __name__ == "__main__":
    main()
