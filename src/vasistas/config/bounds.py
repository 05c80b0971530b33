"""What a stranger may send before anyone looks: the head of a request in bytes and seconds, its body in bytes.

uvicorn bounds neither the head nor its time, and Django under ASGI writes a body of any length to disk before it asks
for a view. A reverse proxy in front has limits of its own; these hold without one.
"""

import asyncio
import re
from collections.abc import Mapping

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536  # a read more may be taken: what is counted are the reads before
HEAD_S_MAX = 20.0  # from the connection, or from a later request's first byte, to the end of its head


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, that hangs up on heads without end."""

    _head_bytes = 0
    _is_in_head = True
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_in_head and self._head_bytes > HEAD_BYTES_MAX:
            self.transport.abort()
            return
        self._head_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        if not self._is_in_head:
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        self._stop_waiting()
        self._patience = self.loop.call_later(HEAD_S_MAX, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def limit_body(app: ASGIApp, *, bytes_max: int, larger: Mapping[str, int] | None = None) -> ASGIApp:
    """Answer 413 to a body longer than `bytes_max`: by its stated length, or once so much has come.

    larger: pattern of a whole path -> bytes that may go there.
    """
    limits = [(re.compile(pattern), limit) for pattern, limit in (larger or {}).items()]

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        limit = next((most for pattern, most in limits if pattern.fullmatch(scope["path"])), bytes_max)
        refused = PlainTextResponse(
            f"A request takes {limit // 1000} kB at most. Send less.\n", 413, headers={"Connection": "close"}
        )
        stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not stated.isdigit() or len(stated) > len(str(limit)) or int(stated) > limit:
            await refused(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken <= limit:
                return message
            await refused(scope, receive, send)
            return {"type": "http.disconnect"}  # Django ends the request without a word

        await app(scope, counted, send)

    return limited
