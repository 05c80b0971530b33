import asyncio
import contextlib
import json
import threading
import time
from typing import Any

import httpx
import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from tests.gateway.site import Site, grant, heard, ids, run, running, say, until
from vasistas import realtime
from vasistas.gateway import hub, server


def test_events_published_in_any_thread_reach_the_page() -> None:
    async def scenario() -> None:
        async with running() as site, site.client() as vi:
            await site.subscribed(vi, "room:1")
            threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            assert sorted(await ids(vi, 8)) == list(range(8))

    run(scenario())


def test_pages_and_sockets_share_the_port() -> None:
    async def scenario() -> None:
        async with running() as site, httpx.AsyncClient() as browser:
            assert (await browser.get(f"http://127.0.0.1:{site.port}/realtime")).text == "page"
            async with site.client(origin=f"http://127.0.0.1:{site.port}") as vi:
                await vi.send('{"op":"ping"}')
                assert await heard(vi) == {"op": "pong"}

    run(scenario())


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/realtime", {"origin": "https://evil.example"}, 403),
        ("/realtime", {"origin": "null"}, 403),
        ("/realtime", {"origin": "https://cams.example", "additional_headers": {"Origin": "https://b.example"}}, 400),
        ("/other", {}, 404),
        ("/realtime/", {}, 404),
    ],
)
def test_handshakes_that_are_refused(path: str, options: dict[str, Any], status: int) -> None:
    async def scenario() -> None:
        async with running() as site:
            with pytest.raises(InvalidStatus) as refusal:
                async with site.client(path, **options):
                    pass
            assert refusal.value.response.status_code == status
            await site.is_empty()

    run(scenario())


def test_the_public_origin_may_connect() -> None:
    async def scenario() -> None:
        async with running() as site, site.client("/realtime?v=1", origin="https://cams.example") as vi:
            assert (await site.subscribed(vi, "room:1"))["recovered"] is True

    run(scenario())


@pytest.mark.parametrize(("limit", "status"), [("sockets_max", 503), ("sockets_per_address_max", 429)])
def test_too_many_sockets_are_refused_and_places_come_free(limit: str, status: int) -> None:
    async def scenario() -> None:
        async with running(**{limit: 1}) as site:
            async with site.client():
                with pytest.raises(InvalidStatus) as refusal:
                    async with site.client():
                        pass
                assert refusal.value.response.status_code == status
            await site.is_empty()
            async with site.client():
                pass

    run(scenario())


def test_wrong_and_expired_grants_are_refused_and_the_socket_may_try_again() -> None:
    async def scenario() -> None:
        async with running() as site, site.client() as max_:
            for bad in ("forged", grant("room:1", now=time.time() - 10_000)):
                await max_.send(json.dumps({"op": "subscribe", "grants": [bad]}))
                assert (await heard(max_))["code"] == "grant_refused"
            say(1)
            assert realtime.present("room:1") == 0
            await site.subscribed(max_, "room:1")
            say(2)
            assert await ids(max_, 1) == [2]

    run(scenario())


def test_a_grant_that_ends_ends_the_subscription() -> None:
    async def scenario() -> None:
        async with running(heartbeat_s=0.2) as site, site.client() as vi:
            short = realtime.grant(
                ["room:1"], now=time.time() - realtime.GRANT_TTL_S
            )  # lives by the clock's skew alone
            await vi.send(json.dumps({"op": "subscribe", "grants": [short]}))
            assert (await heard(vi))["expires_in_s"] == 0
            assert await heard(vi) == {"op": "expired", "channels": ["room:1"]}
            assert realtime.present("room:1") == 0
            await site.subscribed(vi, "room:1")
            say(1)
            assert await ids(vi, 1) == [1]

    run(scenario())


def test_a_page_that_comes_back_hears_what_it_missed() -> None:
    async def scenario() -> None:
        async with running() as site:
            async with site.client() as vi:
                await site.subscribed(vi, "room:1")
                say(1)
                (first,) = [await heard(vi)]
            for number in (2, 3):
                say(number)
            async with site.client() as vi:
                position = realtime.Position(first["e"], first["o"])
                assert (await site.subscribed(vi, "room:1", room_1=position))["recovered"] is True
                assert await ids(vi, 2) == [2, 3]
                say(4)
                assert await ids(vi, 1) == [4]
            await site.is_empty()

    run(scenario())


