"""The sandbox as one ASGI application."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import vasistas
from vasistas.payments.sandbox.provider.api import Api
from vasistas.payments.sandbox.provider.bank import Bank
from vasistas.payments.sandbox.provider.delivery import Messenger
from vasistas.payments.sandbox.provider.site import Merchant, Site
from vasistas.payments.sandbox.provider.tables import Tables

LOOK = Path(vasistas.__file__).parent / "static" / "vasistas"  # the site's own colours and type
ASSETS = Path(__file__).parent / "assets"
HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STILL = ("/look/", "/assets/")  # files that may be kept; all else changes


@dataclass(frozen=True)
class Setup:
    """key: shared with the site. url: where browsers and the site find the sandbox. hint_url: where the site takes
    webhooks. file: of its state.
    """

    key: bytes
    url: str
    hint_url: str
    file: Path | str
    merchant: Merchant


def make_app(setup: Setup, *, clock: Callable[[], float] = time.time) -> Starlette:
    """Args: clock: unix seconds."""
    tables = Tables(setup.file)
    messenger = Messenger(tables, url=setup.hint_url, key=setup.key, clock=clock)
    bank = Bank(tables, clock=clock, wake=messenger.wake)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(messenger.run(bank))
        yield
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        tables.close()

    hosts = [urlsplit(setup.url).hostname or "", "127.0.0.1", "localhost"]
    return Starlette(
        lifespan=lifespan,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts), Middleware(_Headers)],
        routes=[
            *Api(bank, tables, key=setup.key, url=setup.url).routes(),
            *Site(bank, tables, setup.merchant).routes(),
            Route("/livez", _livez),
            Mount("/look/css", StaticFiles(directory=LOOK / "css")),
            Mount("/look/vendor", StaticFiles(directory=LOOK / "vendor")),
            Mount("/look/img", StaticFiles(directory=LOOK / "img")),
            Mount("/assets", StaticFiles(directory=ASSETS)),
        ],
    )


async def _livez(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


class _Headers:
    """Adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(STILL):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, sending)
