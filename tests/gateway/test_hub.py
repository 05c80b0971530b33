import pytest

from tests.gateway.doubles import GRANT_TTL_S, World
from vasistas.gateway import hub
from vasistas.gateway.hub import REST_PER_SOCKET_S, SLOTS
from vasistas.gateway.protocol import Close
from vasistas.realtime import log


def test_events_reach_the_sockets_of_their_channel_and_no_other() -> None:
    world = World()
    (vi, vi_socket), (max_, max_socket) = world.join(), world.join()
    world.subscribe(vi_socket, "room:1,lobby")
    world.subscribe(max_socket, "room:2")
    world.publish("room:1")
    assert (vi.heard("room:1"), vi.heard("lobby"), max_.heard("room:1"), max_.heard("room:2")) == ([1], [], [], [])


def test_subscribing_tells_the_position_and_the_life_of_the_grant() -> None:
    world = World()
    vi, socket = world.join()
    world.append("room:1")
    world.subscribe(socket, "room:1")
    answer = {"op": "subscribed", "channel": "room:1", "epoch": "e-1", "offset": 1, "recovered": True}
    assert vi.messages == [answer | {"expires_in_s": 600, "spread_ms": 0}]


def test_a_position_brings_what_was_missed_in_one_frame() -> None:
    world = World()
    for _ in range(5):
        world.append("room:1")
    vi, socket = world.join()
    world.subscribe(socket, "room:1", room_1=("e-1", 2))
    assert vi.answers("subscribed")[0]["recovered"] is True
    assert (vi.heard("room:1"), vi.frames) == ([3, 4, 5], 2)


@pytest.mark.parametrize("position", [("old-1", 1), ("e-1", 99), ("e-1", -1), ("", 0)])
def test_a_position_that_cannot_be_served_is_told(position: tuple[str, int]) -> None:
    world = World()
    world.append("room:1")
    vi, socket = world.join()
    world.subscribe(socket, "room:1", room_1=position)
    assert (vi.answers("subscribed")[0]["recovered"], vi.answers("subscribed")[0]["offset"]) == (False, 1)
    assert vi.heard("room:1") == []


def test_pages_that_all_need_a_snapshot_are_spread_over_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SPREAD_MS_MAX", 20)
    world = World()
    joined = [world.join() for _ in range(6)]
    for _, socket in joined:
        world.subscribe(socket, "room:1", room_1=("before the restart", 9))
    assert [client.answers("subscribed")[0]["spread_ms"] for client, _ in joined] == [5, 10, 15, 20, 20, 20]


def test_a_way_back_that_is_too_long_is_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "BATCH_BYTES_MAX", 100)
    world = World()
    for _ in range(5):
        world.append("room:1")
    vi, socket = world.join()
    world.subscribe(socket, "room:1", room_1=("e-1", 0))
    assert vi.answers("subscribed")[0]["recovered"] is False


def test_a_socket_that_joins_before_the_loop_comes_round_hears_each_event_once() -> None:
    world = World()
    (bo, bo_socket), (vi, vi_socket) = world.join(), world.join()
    world.subscribe(bo_socket, "room:1")
    world.append("room:1")  # published, the loop has not looked
    world.subscribe(vi_socket, "room:1", room_1=("e-1", 0))
    world.hub.wake("room:1", now=world.now)
    assert (bo.heard("room:1"), vi.heard("room:1")) == ([1], [1])


def test_a_page_newer_than_the_fan_out_hears_nothing_twice() -> None:
    world = World()
    (bo, bo_socket), (vi, vi_socket) = world.join(), world.join()
    world.subscribe(bo_socket, "room:1")
    world.append("room:1")
    world.subscribe(vi_socket, "room:1", room_1=("e-1", 1))
    world.hub.wake("room:1", now=world.now)
    assert (bo.heard("room:1"), vi.heard("room:1"), vi.answers("subscribed")[0]["recovered"]) == ([1], [], True)


def test_a_busy_channel_rests_and_then_sends_all_in_one_frame() -> None:
    world = World()
    vi, socket = world.join()
    world.subscribe(socket, "room:1")
    for _ in range(10):
        world.publish("room:1")
    assert (vi.heard("room:1"), vi.frames) == ([1], 2)
    assert world.hub.next_due() == world.now + REST_PER_SOCKET_S
    world.pass_time(REST_PER_SOCKET_S)
    assert (vi.heard("room:1"), vi.frames) == (list(range(1, 11)), 3)
    assert world.hub.next_due() is None
    assert world.hub.totals == (10, 2, 0)