def test_after_a_restart_the_epoch_is_another_and_the_page_is_told() -> None:
    async def scenario() -> None:
        async with running():
            say(1)
            before = realtime.position("room:1")
        async with running() as site, site.client() as vi:
            answer = await site.subscribed(vi, "room:1", room_1=before)
            assert answer["recovered"] is False
            assert answer["epoch"] != before.epoch

    run(scenario())


def test_stopping_tells_every_page_to_come_back() -> None:
    async def scenario() -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with running() as site:
                vi = await stack.enter_async_context(site.client())
                await site.subscribed(vi, "room:1")
                bare = await stack.enter_async_context(site.client())
            for client in (vi, bare):
                await client.wait_closed()
                assert (client.close_code, client.close_reason) == (4000, "restarting")
            await site.is_empty()

    run(scenario())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("x" * 20_000, 1009),
        (b"\x00\x01", 4500),
        ("hello", 4500),
        (["x" * 10_000, "x" * 10_000], 1009),
        (['{"op":', '"shout"}'], 4500),
    ],
)
def test_what_is_no_message_ends_the_socket_for_good(message: Any, code: int) -> None:
    async def scenario() -> None:
        async with running() as site:
            async with site.client() as max_:
                with contextlib.suppress(ConnectionClosed):
                    await max_.send(message)
                await max_.wait_closed()
                assert max_.close_code == code
            await site.is_empty()

    run(scenario())


def test_a_message_may_come_in_pieces() -> None:
    async def scenario() -> None:
        async with running() as site, site.client() as vi:
            await vi.send(['{"op":', '"ping"', "}"])
            assert await heard(vi) == {"op": "pong"}

    run(scenario())


def test_a_flood_ends_the_socket() -> None:
    async def scenario() -> None:
        async with running(frames_burst_max=5) as site, site.client() as max_:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(50):
                    await max_.send('{"op":"ping"}')
            await max_.wait_closed()
            assert (max_.close_code, max_.close_reason) == (4501, "too_fast")

    run(scenario())


def test_a_socket_that_wants_nothing_is_closed() -> None:
    async def scenario() -> None:
        async with running(idle_s=0.0, heartbeat_s=0.2) as site, site.client() as vi:
            await vi.wait_closed()
            assert (vi.close_code, vi.close_reason) == (4003, "idle")

    run(scenario())


def test_a_busy_channel_sends_in_batches_and_a_big_one_does_not_delay_a_small_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "REST_PER_SOCKET_S", 0.25)
    monkeypatch.setattr(hub, "REST_S_MAX", 60.0)

    async def scenario() -> None:
        async with running() as site, contextlib.AsyncExitStack() as stack:
            vi, *others = [await stack.enter_async_context(site.client()) for _ in range(4)]
            await site.subscribed(vi, "room:1", "room:2")
            for other in others:
                await site.subscribed(other, "room:1")
            say(1, "room:1")  # four sockets: rests for a second
            say(2, "room:2")  # one socket: rests for a quarter
            assert sorted(await ids(vi, 2)) == [1, 2]
            say(3, "room:1")
            await asyncio.sleep(0)
            say(4, "room:1")
            say(5, "room:2")
            assert (await heard(vi))["d"] == {"id": 5}
            assert [event["d"]["id"] for event in await heard(vi)] == [3, 4]

    run(scenario())


def test_a_revoked_right_ends_at_once() -> None:
    async def scenario() -> None:
        async with running() as site, site.client() as max_, site.client() as vi:
            await site.subscribed(max_, "room:1", "member:3")
            await site.subscribed(vi, "room:1", "member:4")
            realtime.revoke("room:1", "member:3", now=time.time())
            assert await heard(max_) == {"op": "expired", "channels": ["room:1"]}
            say(1)
            assert await ids(vi, 1) == [1]

    run(scenario())


