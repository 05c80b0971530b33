"""A UDP proxy that loses, delays and narrows, for what a kernel without netem cannot do to loopback.

`with Impairment(target_port, loss=0.03, delay_s=0.02) as line:` listens on `line.port`; what comes from a client goes
to the target and back, each packet through the same fate in either direction. `through(page, line)` leads a page's WHIP
and WHEP sessions over it by changing the candidates in offers and answers; the page itself is unchanged.
"""

import heapq
import itertools
import random
import re
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from playwright.sync_api import Page, Route

PACKET_BYTES_MAX = 2_048
QUEUE_BYTES_MAX = 64_000  # of one narrowed direction of one client; what does not fit is lost, as in a router
POLL_S = 0.05
BUFFER_BYTES = 1 << 20


@dataclass
class _Client:
    """upstream: our socket toward the target, one per client. free_at: when the narrowed line has sent its queue."""

    address: tuple[str, int]
    upstream: socket.socket
    free_at: float = 0.0


@dataclass
class Impairment:
    """loss: share of packets lost in each direction. rate_bps: of the way to the client, None for unlimited.

    counts: packets passed and lost, to client and to target together; tests look at them.
    """

    target_port: int
    loss: float = 0.0
    delay_s: float = 0.0
    rate_bps: float | None = None
    seed: int = 1
    is_cut: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"passed": 0, "lost": 0})

    def __enter__(self) -> Self:
        self._random = random.Random(self.seed)
        self._order = itertools.count()
        self._due: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._clients: dict[tuple[str, int], _Client] = {}
        self._by_socket: dict[socket.socket, _Client] = {}
        self._door = self._socket()
        self.port = int(self._door.getsockname()[1])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="impairment", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()
        for open_socket in (self._door, *self._by_socket):
            open_socket.close()

    def _socket(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)  # noqa: FBT003 — the standard library's signature
        return made

    def _run(self) -> None:
        while not self._stop.is_set():
            now = time.monotonic()
            wait_s = min(POLL_S, max(0.0, self._due[0][0] - now)) if self._due else POLL_S
            readable, _, _ = select.select([self._door, *self._by_socket], [], [], wait_s)
            for source in readable:
                self._read(source)
            self._send_due()

    def _read(self, source: socket.socket) -> None:
        while True:
            try:
                packet, address = source.recvfrom(PACKET_BYTES_MAX)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if source is self._door:
                self._plan(self._client(address).upstream, packet, ("127.0.0.1", self.target_port), None)
            else:
                client = self._by_socket[source]
                self._plan(self._door, packet, client.address, client)

    def _client(self, address: tuple[str, int]) -> _Client:
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = _Client(address, self._socket())
            self._by_socket[client.upstream] = client
        return client

    def _plan(self, way: socket.socket, packet: bytes, address: tuple[str, int], client: _Client | None) -> None:
        """Decide a packet's fate. client: whose narrowed direction it goes, None toward the target."""
        now = time.monotonic()
        at = now
        if client is not None and self.rate_bps is not None:
            queued_bytes = max(0.0, client.free_at - now) * self.rate_bps / 8
            if queued_bytes + len(packet) > QUEUE_BYTES_MAX:
                self.counts["lost"] += 1
                return
            client.free_at = at = max(now, client.free_at) + len(packet) * 8 / self.rate_bps
        if self.is_cut or self._random.random() < self.loss:
            self.counts["lost"] += 1
            return
        heapq.heappush(self._due, (at + self.delay_s, next(self._order), way, packet, address))

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, way, packet, address = heapq.heappop(self._due)
            try:
                way.sendto(packet, address)
                self.counts["passed"] += 1
            except OSError:  # the other side is gone or its buffer full: a packet is lost, as on any line
                self.counts["lost"] += 1


def through(page: Page, line: Impairment) -> None:
    """Lead the media of a page's future sessions over `line` alone."""

    def handle(route: Route) -> None:
        request = route.request
        if request.method != "POST":
            route.continue_()
            return
        response = route.fetch(post_data=without_candidates(request.post_data or ""))
        route.fulfill(response=response, body=with_candidate(response.text(), line.port))

    page.route(re.compile(r"/(whip|whep)$"), handle)


def without_candidates(sdp: str) -> str:
    """The node must learn the client's address from what comes through the proxy, and from nothing else."""
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith("a=candidate:"))


def with_candidate(sdp: str, port: int) -> str:
    """Put the proxy in the place of all the node's candidates (RFC 8839, section 5.1)."""
    candidate = f"a=candidate:1 1 UDP 2122317823 127.0.0.1 {port} typ host\r\n"
    lines: list[str] = []
    is_there = False
    for line in sdp.splitlines(keepends=True):
        if line.startswith("a=candidate:"):
            if not is_there:
                lines.append(candidate)
            is_there = True
            continue
        if line.startswith("m="):
            is_there = False
        lines.append(line)
    return "".join(lines)
