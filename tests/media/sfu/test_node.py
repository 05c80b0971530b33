"""The node as a whole: its own process, real connections, the HTTP API."""

import itertools
import secrets
import time

import httpx
import pytest

from tests.media import nodes
from tests.media.sfu import offers
from vasistas.lib import grants
from vasistas.media.port import CodecUnsupported, NodeFull, RoomBusy, RoomNotLive, SessionUnknown, SessionUsed

RATE = 120  # packets per second


def go_live(clients, node, room, *, peer="ada", **over):
    session = clients.publish(node.client, room, peer, **over)
    clients("pump", peer, packets_per_s=RATE)
    nodes.until(lambda: node.client.session_stats(session).bitrate_bps > 0)
    return session


def received(clients, peer, at_least):
    return nodes.until(lambda: found if len(found := clients("received", peer)) >= at_least else None)


def is_in_order(packets):
    numbers = [packet[1] for packet in packets]
    return all((after - before) % 65_536 == 1 for before, after in itertools.pairwise(numbers))


def reasons(node, session):
    return [event.reason for event in node.client.events(after="", wait_s=0).events if event.session == session]


def test_what_is_published_is_played_in_order(node, clients):
    publisher = go_live(clients, node, "order")
    viewer = clients.play(node.client, "order", "vi")

    packets = received(clients, "vi", 100)

    assert is_in_order(packets)
    assert {packet[0] for packet in packets} == {96}
    stats = node.client.session_stats(publisher)
    assert (stats.kind, stats.codec, stats.viewers, stats.loss_ratio) == ("publisher", "VP8", 1, 0.0)
    nodes.until(lambda: node.client.session_stats(viewer).delivered_s >= 1)


def test_a_publisher_that_comes_back_is_seen_without_a_seam(node, clients):
    first = go_live(clients, node, "back")
    clients.play(node.client, "back", "vi")
    before = len(received(clients, "vi", 40))
    clients("close", "ada")
    nodes.until(lambda: "lost" in reasons(node, first))

    clients.publish(node.client, "back", "ada2")
    clients("pump", "ada2", packets_per_s=RATE, first_sequence=50_000)

    packets = received(clients, "vi", before + 80)
    assert is_in_order(packets)
    times = [packet[2] for packet in packets]
    assert all((after - earlier) % 2**32 < 2**31 for earlier, after in itertools.pairwise(times))


def test_a_second_publisher_needs_to_take_over(node, clients):
    first = go_live(clients, node, "busy")
    with pytest.raises(RoomBusy):
        clients.publish(node.client, "busy", "max")

    second = clients.publish(node.client, "busy", "ada2", takeover=True)

    assert reasons(node, first) == ["", "taken_over"]
    nodes.until(lambda: node.client.session_stats(second).connected)


def test_another_codec_sends_viewers_back_to_the_page(node, clients):
    first = go_live(clients, node, "codec")
    viewer = clients.play(node.client, "codec", "vi")

    clients.publish(node.client, "codec", "ada2", codec="H264", takeover=True)

    assert reasons(node, first)[-1] == "taken_over"
    assert reasons(node, viewer)[-1] == "codec_changed"
    with pytest.raises(CodecUnsupported):
        clients.play(node.client, "codec", "vi2")


def test_a_kicked_viewer_gets_nothing_more(node, clients):
    go_live(clients, node, "kick")
    viewer = clients.play(node.client, "kick", "vi")
    received(clients, "vi", 10)

    node.client.close_session(viewer)
    node.client.close_session(viewer)

    nodes.until(lambda: clients("state", "vi") in {"Disconnected", "Failed", "Closed"} or is_silent(clients, "vi"))
    assert reasons(node, viewer)[-1] == "kicked"
    with pytest.raises(SessionUnknown):
        node.client.session_stats(viewer)


def is_silent(clients, peer):
    before = len(clients("received", peer))
    time.sleep(0.3)
    return len(clients("received", peer)) == before


def test_a_closed_room_ends_everybody(node, clients):
    publisher = go_live(clients, node, "close")
    viewer = clients.play(node.client, "close", "vi")

    node.client.close_room("close")

    assert reasons(node, publisher)[-1] == reasons(node, viewer)[-1] == "room_closed"
    with pytest.raises(RoomNotLive):
        clients.play(node.client, "close", "vi2")


def test_a_probe_is_measured_and_forwarded_to_nobody(node, clients):
    offer = clients("offer", "ada", direction="sendonly", codec="VP8")
    answer = node.client.probe(session=secrets.token_hex(16), offer=offer)
    clients("answer", "ada", sdp=answer.sdp)
    clients("pump", "ada", packets_per_s=RATE)

    nodes.until(lambda: node.client.session_stats(answer.session).bitrate_bps > 50_000)
    assert node.client.session_stats(answer.session).kind == "probe"
    node.client.close_session(answer.session)
    assert reasons(node, answer.session) == []


