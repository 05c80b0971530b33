"""The only I/O of the gateway: a websocket protocol class for uvicorn, on uvicorn's port and in its event loop.

uvicorn parses the upgrade request, hands the connection over and forgets it; Django never sees it. The `websockets`
library checks the handshake and reads incoming frames (sans-I/O); outgoing events are frames that were encoded once and
go straight into the transports. The transport's own write buffer is the socket's one bounded queue.

Start: `gateway.server.configure(origins=…, hosts=…)`, then `uvicorn.Config(app, ws=GatewayProtocol, …)`. uvicorn's
`forwarded_allow_ips` names the proxies whose X-Forwarded-For is believed, and its `timeout_graceful_shutdown` must not
be shorter than Limits.close_s. `health()` is for /readyz.
"""

import asyncio
import contextlib
import functools
import logging
import resource
import socket as sockets
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from vasistas import realtime
from vasistas.gateway.admission import Doorkeeper, Origins, address_of
from vasistas.gateway.hub import SLOTS, Hub, Socket
from vasistas.gateway.protocol import Close, Limits
from vasistas.realtime.bus import Bus

PATH = "/realtime"
DESCRIPTORS_RESERVED = 512  # files, database and web requests beside the sockets
TICKS_LATE_MAX = 3.0  # seconds the loop may be behind before the gateway calls itself unwell

logger = logging.getLogger(__name__)
_wire_logger = logging.getLogger("vasistas.gateway.wire")
_wire_logger.setLevel(logging.WARNING)  # the library tells every opened and closed connection at INFO


@dataclass(frozen=True)
class Health:
    """late_s: how far the event loop was behind at the latest tick. Totals since the start: see hub.Totals."""

    sockets: int
    channels: int
    late_s: float
    deliveries: int
    frames: int
    slow: int

    @property
    def is_well(self) -> bool:
        return self.late_s < TICKS_LATE_MAX


