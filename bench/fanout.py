"""CPU per delivery of the gateway at 1,000 real sockets, beside a bare `send` loop and Debian's nats-server, same run.

One client process holds the sockets of all three and reads them; one process at a time serves. Rounds alternate and the
median counts, because the machine may be busy; compare the ratios. Prints one JSON line:
  cpu_us_per_delivery, bare_send_cpu_us, nats_cpu_us   CPU time of the serving process / messages received by clients
  ratio_to_bare                                        median of the rounds' own ratios: neighbours in time
  p99_ms, nats_p99_ms, bare_p99_ms                     latency from publish to the client's read
  coalesced_deliveries_per_s_per_core                  at 100 messages/s, events received / CPU second of the gateway
  join_cpu_us, memory_bytes_per_socket                 one socket's handshake, grant and subscription; what it holds
`python bench/fanout.py [--quick]`; needs nats-server (`apt install nats-server`), without it its figures are null.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import uvicorn

from vasistas import realtime
from vasistas.gateway import protocol, server
from vasistas.gateway.protocol import Limits
from vasistas.realtime import events

SOCKETS = 1_000
RATE_PER_S = 15  # a busy chat, below the rate at which a channel of 1,000 starts to coalesce
FAST_PER_S = 100
ROUND_S = 3.0
ROUNDS = 5
SETTLE_S = 0.7
PATIENCE_S = 30
TEXT = "What a beautiful morning over the harbour, greetings from Vi! " * 2
CHANNEL = "room:1"
MARK = b'"t":"chat.message.said"'  # once in every event
UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

# -- clients: one process, all sockets ---------------------------------------------------------------------------------


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame with a mask of zeros."""
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else bytes([0x80 | opcode, 0xFE]) + size.to_bytes(2, "big")
    return head + bytes(4) + payload