def test_the_rest_of_a_huge_room_is_bounded() -> None:
    world = World()
    sockets = [world.join() for _ in range(100)]
    for _, socket in sockets:
        world.subscribe(socket, "room:1")
    world.publish("room:1")
    world.publish("room:1")
    assert world.hub.next_due() == pytest.approx(world.now + 100 * REST_PER_SOCKET_S)


def test_events_lost_from_the_ring_are_told_as_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "RING_EVENTS_MAX", 3)
    world = World()
    vi, socket = world.join()
    world.subscribe(socket, "room:1")
    for _ in range(5):
        world.append("room:1")
    world.hub.wake("room:1", now=world.now)
    assert vi.answers("reset") == [{"op": "reset", "channel": "room:1", "epoch": "e-1", "offset": 5, "spread_ms": 5}]
    world.pass_time(1)
    world.publish("room:1")
    assert vi.heard("room:1") == [6]


def test_a_bad_grant_is_named_and_the_good_one_counts() -> None:
    world = World()
    vi, socket = world.join()
    world.subscribe(socket, "bad", "room:1")
    assert [answer["grants"] for answer in vi.answers("refused")] == [[0]]
    assert vi.answers("refused")[0]["code"] == "grant_refused"
    assert world.hub.present("room:1") == 1


def test_bad_grants_again_and_again_end_the_socket() -> None:
    world = World(refusals_max=2)
    vi, socket = world.join()
    for _ in range(3):
        world.subscribe(socket, "bad")
    assert (vi.why, len(vi.answers("refused"))) == (Close.REFUSED, 2)


def test_too_many_channels_end_the_socket() -> None:
    world = World(channels_per_socket_max=2)
    vi, socket = world.join()
    world.subscribe(socket, "room:1,room:2")
    world.subscribe(socket, "room:1,room:3")
    assert (vi.why, world.hub.size()) == (Close.TOO_MANY_CHANNELS, (0, 0))


def test_a_message_of_another_protocol_ends_the_socket() -> None:
    world = World()
    vi, socket = world.join()
    world.tell(socket, op="publish", channel="room:1")
    assert vi.why == Close.MALFORMED


def test_too_many_frames_end_the_socket() -> None:
    world = World(frames_burst_max=3, frames_per_s=1)
    vi, socket = world.join()
    for _ in range(2):
        world.tell(socket, op="ping")
    world.hub.receive(socket, None, now=world.now)
    assert (vi.why, len(vi.answers("pong"))) == (None, 2)
    world.hub.receive(socket, None, now=world.now)
    assert vi.why == Close.TOO_FAST


def test_a_fresh_grant_extends_without_repeating() -> None:
    world = World(heartbeats_missed_max=1_000)
    vi, socket = world.join()
    world.subscribe(socket, "room:1")
    world.publish("room:1")
    world.pass_time(GRANT_TTL_S - 1)
    world.subscribe(socket, "room:1", room_1=("e-1", 0))
    world.pass_time(GRANT_TTL_S - 1)
    tick_all(world)
    world.publish("room:1")
    assert (vi.heard("room:1"), vi.answers("expired"), world.hub.present("room:1")) == ([1, 2], [], 1)


def test_an_ended_grant_ends_the_subscription_and_nothing_more_is_heard() -> None:
    world = World()
    vi, socket = world.join()
    world.subscribe(socket, "room:1,member:2")
    world.pass_time(GRANT_TTL_S)
    tick_all(world)
    world.publish("room:1")
    assert vi.answers("expired") == [{"op": "expired", "channels": ["room:1", "member:2"]}]
    assert (vi.heard("room:1"), world.hub.size()) == ([], (1, 0))


def test_what_came_between_two_grants_is_recovered() -> None:
    world = World()
    vi, socket = world.join()
    world.subscribe(socket, "room:1")
    world.publish("room:1")
    world.pass_time(GRANT_TTL_S)
    tick_all(world)
    world.publish("room:1")
    world.subscribe(socket, "room:1", room_1=("e-1", 1))
    assert (vi.heard("room:1"), vi.answers("subscribed")[1]["recovered"]) == ([1, 2], True)


def tick_all(world: World) -> None:
    for _ in range(SLOTS):
        world.hub.tick(now=world.now)


def test_each_socket_gets_one_heartbeat_per_round_and_dies_after_two_unanswered() -> None:
    world = World()
    (vi, vi_socket), (max_, max_socket) = world.join(), world.join()
    for socket in (vi_socket, max_socket):
        world.subscribe(socket, "lobby")
    for _ in range(3):
        tick_all(world)
        world.hub.receive(vi_socket, None, now=world.now)
    assert (vi.pings, vi.why) == (3, None)
    assert (max_.pings, max_.why) == (2, Close.SILENT)
    assert world.hub.present("lobby") == 1


