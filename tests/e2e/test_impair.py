"""The proxy does to packets what it says, or the journeys over it prove nothing."""

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.impair import Impairment, with_candidate, without_candidates

SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=candidate:1 1 UDP 1 10.0.0.1 8002 typ host\r\n"
    "a=candidate:2 1 UDP 1 10.0.0.2 8002 typ host\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
)


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.1", 0))
        target.settimeout(5)
        yield target


def test_packets_pass_both_ways(echo: socket.socket) -> None:
    with Impairment(echo.getsockname()[1]) as line, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"there", ("127.0.0.1", line.port))
        packet, back = echo.recvfrom(100)
        echo.sendto(b"and back", back)
        assert (packet, client.recvfrom(100)[0]) == (b"there", b"and back")


def test_loss_is_the_share_it_says(echo: socket.socket) -> None:
    with (
        Impairment(echo.getsockname()[1], loss=0.25) as line,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        for number in range(400):
            client.sendto(number.to_bytes(2), ("127.0.0.1", line.port))
            if number % 50 == 49:  # let the proxy's buffer empty: a full one would lose more
                while sum(line.counts.values()) <= number:
                    pass
        assert 70 <= line.counts["lost"] <= 130


def test_candidates_lead_to_the_proxy_alone() -> None:
    assert "candidate" not in without_candidates(SDP)
    changed = with_candidate(SDP, 4711)
    assert [line for line in changed.splitlines() if "candidate" in line] == [
        "a=candidate:1 1 UDP 2122317823 127.0.0.1 4711 typ host"
    ]
    assert changed.count("a=mid:") == 2