def dial(kind: str, port: int, hello: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    if kind != "bare":
        path = "/realtime" if kind == "gateway" else "/"
        link.sendall(UPGRADE.format(path=path, port=port).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += link.recv(4096)
        if b" 101 " not in answer:
            raise RuntimeError(f"{kind} refused the handshake: {answer[:80]!r}")
        link.sendall(hello)
    link.setblocking(False)  # noqa: FBT003 — the socket's own signature
    return link


def clients(kind: str, port: int, hello: bytes, orders: Connection) -> None:
    """Hold SOCKETS connections; between "start" and "stop" count events and the age of one in ten at reading."""
    raise_descriptor_limit()
    links = [dial(kind, port, hello) for _ in range(SOCKETS)]
    poll = select.epoll()
    for readable in (*links, orders):
        poll.register(readable, select.EPOLLIN)
    tails = dict.fromkeys((link.fileno() for link in links), b"")  # a read may cut a mark; a tail is shorter than it
    count, reads = 0, 0
    ages: list[float] = []
    orders.send("ready")
    while True:
        for number, _ in poll.poll():
            if number == orders.fileno():
                order = orders.recv()
                if order == "start":
                    count, ages = 0, []
                elif order == "stop":
                    orders.send((count, ages))
                else:
                    return
                continue
            data = os.read(number, 8_192)
            count += (tails[number] + data).count(MARK)
            tails[number] = data[1 - len(MARK) :]
            reads += 1
            if reads % 10 == 0 and (at := data.find(b'"at":')) >= 0:
                ages.append(time.monotonic() - float(data[at + 5 : at + 5 + 40].split(b"}")[0]))


# -- what is measured --------------------------------------------------------------------------------------------------


def said(number: int) -> Any:
    author = {"author": "Vi", "author_ref": "0123456789abcdef", "role": "member"}
    return events.Said(id=number, text=TEXT, at=time.monotonic(), **author)


def paced(rate_per_s: float, seconds: float, act: Callable[[int], None]) -> None:
    start = time.monotonic()
    for number in range(int(rate_per_s * seconds)):
        time.sleep(max(0.0, start + number / rate_per_s - time.monotonic()))
        act(number + 1)


def serve_gateway(port: int, orders: Connection) -> None:
    """The real thing: uvicorn, uvloop, httptools, the gateway; events are published from another thread."""
    raise_descriptor_limit()
    realtime.configure(key=b"k" * 32)
    server.configure(origins=[], hosts=["*"], limits=Limits(sockets_per_address_max=SOCKETS))

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 — ASGI
        raise RuntimeError("Only sockets here.")

    def obey() -> None:
        orders.send(realtime.grant([CHANNEL], now=time.time()))
        while (order := orders.recv()) is not None:
            paced(*order, lambda number: realtime.publish(CHANNEL, said(number)))
            orders.send("done")
        uvicorn_server.should_exit = True

    config = uvicorn.Config(
        app, port=port, ws=server.GatewayProtocol, http="httptools", loop="uvloop", lifespan="off", log_level="error"
    )
    uvicorn_server = uvicorn.Server(config)
    threading.Thread(target=obey, daemon=True).start()
    uvicorn_server.run()


def serve_bare(port: int, orders: Connection) -> None:
    """The least that Python can do: the same bytes, `socket.send` in a loop."""
    raise_descriptor_limit()
    listener = socket.create_server(("127.0.0.1", port), backlog=SOCKETS)
    orders.send("")
    links = [listener.accept()[0] for _ in range(SOCKETS)]

    def act(number: int) -> None:
        frame = protocol.events_frame(
            [b'{"c":"room:1","e":"01234567-1","o":%d,' % number + events.encode(said(number))]
        )
        for link in links:
            link.send(frame)

    while (order := orders.recv()) is not None:
        paced(*order, act)
        orders.send("done")


class Nats:
    """Debian's nats-server; its subscribers come over websocket, its publisher over TCP."""

    def __init__(self, port: int, folder: Path) -> None:
        config = folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{port + 1}"\nmax_connections: 4096\n'
            f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true }}\n'
        )
        self.process = subprocess.Popen(["nats-server", "-c", str(config)], stderr=subprocess.DEVNULL)
        self._link = self._dial(port + 1)

    def _dial(self, port: int) -> socket.socket:
        for _ in range(100):
            try:
                link = socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                link.sendall(b'CONNECT {"verbose":false}\r\n')
                return link
        raise RuntimeError("nats-server does not start; look at its log.")

    def publish(self, number: int) -> None:
        payload = b'{"c":"room:1","e":"01234567-1","o":%d,' % number + events.encode(said(number))
        self._link.sendall(b"PUB room.1 %d\r\n%s\r\n" % (len(payload), payload))


# -- the run -----------------------------------------------------------------------------------------------------------


