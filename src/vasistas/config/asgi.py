"""The web process: static files, then Django. The realtime gateway shares the port one layer below (see cli)."""

import os
from typing import cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application
from starlette.types import ASGIApp, Receive, Scope, Send

from vasistas.config.bounds import limit_body
from vasistas.config.staticfiles import ImmutableStaticFiles

_django = limit_body(
    cast("ASGIApp", get_asgi_application()),  # the same protocol under two names of its types
    bytes_max=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    larger={
        "/help/report/": 11 * 1024 * 1024,  # bytes: a report with its pictures
        "/mail/[a-z]+/inbound/": 26 * 1024 * 1024,  # bytes: a mail with its files, as a provider brings it
    },
)
_static = ImmutableStaticFiles(directory=settings.STATIC_ROOT, check_dir=False)
_STATIC_PREFIX = f"/{settings.STATIC_URL.strip('/')}"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].startswith(_STATIC_PREFIX + "/"):
        await _static({**scope, "root_path": scope.get("root_path", "") + _STATIC_PREFIX}, receive, send)
    else:
        await _django(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