class Gateway:
    """One per process. Attached to the bus and ticking only while it has sockets."""

    def __init__(self, *, bus: Bus, origins: Origins, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.origins = origins
        self.doorkeeper = Doorkeeper(
            sockets_max=_affordable(self.limits.sockets_max), per_address_max=self.limits.sockets_per_address_max
        )
        self.hub = Hub(bus=bus, verify=lambda grant: realtime.right(grant, now=time.time()), limits=self.limits)
        self._bus = bus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inbox: deque[str] = deque()  # channels with news, from any thread
        self._is_woken = False
        self._due: asyncio.TimerHandle | None = None  # for the channel whose rest ends first, at _due_at
        self._due_at = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._tick_at = 0.0

    # -- from any thread ----------------------------------------------------------------------------------------------

    def wake(self, channel: str) -> None:
        """Have the loop look at the channel; many calls within one turn of the loop cost one look."""
        self._inbox.append(channel)
        loop = self._loop
        if self._is_woken or loop is None:
            return
        self._is_woken = True
        try:
            loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # the loop was closed under us: the process is ending
            self._is_woken = False

    def present(self, channel: str) -> int:
        return self.hub.present(channel)

    def revoke(self, channel: str, holder: str) -> None:
        """Have the loop take the channel from a person's sockets; new ones are refused by the bus."""
        if (loop := self._loop) is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop was closed under us: the process is ending
            loop.call_soon_threadsafe(lambda: self.hub.revoke(channel, holder, now=time.monotonic()))

    def health(self) -> Health:
        count, channels = self.hub.size()
        late_s = max(0.0, time.monotonic() - self._tick_at) if self._ticking else 0.0
        return Health(count, channels, late_s, *self.hub.totals)

    # -- from the loop ------------------------------------------------------------------------------------------------

    def opened(self, protocol: "GatewayProtocol") -> Socket:
        """Take in a socket whose handshake is done."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._tick_at = time.monotonic()
            self._bus.attach(self)
            self._tick()
        return self.hub.join(protocol, now=time.monotonic())

    def closed(self) -> None:
        """A socket is gone; after the last one nothing is left running."""
        if self.doorkeeper.count or self._loop is None:
            return
        self._bus.detach(self)
        for timer in (self._ticking, self._due):
            if timer is not None:
                timer.cancel()
        self._loop = self._ticking = self._due = None
        self._inbox.clear()
        self._is_woken = False

    def _drain(self) -> None:
        self._is_woken = False  # before the inbox is read: a later event wakes again
        now = time.monotonic()
        names: dict[str, None] = {}
        while self._inbox:
            names[self._inbox.popleft()] = None
        for name in names:
            self.hub.wake(name, now=now)
        self._plan()

    def _plan(self) -> None:
        due_at = self.hub.next_due()
        if due_at is None or self._loop is None:
            return
        if self._due is not None:
            if self._due_at <= due_at:
                return
            self._due.cancel()
        self._due_at = due_at
        self._due = self._loop.call_later(max(0.0, due_at - time.monotonic()), self._run_due)

    def _run_due(self) -> None:
        self._due = None
        self.hub.run_due(now=time.monotonic())
        self._plan()

    def _tick(self) -> None:
        if self._loop is None:
            return
        every_s = self.limits.heartbeat_s / SLOTS
        self._tick_at = time.monotonic() + every_s
        self._ticking = self._loop.call_later(every_s, self._tick)
        self.hub.tick(now=time.monotonic())


class _Current:
    gateway: Gateway | None = None


def configure(*, origins: Iterable[str], hosts: Iterable[str], limits: Limits | None = None) -> Gateway:
    """Make the gateway of this process, on the bus that `realtime` is configured with.

    Args: origins: the site's public origins (`https://cams.example`). hosts: names it also answers to (ALLOWED_HOSTS).
    """
    origin_set = Origins(public=frozenset(origin.rstrip("/").lower() for origin in origins), hosts=frozenset(hosts))
    _Current.gateway = Gateway(bus=realtime.bus(), origins=origin_set, limits=limits)
    return _Current.gateway


def health() -> Health | None:
    """Tell how the gateway of this process does; None when there is none. From any thread."""
    return None if _Current.gateway is None else _Current.gateway.health()


def _affordable(sockets_max: int) -> int:
    """Raise the process's limit of descriptors as far as it may; return how many sockets that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets_max + DESCRIPTORS_RESERVED
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    return sockets_max if soft == resource.RLIM_INFINITY else max(1, min(sockets_max, soft - DESCRIPTORS_RESERVED))


class _Server(Protocol):
    """What is used of uvicorn's ServerState."""

    connections: set[Any]


class GatewayProtocol(asyncio.Protocol):
    """One socket, from the upgrade request to the end. Also the hub's Outlet."""

    transport: asyncio.Transport
    write: Any  # the transport's own bound method: the hub calls it once per delivery

    def __init__(
        self, *, config: Any, server_state: _Server, app_state: Any = None, gateway: Gateway | None = None
    ) -> None:
        gateway = gateway or _Current.gateway
        if gateway is None:
            raise RuntimeError("There is no gateway yet. Call gateway.server.configure(…) before uvicorn runs.")
        del app_state
        self.gateway = gateway
        self._connections = server_state.connections
        self._trusted: Collection[str] = _names(getattr(config, "forwarded_allow_ips", ()))
        self._wire = ServerProtocol(max_size=gateway.limits.message_bytes_max, logger=_wire_logger)
        self._socket: Socket | None = None  # in the hub; None before the handshake and after the close
        self._address: str | None = None  # counted by the doorkeeper under this
        self._parts: list[bytes] = []  # of a fragmented message
        self._ending: asyncio.TimerHandle | None = None

    # -- asyncio.Protocol ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        self.transport = transport
        self.write = transport.write
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        events = self._wire.events_received()
        for event in events:
            if isinstance(event, Request):
                self._shake_hands(event)
            elif self._socket is not None:
                self._take(self._socket, event)
        self._send_wire()

    def eof_received(self) -> bool | None:
        return None  # asyncio closes the transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        self._connections.discard(self)
        self._forget()
        if self._ending is not None:
            self._ending.cancel()
        if self._address is not None:
            self.gateway.doorkeeper.leave(self._address)
            self._address = None
            self.gateway.closed()

    def pause_writing(self) -> None:
        """The queue is full. Not here and now: this may be in the middle of a fan-out."""
        if self._socket is not None:
            asyncio.get_running_loop().call_soon(self._close_slow)

    def resume_writing(self) -> None:
        return

    def shutdown(self) -> None:
        """uvicorn stops."""
        if self._socket is not None:
            self.gateway.hub.close_all([self._socket], Close.RESTARTING)
        elif self._ending is None:
            self.transport.close()

    # -- hub.Outlet ---------------------------------------------------------------------------------------------------

    def close(self, why: Close) -> None:
        """Send a close frame and wait Limits.close_s for the answer."""
        self._socket = None
        if self._wire.state is OPEN:
            self._wire.send_close(why.value, why.reason)
        self._send_wire()
        self._end_soon()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _shake_hands(self, request: Request) -> None:
        status = self._refusal(request)
        response = self._wire.accept(request) if status is None else self._wire.reject(status, "")
        self._wire.send_response(response)
        self._send_wire()
        if self._wire.state is OPEN:
            limits = self.gateway.limits
            self.transport.set_write_buffer_limits(high=limits.queue_bytes_max)
            raw = self.transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, limits.kernel_queue_bytes)
            self._socket = self.gateway.opened(self)
        else:
            self._end_soon()

    def _refusal(self, request: Request) -> int | None:
        """HTTP status of a refused handshake; else count the socket in."""
        headers = request.headers
        hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
        if request.path.partition("?")[0] != PATH:
            return 404
        if len(hosts) != 1 or len(origins) > 1:
            return 400
        if not self.gateway.origins.allow(origins[0] if origins else None, hosts[0]):
            return 403
        peer = self.transport.get_extra_info("peername")
        forwarded = headers.get_all("X-Forwarded-For")
        address = address_of(peer[0] if peer else "", forwarded[-1] if forwarded else None, self._trusted)
        status = self.gateway.doorkeeper.enter(address)
        if status != 101:  # noqa: PLR2004 — Switching Protocols
            return status
        self._address = address
        return None

    def _take(self, socket: Socket, event: Any) -> None:
        hub, now = self.gateway.hub, time.monotonic()
        if not isinstance(event, Frame) or event.opcode not in (Opcode.TEXT, Opcode.CONT, Opcode.BINARY):
            hub.receive(socket, None, now=now)
        elif event.opcode is Opcode.BINARY:
            hub.close_all([socket], Close.MALFORMED)
        elif event.fin:
            payload = b"".join([*self._parts, event.data])
            self._parts.clear()
            hub.receive(socket, payload, now=now)
        else:
            self._parts.append(bytes(event.data))
            hub.receive(socket, None, now=now)

    def _send_wire(self) -> None:
        """Send what the library wants to say: handshakes, pongs, close frames, the end."""
        for data in self._wire.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self._forget()
                self.transport.close()
                self._end_soon()

    def _end_soon(self) -> None:
        """Whatever the other side does, the connection is over in Limits.close_s; a full queue goes with it."""
        if self._ending is None:
            loop = asyncio.get_running_loop()
            self._ending = loop.call_later(self.gateway.limits.close_s, self.transport.abort)

    def _close_slow(self) -> None:
        if self._socket is not None:
            self.gateway.hub.close_slow(self._socket)

    def _forget(self) -> None:
        if self._socket is not None:
            self.gateway.hub.leave(self._socket)
            self._socket = None


def _names(value: Collection[str] | str) -> frozenset[str]:
    words = value.split(",") if isinstance(value, str) else value
    return frozenset(word.strip() for word in words)


def protocol_for(gateway: Gateway) -> Any:
    """Bind the protocol class to a gateway of one's own. For tests, where two may live in one process."""
    return functools.partial(GatewayProtocol, gateway=gateway)
