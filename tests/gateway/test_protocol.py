import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from vasistas.gateway import protocol
from vasistas.gateway.protocol import Close, Malformed, Pace

WIRE = json.loads((Path(__file__).parent.parent / "wire" / "realtime.json").read_text())
ANSWERS = protocol.Subscribed | protocol.Reset | protocol.Expired | protocol.Refused | protocol.Pong


@pytest.mark.parametrize("message", WIRE["from_client"], ids=str)
def test_messages_of_a_client_are_read(message: dict[str, Any]) -> None:
    assert json.loads(msgspec.json.encode(protocol.parse(json.dumps(message).encode()))) == message


@pytest.mark.parametrize("text", WIRE["malformed"])
def test_other_messages_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        protocol.parse(text.encode())


@given(st.binary(max_size=200))
def test_parse_reads_or_refuses_whatever_comes(payload: bytes) -> None:
    try:
        protocol.parse(payload)
    except Malformed:
        return


@pytest.mark.parametrize("message", WIRE["from_server"], ids=str)
def test_answers_are_written_as_in_the_examples(message: dict[str, Any]) -> None:
    answer = msgspec.convert(message, ANSWERS)
    assert json.loads(read_frame(protocol.answers_frame([answer]))) == message


def test_close_codes_are_the_catalogue() -> None:
    assert [[why.value, why.reason, why < 4500] for why in Close] == WIRE["close_codes"]


def read_frame(data: bytes) -> bytes:
    """Read server frames as the websockets library's client does."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)
    client.receive_data(data)
    (frame,) = client.events_received()
    return bytes(frame.data)  # type: ignore[union-attr]  # only frames come after the handshake


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_frames_of_every_size_are_read_by_a_client(size: int) -> None:
    assert read_frame(protocol.text_frame(b"a" * size)) == b"a" * size


def test_events_are_framed_alone_or_as_an_array() -> None:
    assert read_frame(protocol.events_frame([b'{"o":1}'])) == b'{"o":1}'
    assert json.loads(read_frame(protocol.events_frame([b'{"o":1}', b'{"o":2}']))) == [{"o": 1}, {"o": 2}]


def test_pace_lets_a_burst_through_and_then_its_rate() -> None:
    pace = Pace(burst=3, per_s=2, now=0)
    assert [pace.take(0) for _ in range(4)] == [True, True, True, False]
    assert [pace.take(0.5), pace.take(0.5)] == [True, False]
    assert [pace.take(100) for _ in range(4)] == [True, True, True, False]
