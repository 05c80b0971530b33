"""The socket guard, with real sockets to real servers on this machine."""

import asyncio
import contextlib
import logging
import smtplib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from vasistas.config.loop import GuardedLoop
from vasistas.guard.egress import sockets
from vasistas.guard.egress.sockets import Endpoint, UndeclaredHost


class Server:
    """A TCP server that takes one connection after another and says hello in SMTP."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.callers = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self.socket.accept()
                self.callers += 1
                with caller:
                    caller.sendall(b"220 hello\r\n")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()


@pytest.fixture
def declared() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def undeclared() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def guarded(declared: Server) -> Iterator[None]:
    sockets.arm([Endpoint("127.0.0.1", declared.port), Endpoint("localhost", declared.port)])
    yield
    sockets.disarm()


def hello(host: str, port: int) -> bytes:
    with socket.create_connection((host, port), 5) as connection:
        return connection.recv(64)


def test_a_declared_address_is_reached_and_another_port_of_it_is_not(declared, undeclared):
    assert hello("127.0.0.1", declared.port).startswith(b"220")

    with pytest.raises(UndeclaredHost):
        hello("127.0.0.1", undeclared.port)
    assert undeclared.callers == 0


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_another_address_is_refused(declared, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one, pytest.raises(UndeclaredHost):
        one.connect((host, declared.port))


@pytest.mark.parametrize("host", ["192.0.2.1", "::ffff:192.0.2.1", "media.example", ""])
def test_another_machine_is_refused(declared, host):
    with pytest.raises(UndeclaredHost):
        sockets.require(host, declared.port)


@pytest.mark.parametrize("host", ["::ffff:127.0.0.1", "LOCALHOST.", "127.0.0.1"])
def test_one_host_has_many_spellings(declared, host):
    sockets.require(host, declared.port)


def test_a_declared_name_is_reached_where_it_was_resolved_to(declared, undeclared):
    assert hello("localhost", declared.port).startswith(b"220")
    with pytest.raises(UndeclaredHost):
        hello("localhost", undeclared.port)


@pytest.mark.parametrize("look_up", [socket.gethostbyname, socket.gethostbyname_ex, socket.gethostbyaddr])
def test_a_name_of_nobody_is_not_even_looked_up(look_up):
    with pytest.raises(UndeclaredHost):
        socket.getaddrinfo("secrets-of-vi.example.net", 53)
    with pytest.raises(UndeclaredHost):
        look_up("secrets-of-vi.example.net")


def test_nobody_is_asked_whose_an_address_is():
    with pytest.raises(UndeclaredHost):
        socket.gethostbyaddr("192.0.2.7")


def test_own_names_and_plain_addresses_are_looked_up():
    assert socket.gethostbyname("127.0.0.1") == "127.0.0.1"
    assert socket.getaddrinfo("192.0.2.7", 53)
    assert socket.getfqdn()


def test_clients_are_refused_as_if_nobody_answered(undeclared):
    with pytest.raises(httpx.ConnectError, match="no recipient of the policy"):
        httpx.get(f"http://127.0.0.1:{undeclared.port}/", trust_env=False)
    with pytest.raises(OSError, match="no recipient of the policy"):
        smtplib.SMTP("127.0.0.1", undeclared.port, local_hostname="here", timeout=5)
    assert undeclared.callers == 0


def test_datagrams_are_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            with pytest.raises(UndeclaredHost):
                sender.sendto(b"vi@example.org", server.getsockname())
            with pytest.raises(UndeclaredHost):
                sender.sendmsg([b"vi@example.org"], [], 0, server.getsockname())
        with pytest.raises(BlockingIOError):
            server.recv(64)


def test_threads_are_guarded_too(undeclared):
    found: list[BaseException] = []

    def go() -> None:
        try:
            hello("127.0.0.1", undeclared.port)
        except UndeclaredHost as refused:
            found.append(refused)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_files_of_this_machine_are_reached(tmp_path):
    path = str(tmp_path / "here")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


def test_the_loop_of_the_web_process_is_guarded(declared, undeclared):
    async def go(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return said

    async def send() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", undeclared.port)
        )

    with asyncio.Runner(loop_factory=GuardedLoop) as runner:
        assert runner.run(go(declared.port)).startswith(b"220")
        with pytest.raises(UndeclaredHost):
            runner.run(go(undeclared.port))
        with pytest.raises(UndeclaredHost):
            runner.run(send())
    assert undeclared.callers == 0


def test_a_refusal_is_alarmed_and_names_code_alone(undeclared, caplog):
    before = sum(sockets.refusals().values())
    with caplog.at_level(logging.ERROR), pytest.raises(UndeclaredHost):
        socket.getaddrinfo("vi-at-example-org.example.net", undeclared.port)

    (record,) = caplog.records
    assert record.getMessage().startswith("egress.refused how=look-up by=")
    assert "example" not in record.getMessage()
    assert str(undeclared.port) not in record.getMessage()
    assert sum(sockets.refusals().values()) == before + 1


def test_a_probe_is_no_alarm(undeclared, caplog):
    before = sockets.refusals()
    with sockets.probing(), pytest.raises(UndeclaredHost):
        hello("127.0.0.1", undeclared.port)

    assert caplog.records == []
    assert sockets.refusals() == before