def test_a_socket_without_subscription_is_closed_after_a_while() -> None:
    world = World(idle_s=10)
    (vi, vi_socket), (max_, _) = world.join(), world.join()
    world.subscribe(vi_socket, "lobby")
    world.pass_time(9)
    world.hub.tick(now=world.now)
    assert max_.why is None
    world.pass_time(1)
    world.hub.tick(now=world.now)
    assert (vi.why, max_.why) == (None, Close.IDLE)
    world.tell(vi_socket, op="unsubscribe", channels=["lobby", "room:9"])
    world.pass_time(10)
    world.hub.tick(now=world.now)
    assert (vi.why, world.hub.size()) == (Close.IDLE, (0, 0))


def test_presence_counts_sockets() -> None:
    world = World()
    joined = [world.join() for _ in range(3)]
    for _, socket in joined:
        world.subscribe(socket, "room:1")
    assert world.hub.present("room:1") == 3
    world.hub.leave(joined[0][1])
    world.hub.leave(joined[0][1])
    assert (world.hub.present("room:1"), world.hub.present("room:2")) == (2, 0)


def test_a_slow_socket_is_closed_in_the_middle_of_a_fan_out_and_the_others_hear_all() -> None:
    world = World()
    joined = [world.join() for _ in range(3)]
    slow, slow_socket = joined[1]
    plain = slow.write

    def write(data: bytes) -> None:
        plain(data)
        if slow.heard("room:1"):
            world.hub.close_slow(slow_socket)

    slow.write = write  # type: ignore[method-assign]  # this outlet's queue is full at its first event
    for _, socket in joined:
        world.subscribe(socket, "room:1")
    world.publish("room:1")
    world.pass_time(1)
    world.publish("room:1")
    assert [client.heard("room:1") for client, _ in joined] == [[1, 2], [1], [1, 2]]
    assert (slow.why, world.hub.present("room:1"), world.hub.totals.slow) == (Close.SLOW, 2, 1)


def test_nothing_is_left_when_all_have_gone() -> None:
    world = World()
    joined = [world.join() for _ in range(10)]
    for _, socket in joined:
        world.subscribe(socket, "room:1,lobby")
        world.publish("room:1")
        world.publish("room:1")
    world.hub.close_all(world.hub.sockets(), Close.RESTARTING)
    assert {client.why for client, _ in joined} == {Close.RESTARTING}
    assert (world.hub.size(), world.hub._idle, world.hub._due) == ((0, 0), {}, {})


def test_the_sweep_forgets_old_events() -> None:
    world = World()
    world.append("room:1")
    world.pass_time(log.RING_AGE_S + 1)
    tick_all(world)
    assert world.log.size() == (1, 0)


def test_who_is_sent_out_of_a_channel_hears_no_more_of_it_and_the_others_do() -> None:
    world = World()
    (max_, max_socket), (vi, vi_socket), (guest, guest_socket) = world.join(), world.join(), world.join()
    world.subscribe(max_socket, "room:1,member:3")
    world.subscribe(vi_socket, "room:1,member:4")
    world.subscribe(guest_socket, "room:1")
    world.tell(max_socket, op="unsubscribe", channels=["member:3"])  # a client of their own making
    world.revoke("room:1", "member:3")
    world.publish("room:1")
    assert (max_.heard("room:1"), vi.heard("room:1"), guest.heard("room:1")) == ([], [1], [1])
    assert max_.answers("expired") == [{"op": "expired", "channels": ["room:1"]}]


def test_a_grant_from_before_does_not_lead_back_in_but_a_new_one_does() -> None:
    world = World()
    max_, socket = world.join()
    world.revoke("room:1", "member:3")
    world.subscribe(socket, f"room:1,member:3@{world.now - 1}")
    assert (max_.answers("refused")[0]["grants"], list(socket.channels)) == ([0], [])
    world.pass_time(1)
    world.subscribe(socket, "room:1,member:3")  # the ban was lifted, the site grants again
    assert list(socket.channels) == ["room:1", "member:3"]


def test_what_was_revoked_is_forgotten_when_no_grant_from_then_can_live() -> None:
    world = World()
    world.revoke("room:1", "member:3")
    world.pass_time(GRANT_TTL_S + 1)
    world.revoke("room:2", "member:4")
    assert not world.bus.is_revoked("room:1", "member:3", made_at=0.0)
    assert world.bus.is_revoked("room:2", "member:4", made_at=0.0)