def raise_descriptor_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_s(pid: int) -> float:
    """CPU time of a process and its threads, user and system; in nanosecond steps where the kernel tells them."""
    with contextlib.suppress(OSError):
        return sum(int(one.read_text().split()[0]) for one in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@contextmanager
def child(target: Callable[..., None], *args: Any) -> Iterator[tuple[int, Connection]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(*args, theirs), daemon=True)
    process.start()
    try:
        yield process.pid or 0, ours
    finally:
        try:
            ours.send(None)
            process.join(timeout=3)
        except OSError:
            pass
        process.kill()
        process.join()


def heard(link: Connection) -> Any:
    """Return what a child says. Raises: RuntimeError: it says nothing; it has died or hangs."""
    if not link.poll(PATIENCE_S):
        raise RuntimeError(f"A child process is silent for {PATIENCE_S} s; look at its output above.")
    return link.recv()


def wait_for_port(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Nothing listens on port {port}; look at the server's log.")


def measure(
    pid: int, readers: Connection, rate_per_s: float, seconds: float, publish: Callable[[], None]
) -> dict[str, float]:
    readers.send("start")
    before = cpu_s(pid)
    publish()
    time.sleep(SETTLE_S)
    used = cpu_s(pid) - before
    readers.send("stop")
    count, ages = heard(readers)
    expected = int(rate_per_s * seconds) * SOCKETS
    if count != expected:
        raise RuntimeError(f"Clients received {count} of {expected} events; the figure would be worth nothing.")
    return {
        "cpu_us": used / count * 1e6,
        "p99_ms": statistics.quantiles(ages, n=100)[98] * 1e3,
        "per_core": count / used,
    }


def round_of_child(kind: str, port: int, rate_per_s: float, seconds: float) -> dict[str, float]:
    serve = {"gateway": serve_gateway, "bare": serve_bare}[kind]
    with child(serve, port) as (pid, orders):
        grant = heard(orders)
        hello = b""
        if kind == "gateway":
            wait_for_port(port)
            hello = masked(json.dumps({"op": "subscribe", "grants": [grant]}).encode())
        cpu_before, memory_before = cpu_s(pid), psutil.Process(pid).memory_info().rss
        with child(clients, kind, port, hello) as (_, readers):
            heard(readers)
            time.sleep(SETTLE_S)
            joins = {
                "join_cpu_us": (cpu_s(pid) - cpu_before) / SOCKETS * 1e6,
                "memory_bytes": (psutil.Process(pid).memory_info().rss - memory_before) / SOCKETS,
            }

            def publish() -> None:
                orders.send((rate_per_s, seconds))
                heard(orders)

            return joins | measure(pid, readers, rate_per_s, seconds, publish)


def round_of_nats(port: int, rate_per_s: float, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        nats = Nats(port, Path(folder))
        try:
            hello = masked(b'CONNECT {"verbose":false}\r\nSUB room.1 1\r\n', opcode=2)
            wait_for_port(port)
            with child(clients, "nats", port, hello) as (_, readers):
                heard(readers)
                time.sleep(SETTLE_S)
                return measure(
                    nats.process.pid, readers, rate_per_s, seconds, lambda: paced(rate_per_s, seconds, nats.publish)
                )
        finally:
            nats.process.terminate()
            nats.process.wait()


def median(rounds: list[dict[str, float]], key: str) -> float | None:
    return round(statistics.median(one[key] for one in rounds), 2) if rounds else None


def run(*, port: int, rounds: int, seconds: float) -> dict[str, Any]:
    found: dict[str, list[dict[str, float]]] = {"bare": [], "gateway": [], "nats": [], "fast": []}
    for number in range(rounds):
        base = port + 10 * number
        found["bare"].append(round_of_child("bare", base, RATE_PER_S, seconds))
        found["gateway"].append(round_of_child("gateway", base + 1, RATE_PER_S, seconds))
        if shutil.which("nats-server"):
            found["nats"].append(round_of_nats(base + 2, RATE_PER_S, seconds))
        found["fast"].append(round_of_child("gateway", base + 4, FAST_PER_S, seconds))
    ratios = [
        {"ratio": own["cpu_us"] / bare["cpu_us"]} for own, bare in zip(found["gateway"], found["bare"], strict=True)
    ]
    return {
        "bench": "fanout",
        "sockets": SOCKETS,
        "messages_per_s": RATE_PER_S,
        "cpu_us_per_delivery": median(found["gateway"], "cpu_us"),
        "bare_send_cpu_us": median(found["bare"], "cpu_us"),
        "nats_cpu_us": median(found["nats"], "cpu_us"),
        "ratio_to_bare": median(ratios, "ratio"),
        "p99_ms": median(found["gateway"], "p99_ms"),
        "bare_p99_ms": median(found["bare"], "p99_ms"),
        "nats_p99_ms": median(found["nats"], "p99_ms"),
        "coalesced_messages_per_s": FAST_PER_S,
        "coalesced_deliveries_per_s_per_core": median(found["fast"], "per_core"),
        "coalesced_p99_ms": median(found["fast"], "p99_ms"),
        "join_cpu_us": median(found["gateway"], "join_cpu_us"),
        "memory_bytes_per_socket": median(found["gateway"], "memory_bytes"),
        "rounds": rounds,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per delivery at 1,000 sockets; one JSON line.")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--port", type=int, default=9_310, help="first of 60 TCP ports (%(default)s)")
    options = parser.parse_args()
    rounds, seconds = (1, 2.0) if options.quick else (ROUNDS, ROUND_S)
    sys.stdout.write(json.dumps(run(port=options.port, rounds=rounds, seconds=seconds)) + "\n")


if __name__ == "__main__":
    main()