def test_a_session_id_opens_one_session(node, clients):
    session = go_live(clients, node, "once")
    node.client.close_session(session)

    with pytest.raises(SessionUsed):
        node.client.publish(room="once", session=session, offer=offers.offer(offers.audio()))


def test_a_flood_ends_the_publisher_and_touches_nobody_else(node, clients):
    go_live(clients, node, "calm")
    clients.play(node.client, "calm", "vi")
    with nodes.clients() as hostile:
        flood = hostile.publish(node.client, "flood", "max")
        hostile("pump", "max", packets_per_s=30_000)
        nodes.until(lambda: reasons(node, flood)[-1:] == ["over_budget"])

    packets = received(clients, "vi", 60)
    assert is_in_order(packets)
    assert node.client.node_stats().packets_dropped > 0


def test_what_is_gone_leaves_nothing_behind():
    with nodes.running() as node:
        with nodes.clients() as clients:
            session = go_live(clients, node, "gone")
            clients.play(node.client, "gone", "vi")
            received(clients, "vi", 10)
        node.client.close_room("gone")

        nodes.until(node.is_empty)
        assert reasons(node, session)[-1] == "room_closed"
        assert node.stop() == 0


def test_limits_are_refusals_with_codes(clients):
    with nodes.running("--rooms-max", "1", "--viewers-per-room-max", "1") as node:
        go_live(clients, node, "full")
        clients.play(node.client, "full", "vi")
        with pytest.raises(NodeFull) as no_room:
            clients.publish(node.client, "other", "ada2")
        with pytest.raises(NodeFull) as no_seat:
            clients.play(node.client, "full", "max")

        assert (no_room.value.code, no_seat.value.code) == ("media.limit_rooms", "media.limit_viewers")
        assert node.client.node_stats().peers_open == 2


# -- bad input ---------------------------------------------------------------------------------------------------------


def grant(act="publish", *, key=nodes.KEY, ttl_s=30, audience="media", **claims):
    named = {"act": act, "room": "bad", "session": secrets.token_hex(16), **claims}
    return grants.sign(named, audience=audience, ttl_s=ttl_s, key=key, now=time.time())


def post(node, path="/whip", *, token=None, body=None, content_type="application/sdp"):
    token = grant() if token is None else token() if callable(token) else token
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {token}"}
    body = offers.offer(offers.audio()) if body is None else body
    return httpx.post(node.url + path, content=body, headers=headers, trust_env=False)


def refusals():
    yield "no_grant", {"token": "x"}, 401, "grant_refused"
    yield "forged", {"token": lambda: grant(key=b"another key that is long enough for it")}, 401, "grant_refused"
    yield "expired", {"token": lambda: grant(ttl_s=-60)}, 401, "grant_refused"
    yield "for_the_gateway", {"token": lambda: grant(audience="realtime")}, 401, "grant_refused"
    yield "for_watching", {"token": lambda: grant("play")}, 401, "grant_refused"
    yield "nameless", {"token": lambda: grant(session="")}, 401, "grant_refused"
    yield "no_sdp", {"body": "hello"}, 400, "media.sdp_malformed"
    yield "empty", {"body": ""}, 400, "media.sdp_malformed"
    yield "binary", {"body": b"\xff\x00" * 100}, 400, "media.sdp_malformed"
    yield "a_viewers", {"body": offers.offer(offers.audio("recvonly"))}, 400, "media.sdp_malformed"
    yield "wrong_type", {"content_type": "text/plain"}, 415, "media.type_unsupported"
    yield "too_large", {"body": "v=0\r\n" + "a=x\r\n" * 20_000}, 413, "media.sdp_too_large"
    yield "no_codec", {"body": offers.offer(offers.video(payload_types="108"))}, 406, "media.codec_unsupported"
    yield "not_live", {"path": "/whep", "token": lambda: grant("play")}, 404, "media.room_not_live"


@pytest.mark.parametrize(("request_of", "status", "code"), [pytest.param(*rest, id=name) for name, *rest in refusals()])
def test_bad_input_is_refused_and_leaves_nothing(node, request_of, status, code):
    before = node.client.node_stats()

    response = post(node, **request_of)

    assert (response.status_code, response.json()["code"]) == (status, code)
    after = node.client.node_stats()
    assert (after.rooms, after.peers_open) == (before.rooms, before.peers_open)


def test_patch_is_not_allowed(node):
    headers = {"Authorization": f"Bearer {grant('control')}"}

    assert httpx.patch(f"{node.url}/sessions/x", headers=headers, trust_env=False).status_code == 405


def test_whip_answers_as_the_rfc_says(node):
    session = secrets.token_hex(16)

    response = post(node, token=grant(session=session, room="rfc"))

    assert response.status_code == 201
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["location"] == f"/sessions/{session}"
    token = grant(session=session)
    deleted = httpx.delete(
        node.url + response.headers["location"], headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert deleted.status_code == 204
