"""Requests without end are hung up on, by real sockets against a real uvicorn."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from vasistas.config import bounds

PATIENCE_S = 20.0
GET = b"GET / HTTP/1.1\r\nHost: cams.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: cams.example\r\n"


async def _reads_all(_scope: Scope, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def talk(script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, bytes]]) -> bytes:
    """Run one connection against a server and return what its script returns."""

    async def run() -> bytes:
        app = bounds.limit_body(_reads_all, bytes_max=1_000, larger={"/mail/[a-z]+/inbound/": 2_000})
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, http=bounds.BoundedHttp, ws="none", lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 — uvicorn tells it by a flag
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
        try:
            return await script(reader, writer)
        finally:
            writer.close()
            server.should_exit = True
            await serving

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


async def _to_the_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def exchange(*pieces: bytes) -> bytes:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await _to_the_end(reader)

    return talk(script)


def test_a_head_without_end_is_hung_up_on() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET + b"X-Long: ")
        try:
            while True:  # the talk's patience ends a server that takes it all
                writer.write(b"a" * 65_536)
                await writer.drain()
        except ConnectionError:
            return await _to_the_end(reader)

    assert talk(script) == b""


def test_a_head_that_does_not_come_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "HEAD_S_MAX", 0.05)
    assert exchange(GET) == b""
    assert exchange() == b""


def test_several_requests_on_one_connection_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "HEAD_BYTES_MAX", 100)
    request = POST + b"Content-Length: 400\r\n\r\n" + b"a" * 400
    last = GET + b"Connection: close\r\n\r\n"
    assert exchange(request, request, last).count(b"200 OK") == 3


@pytest.mark.parametrize("length", [b"1001", b"9" * 5_000])
def test_a_body_that_says_it_is_too_long_is_refused_unread(length: bytes) -> None:
    answer = exchange(POST + b"Content-Length: " + length + b"\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


def test_a_body_that_grows_too_long_is_refused() -> None:
    chunk = b"1f4\r\n" + b"a" * 500 + b"\r\n"
    answer = exchange(POST + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, b"1\r\na\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_body_of_the_limit_is_taken() -> None:
    body = POST + b"Connection: close\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1_000
    assert exchange(body).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        (b"/mail/postmark/inbound/", 2_000, b"200"),
        (b"/mail/postmark/inbound/", 2_001, b"413"),
        (b"/mail/postmark/inbound/more", 1_001, b"413"),
    ],
)
def test_some_addresses_take_more(path: bytes, length: int, status: bytes) -> None:
    head = POST.replace(b"POST / ", b"POST " + path + b" ")
    body = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % length + b"a" * length
    assert exchange(head + body).startswith(b"HTTP/1.1 " + status)
