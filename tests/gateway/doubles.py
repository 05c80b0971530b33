"""A client of the hub without a network, and a clockless world around it."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from vasistas.gateway.hub import Hub, Socket
from vasistas.gateway.protocol import Close, Limits
from vasistas.lib.grants import GrantRefused
from vasistas.realtime import Right
from vasistas.realtime.bus import InProcessBus
from vasistas.realtime.log import Log

GRANT_TTL_S = 600.0


@dataclass
class Client:
    """What came out for one socket: read as a websocket client reads, remembered as the page would."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    frames: int = 0
    pings: int = 0
    why: Close | None = None
    wire: ClientProtocol = field(
        default_factory=lambda: ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)
    )

    def write(self, data: bytes) -> None:
        assert self.why is None, "nothing is sent to a closed socket"
        self.wire.receive_data(data)
        for frame in self.wire.events_received():
            if frame.opcode is Opcode.PING:  # type: ignore[union-attr]  # only frames come after the handshake
                self.pings += 1
                continue
            self.frames += 1
            message = json.loads(bytes(frame.data))  # type: ignore[union-attr]  # see above
            self.messages += message if isinstance(message, list) else [message]

    def close(self, why: Close) -> None:
        self.why = why

    def answers(self, op: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("op") == op]

    def heard(self, channel: str) -> list[int]:
        """Offsets of the events that came, in order."""
        return [message["o"] for message in self.messages if message.get("c") == channel]


class World:
    """A hub, its bus and the time. Grants are spelled `channel,channel`, made now or `…@999`; `bad` is refused."""

    def __init__(self, **limits: Any) -> None:
        self.now = 1_000.0
        self.epochs = itertools.count()
        self.log = Log(epoch="e")
        self.bus = InProcessBus(log=self.log, clock=lambda: self.now)
        self.hub = Hub(bus=self.bus, verify=self.verify, limits=Limits(**limits))

    def verify(self, grant: str) -> Right:
        if grant == "bad":
            raise GrantRefused("Bad.")
        names, _, made_at = grant.partition("@")
        return Right(tuple(names.split(",")), GRANT_TTL_S, float(made_at or self.now))

    def join(self) -> tuple[Client, Socket]:
        client = Client()
        return client, self.hub.join(client, now=self.now)

    def tell(self, socket: Socket, **message: Any) -> None:
        self.hub.receive(socket, json.dumps(message).encode(), now=self.now)

    def subscribe(self, socket: Socket, *grants: str, **positions: tuple[str, int]) -> None:
        named = {name.replace("_", ":"): position for name, position in positions.items()}
        self.tell(socket, op="subscribe", grants=list(grants), positions=named)

    def publish(self, channel: str) -> int:
        """Publish and let the hub look, as the server does."""
        offset = self.append(channel)
        self.hub.wake(channel, now=self.now)
        return offset

    def append(self, channel: str) -> int:
        """Publish, but the event loop has not come round yet."""
        return self.bus.publish(channel, b'"t":"x","d":{}}').offset

    def revoke(self, channel: str, holder: str) -> None:
        """Revoke and let the hub look, as the server does."""
        self.bus.revoke(channel, holder, at=self.now, keep_until=self.now + GRANT_TTL_S)
        self.hub.revoke(channel, holder, now=self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.hub.run_due(now=self.now)
