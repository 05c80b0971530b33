import pytest

from tests.media import nodes
from vasistas.media.node_client import NodeClient
from vasistas.media.port import NodeUnreachable, RoomNotLive, SdpMalformed, SessionUnknown


def test_a_node_that_is_away_is_said_so():
    client = NodeClient(url=f"http://127.0.0.1:{nodes.free_port()}", key=nodes.KEY)

    with pytest.raises(NodeUnreachable) as refused:
        client.node_stats()

    assert (refused.value.status, refused.value.code) == (503, "media.node_unreachable")


def test_refusals_keep_their_types_and_words(node):
    with pytest.raises(SdpMalformed) as refused:
        node.client.publish(room="1", session="a", offer="hello")
    with pytest.raises(RoomNotLive):
        node.client.play(room="1", session="b", offer=OFFER)
    with pytest.raises(SessionUnknown):
        node.client.session_stats("nobody")

    assert refused.value.message == "The session description (SDP) cannot be used: it must begin with v=0."


def test_events_begin_with_the_nodes_own(node):
    batch = node.client.events(after="", wait_s=0)

    assert batch.events[0].type == "node.started"
    assert node.client.events(after=batch.cursor, wait_s=0.1).cursor == batch.cursor


def test_closing_what_is_gone_is_no_error(node):
    node.client.close_session("nobody")
    node.client.close_room("nowhere")


OFFER = "\r\n".join(
    [
        "v=0",
        "s=-",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=rtcp-mux",
        "a=mid:0",
        "a=recvonly",
        "a=rtpmap:111 opus/48000/2",
    ]
)
