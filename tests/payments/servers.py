"""Real servers on this machine: one thread and one port for each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tools.servers import free_port

PATIENCE_S = 20.0


class Clock:
    """Unix seconds that move by hand."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    """Serve an ASGI application until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, ws="none", lifespan="on", timeout_graceful_shutdown=1
        )
    )
    is_up = threading.Event()
    start = server.startup

    async def startup(*args: Any, **options: Any) -> None:
        await start(*args, **options)
        is_up.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, name=f"serving-{port}", daemon=True)
    thread.start()
    assert is_up.wait(PATIENCE_S), "The server did not start."
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@dataclass
class Shop:
    """The site's end: takes webhooks and answers with `status`."""

    port: int = field(default_factory=free_port)
    status: int = 204
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._came = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hint_url(self) -> str:
        return f"{self.url}/payments/sandbox/hint/"

    def app(self) -> Starlette:
        async def take(request: Request) -> Response:
            body, status = await request.body(), self.status
            with self._came:
                self.taken.append((dict(request.headers), body))
                self._came.notify_all()
            return Response(status_code=status)

        return Starlette(routes=[Route("/payments/sandbox/hint/", take, methods=["POST"])])

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """Return what came, once `count` webhooks or more have."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.taken) >= count, PATIENCE_S), f"{len(self.taken)} came"
            return list(self.taken)