def test_presence_is_the_number_of_sockets() -> None:
    async def scenario() -> None:
        async with running() as site:
            async with site.client() as vi, site.client() as bo:
                await site.subscribed(vi, "room:1", "lobby")
                await site.subscribed(bo, "room:1")
                assert (realtime.present("room:1"), realtime.present("lobby")) == (2, 1)
                health = site.gateway.health()
                assert (health.sockets, health.channels, health.is_well) == (2, 2, True)
                bo.transport.abort()
                await until(lambda: realtime.present("room:1") == 1)
            await site.is_empty()
            say(1)  # nobody is there: it goes into the ring and wakes nothing
            assert site.gateway.health().sockets == 0

    run(scenario())


class RawClient:
    """A client that answers nothing by itself and reads only when told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.wire = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)

    @classmethod
    async def open(cls, site: Site) -> "RawClient":
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1_024)
        writer.write(
            b"GET /realtime HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    def subscribe(self) -> None:
        self.wire.send_text(json.dumps({"op": "subscribe", "grants": [grant("room:1")]}).encode())
        self.writer.write(b"".join(self.wire.data_to_send()))

    async def read_to_the_end(self) -> int | None:
        """Return the close code that came, None without one."""
        with contextlib.suppress(ConnectionError):
            while data := await self.reader.read(65_536):
                self.wire.receive_data(data)
        self.writer.close()
        return self.wire.close_rcvd.code if self.wire.close_rcvd else None


def test_a_slow_reader_is_closed_and_nobody_else_waits() -> None:
    async def scenario() -> None:
        limits = {"queue_bytes_max": 20_000, "kernel_queue_bytes": 8_192, "close_s": 2.0}
        async with running(**limits) as site, site.client() as vi:
            await site.subscribed(vi, "room:1")
            slow = await RawClient.open(site)
            slow.subscribe()
            await until(lambda: realtime.present("room:1") == 2)
            sent = 0
            while not site.gateway.health().slow:
                assert sent < 100_000, "a queue has no end"
                for _ in range(100):
                    sent += 1
                    say(sent)
                assert await ids(vi, 100) == list(range(sent - 99, sent + 1))
            assert realtime.present("room:1") == 1
            assert await slow.read_to_the_end() == 4001
            say(0)
            assert await ids(vi, 1) == [0]

    run(scenario())


def test_a_slow_reader_that_never_reads_is_cut_off() -> None:
    async def scenario() -> None:
        async with running(queue_bytes_max=20_000, kernel_queue_bytes=8_192, close_s=0.1) as site:
            slow = await RawClient.open(site)
            slow.subscribe()
            await until(lambda: realtime.present("room:1") == 1)
            while realtime.present("room:1"):
                for number in range(100):
                    say(number)
                await asyncio.sleep(0)
            await site.is_empty()
            slow.writer.close()

    run(scenario())


def test_a_silent_socket_is_closed_after_two_heartbeats() -> None:
    async def scenario() -> None:
        async with running(heartbeat_s=0.1) as site, site.client() as vi:
            await site.subscribed(vi, "room:1")
            silent = await RawClient.open(site)
            silent.subscribe()
            assert await silent.read_to_the_end() == 4002
            assert realtime.present("room:1") == 1

    run(scenario())


def test_publishing_after_the_loop_has_ended_is_no_error() -> None:
    kept: list[server.Gateway] = []

    async def scenario() -> None:
        async with running() as site, site.client() as vi:
            await site.subscribed(vi, "room:1")
            kept.append(site.gateway)
            loop = asyncio.new_event_loop()
            loop.close()
            site.gateway._loop, own = loop, site.gateway._loop
            say(1)
            site.gateway._loop = own
            say(2)
            assert await ids(vi, 2) == [1, 2]

    run(scenario())
    kept[0].wake("room:1")


def test_a_web_process_must_configure_its_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Current, "gateway", None)
    assert server.health() is None
    with pytest.raises(RuntimeError, match="configure"):
        server.GatewayProtocol(config=None, server_state=None)  # type: ignore[arg-type]  # refused before it is used
    gateway = server.configure(origins=["https://Cams.example/"], hosts=["localhost"])
    assert gateway.origins.allow("https://cams.example", "inner") is True
    health = server.health()
    assert health is not None
    assert (health.sockets, health.is_well) == (0, True)
