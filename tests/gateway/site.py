"""A real uvicorn with the gateway on a free port, in the test's own event loop."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import uvicorn
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from vasistas import realtime
from vasistas.gateway.admission import Origins
from vasistas.gateway.protocol import Limits
from vasistas.gateway.server import Gateway, protocol_for
from vasistas.realtime import events, testing

PATIENCE_S = 10.0


async def _app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


class Site:
    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.port = port

    @contextlib.asynccontextmanager
    async def client(self, path: str = "/realtime", **options: Any) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws://127.0.0.1:{self.port}{path}", **options) as client:
            yield client

    async def subscribed(
        self, client: ClientConnection, *channels: str, **positions: realtime.Position
    ) -> dict[str, Any]:
        """Subscribe and return the (last) answer."""
        named = {name.replace("_", ":"): position for name, position in positions.items()}
        await client.send(json.dumps({"op": "subscribe", "grants": [grant(*channels)], "positions": named}))
        for _ in channels:
            answer = await heard(client)
        return answer

    async def is_empty(self) -> None:
        """Wait until nothing of any socket is left."""
        await until(lambda: self.gateway.hub.size() == (0, 0) and self.gateway.doorkeeper.count == 0)
        assert (self.gateway._loop, self.gateway._ticking, self.gateway._due) == (None, None, None)
        assert realtime.present("room:1") == 0


@contextlib.asynccontextmanager
async def running(**limits: Any) -> AsyncIterator[Site]:
    """Serve until the block ends, then stop as uvicorn stops. Limits as in gateway.protocol."""
    with testing.captured():
        origins = Origins(public=frozenset({"https://cams.example"}), hosts=frozenset({"127.0.0.1"}))
        gateway = Gateway(bus=realtime.bus(), origins=origins, limits=Limits(**{"close_s": 1.0, **limits}))
        config = uvicorn.Config(
            _app, host="127.0.0.1", port=0, ws=protocol_for(gateway), http="httptools", lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve())
        await until(lambda: server.started)
        try:
            yield Site(gateway, server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, PATIENCE_S)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, as the product does."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(scenario, 3 * PATIENCE_S))


def grant(*channels: str, now: float | None = None) -> str:
    return realtime.grant(channels or ("room:1",), now=time.time() if now is None else now)


def say(number: int, channel: str = "room:1") -> None:
    realtime.publish(channel, events.MessageDeleted(id=number))


async def heard(client: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(client.recv(), PATIENCE_S))


async def ids(client: ClientConnection, count: int) -> list[int]:
    """Read `count` events, alone or in batches."""
    found: list[int] = []
    while len(found) < count:
        message = await heard(client)
        found += [one["d"]["id"] for one in (message if isinstance(message, list) else [message])]
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes by itself; its absence fails the test, its time is not judged."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.005)
