"""Who listens to what, and what each of them still has to hear. Pure: time comes in, frames go out through an Outlet.

State: `dict[name, Channel]`, a channel lives while it has a socket; `dict[Socket, None]` per heartbeat slot. One thread
(the event loop's) calls everything here, except `present`. The ring of a channel lives behind the bus; a channel
remembers the position up to which all its sockets were served, so a new socket is first brought to that very
position and joins there: no event is lost and none comes twice.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from vasistas.gateway import protocol
from vasistas.gateway.protocol import Close, Limits
from vasistas.lib.grants import GrantRefused
from vasistas.realtime import Right
from vasistas.realtime.bus import Bus
from vasistas.realtime.log import Entry, Position

BATCH_BYTES_MAX = 131_072  # a longer way back is a snapshot; half of a socket's queue
REST_PER_SOCKET_S = (
    50e-6  # a channel rests this long per socket after a frame: at most a fifth of a core for one channel
)
REST_S_MAX = 0.25
SPREAD_PER_SOCKET_MS = 5  # about what a snapshot costs the site: after a restart all pages of a room want one
SPREAD_MS_MAX = 15_000
REFUSED_WORDS = "The grant is invalid or has expired. Load the page again to get a new one."
SLOTS = 20  # sockets are visited in turns, so that pings do not come in one burst


class Outlet(Protocol):
    """The way to one client. `write` takes whole frames and must not block."""

    @property
    def write(self) -> Callable[[bytes], None]: ...

    def close(self, why: Close) -> None: ...


class Socket:
    """channels: name -> monotonic second at which its grant ends. holders: name -> whose grant it was, or ""."""

    __slots__ = ("channels", "holders", "outlet", "pace", "refusals", "slot", "unanswered")

    def __init__(self, outlet: Outlet, pace: protocol.Pace, slot: int) -> None:
        self.outlet = outlet
        self.pace = pace
        self.slot = slot
        self.channels: dict[str, float] = {}
        self.holders: dict[str, str] = {}
        self.unanswered = 0  # heartbeats
        self.refusals = 0


class Channel:
    """served: every socket of the channel has heard everything up to here. rests_until: monotonic seconds."""

    __slots__ = ("rests_until", "served", "writes")

    def __init__(self, served: Position) -> None:
        self.served = served
        self.rests_until = 0.0
        self.writes: dict[Socket, Callable[[bytes], None]] = {}


class Totals(NamedTuple):
    """Since the start. deliveries: events x sockets. frames: writes to sockets they took."""

    deliveries: int
    frames: int
    slow: int


class Hub:
    def __init__(self, *, bus: Bus, verify: Callable[[str], Right], limits: Limits) -> None:
        self._bus, self._verify, self._limits = bus, verify, limits
        self._channels: dict[str, Channel] = {}
        self._slots: list[dict[Socket, None]] = [{} for _ in range(SLOTS)]
        self._joined = 0
        self._ticks = 0
        self._idle: dict[Socket, float] = {}  # socket without channel -> end of patience, soonest first
        self._due: dict[str, float] = {}  # channels with news, resting until then
        self.totals = Totals(0, 0, 0)

    # -- sockets -----------------------------------------------------------------------------------------------------

    def join(self, outlet: Outlet, *, now: float) -> Socket:
        pace = protocol.Pace(burst=self._limits.frames_burst_max, per_s=self._limits.frames_per_s, now=now)
        self._joined += 1
        socket = Socket(outlet, pace, self._joined % SLOTS)
        self._slots[socket.slot][socket] = None
        self._idle[socket] = now + self._limits.idle_s
        return socket

    def leave(self, socket: Socket) -> None:
        """Forget the socket. A second call does nothing."""
        self._slots[socket.slot].pop(socket, None)
        for name in list(socket.channels):
            self._part(socket, name)
        self._idle.pop(socket, None)

    def receive(self, socket: Socket, payload: bytes | None, *, now: float) -> None:
        """Take one frame of a client; None is a control frame. May answer, subscribe or close the socket."""
        socket.unanswered = 0
        if not socket.pace.take(now):
            self._close(socket, Close.TOO_FAST)
            return
        if payload is None:
            return
        try:
            message = protocol.parse(payload)
        except protocol.Malformed:
            self._close(socket, Close.MALFORMED)
            return
        match message:
            case protocol.Subscribe():
                self._subscribe(socket, message, now=now)
            case protocol.Unsubscribe():
                for name in message.channels:
                    self._part(socket, name)
                if not socket.channels:
                    self._idle.setdefault(socket, now + self._limits.idle_s)
            case protocol.Ping():
                socket.outlet.write(protocol.answers_frame([protocol.Pong()]))

    # -- events ------------------------------------------------------------------------------------------------------

    def wake(self, name: str, *, now: float) -> None:
        """There is news on the bus. Send it now, or when the channel has rested."""
        channel = self._channels.get(name)
        if channel is None:
            return
        if channel.rests_until > now:
            self._due[name] = channel.rests_until
        else:
            self._flush(name, channel, now=now)

    def revoke(self, name: str, holder: str, *, now: float) -> None:
        """Take the channel from the sockets that hear it by a grant of `holder`; their own channel, and all goes."""
        if name == holder:
            for socket in self.sockets():
                names = [one for one, whose in socket.holders.items() if whose == holder]
                if names:
                    self._expire(socket, names, now=now)
            return
        channel = self._channels.get(name)
        if channel is None:
            return
        for socket in [socket for socket in channel.writes if socket.holders.get(name) == holder]:
            self._expire(socket, [name], now=now)

    def next_due(self) -> float | None:
        """When `run_due` has something to do, in monotonic seconds."""
        return min(self._due.values(), default=None)

    def run_due(self, *, now: float) -> None:
        for name in [name for name, at in self._due.items() if at <= now]:
            del self._due[name]
            self.wake(name, now=now)

    def tick(self, *, now: float) -> None:
        """Visit one slot in SLOTS: heartbeats and ended grants. Call SLOTS times per Limits.heartbeat_s."""
        self._ticks += 1
        for socket in list(self._slots[self._ticks % SLOTS]):
            self._visit(socket, now=now)
        while self._idle:
            socket, until = next(iter(self._idle.items()))
            if until > now:
                break
            self._close(socket, Close.IDLE)
        if self._ticks % SLOTS == 0:
            self._bus.sweep(busy=self._channels)

    def present(self, name: str) -> int:
        """Count the sockets of a channel. From any thread."""
        channel = self._channels.get(name)
        return 0 if channel is None else len(channel.writes)

    def size(self) -> tuple[int, int]:
        """(sockets, channels)."""
        return sum(map(len, self._slots)), len(self._channels)

    def sockets(self) -> list[Socket]:
        return [socket for slot in self._slots for socket in slot]

    # -- inside ------------------------------------------------------------------------------------------------------

    def _subscribe(self, socket: Socket, message: protocol.Subscribe, *, now: float) -> None:
        refused: list[int] = []
        wanted: dict[str, float] = {}
        holders: dict[str, str] = {}
        for index, grant in enumerate(message.grants):
            try:
                right = self._unrevoked(self._verify(grant))
            except GrantRefused:
                refused.append(index)
            else:
                for name in right.channels:
                    holders[name] = right.holder
                    wanted[name] = max(wanted.get(name, 0.0), now + right.expires_in_s)
        if refused and not self._refuse(socket, refused):
            return
        if len(wanted.keys() | socket.channels.keys()) > self._limits.channels_per_socket_max:
            self._close(socket, Close.TOO_MANY_CHANNELS)
            return
        for name, ends_at in wanted.items():
            position = message.positions.get(name)
            socket.holders[name] = holders[name]
            self._let_in(socket, name, Position(*position) if position else None, now=now, ends_at=ends_at)

    def _unrevoked(self, right: Right) -> Right:
        """Raises: GrantRefused: one of its channels was taken from its holder since it was made."""
        if any(self._bus.is_revoked(name, right.holder, made_at=right.made_at) for name in right.channels):
            raise GrantRefused(REFUSED_WORDS)
        return right

    def _refuse(self, socket: Socket, refused: list[int]) -> bool:
        """Tell which grants are bad. False: it was once too often, the socket is closed."""
        socket.refusals += 1
        if socket.refusals > self._limits.refusals_max:
            self._close(socket, Close.REFUSED)
            return False
        answer = protocol.Refused(code=GrantRefused.code, message=REFUSED_WORDS, grants=refused)
        socket.outlet.write(protocol.answers_frame([answer]))
        return True

    def _let_in(self, socket: Socket, name: str, position: Position | None, *, now: float, ends_at: float) -> None:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(self._bus.position(name))
        missed: list[Entry] | None = []
        if name not in socket.channels and position is not None:
            if position.epoch != channel.served.epoch or position.offset > channel.served.offset:
                self._flush(name, channel, now=now)
            missed = self._missed(name, channel, position)
        socket.channels[name] = ends_at
        channel.writes[socket] = socket.outlet.write
        self._idle.pop(socket, None)
        answer = protocol.Subscribed(
            channel=name,
            epoch=channel.served.epoch,
            offset=channel.served.offset,
            recovered=missed is not None,
            expires_in_s=max(0, int(ends_at - now)),
            spread_ms=0 if missed is not None else _spread_ms(channel),
        )
        socket.outlet.write(protocol.answers_frame([answer]))
        if missed:
            socket.outlet.write(protocol.events_frame([entry.message for entry in missed]))

    def _missed(self, name: str, channel: Channel, position: Position) -> list[Entry] | None:
        """What lies between `position` and what the channel has served; None if that cannot be told exactly."""
        served = channel.served
        if position.epoch != served.epoch or position.offset > served.offset:
            return None
        newer = self._bus.since(name, position)
        if newer is None:
            return None
        missed = [entry for entry in newer if entry.offset <= served.offset]
        return missed if sum(len(entry.message) for entry in missed) <= BATCH_BYTES_MAX else None

    def _flush(self, name: str, channel: Channel, *, now: float) -> None:
        """Bring every socket of the channel to the newest event, in one frame encoded once."""
        entries = self._bus.since(name, channel.served)
        if entries is not None and not entries:
            return
        if entries is None or sum(len(entry.message) for entry in entries) > BATCH_BYTES_MAX:
            channel.served = self._bus.position(name)
            frame = protocol.answers_frame([protocol.Reset(name, *channel.served, _spread_ms(channel))])
            count = 0
        else:
            channel.served = Position(channel.served.epoch, entries[-1].offset)
            frame = protocol.events_frame([entry.message for entry in entries])
            count = len(entries)
        writes = list(channel.writes.values())  # a copy: a full queue takes its socket out while this runs
        for write in writes:
            write(frame)
        channel.rests_until = now + min(REST_S_MAX, REST_PER_SOCKET_S * len(writes))
        deliveries, frames, slow = self.totals
        self.totals = Totals(deliveries + count * len(writes), frames + len(writes), slow)

    def _visit(self, socket: Socket, *, now: float) -> None:
        ended = [name for name, ends_at in socket.channels.items() if ends_at <= now]
        if socket.unanswered >= self._limits.heartbeats_missed_max:
            self._close(socket, Close.SILENT)
            return
        socket.unanswered += 1
        socket.outlet.write(protocol.PING_FRAME)
        if ended:
            self._expire(socket, ended, now=now)

    def _expire(self, socket: Socket, names: list[str], *, now: float) -> None:
        for name in names:
            self._part(socket, name)
        socket.outlet.write(protocol.answers_frame([protocol.Expired(channels=names)]))
        if not socket.channels:
            self._idle.setdefault(socket, now + self._limits.idle_s)

    def _part(self, socket: Socket, name: str) -> None:
        if socket.channels.pop(name, None) is None:
            return
        socket.holders.pop(name, None)
        channel = self._channels[name]
        del channel.writes[socket]
        if not channel.writes:
            del self._channels[name]
            self._due.pop(name, None)

    def close_slow(self, socket: Socket) -> None:
        """The socket's queue is full."""
        self.totals = self.totals._replace(slow=self.totals.slow + 1)
        self._close(socket, Close.SLOW)

    def close_all(self, sockets: Iterable[Socket], why: Close) -> None:
        for socket in list(sockets):
            self._close(socket, why)

    def _close(self, socket: Socket, why: Close) -> None:
        self.leave(socket)
        socket.outlet.close(why)


def _spread_ms(channel: Channel) -> int:
    return min(SPREAD_MS_MAX, SPREAD_PER_SOCKET_MS * len(channel.writes))
