import time

import pytest

from vasistas import realtime
from vasistas.lib import grants
from vasistas.realtime import events, testing

KEY = b"k" * 32


@pytest.fixture(autouse=True)
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime._State, "key", KEY)


def test_publish_without_a_gateway_fills_the_ring() -> None:
    with testing.captured():
        before = realtime.position("room:1")
        realtime.publish("room:1", events.MessageDeleted(id=7))
        assert realtime.position("room:1") == before._replace(offset=before.offset + 1)
        missed = realtime.bus().since("room:1", before)
        assert [entry.message for entry in missed or []] == [
            b'{"c":"room:1","e":"%s","o":1,"t":"chat.message.deleted","d":{"id":7}}' % before.epoch.encode()
        ]
        assert realtime.present("room:1") == 0


def test_captured_shows_what_was_published_and_nothing_from_outside() -> None:
    realtime.publish("lobby", events.ViewersCounted(room_id=1, count=1))
    with testing.captured() as published:
        realtime.publish("member:3", events.MemberBanned(room_id=1))
        realtime.publish("lobby", events.ViewersCounted(room_id=1, count=2))
    realtime.publish("lobby", events.ViewersCounted(room_id=1, count=3))
    assert published == [
        ("member:3", events.MemberBanned(room_id=1)),
        ("lobby", events.ViewersCounted(room_id=1, count=2)),
    ]


@pytest.mark.parametrize("name", ["", "room", "room:", "room:0", "room:1x", "room:1\n", "rooms:1", "lobby:1", 'room:"'])
def test_unknown_channels_are_refused(name: str) -> None:
    for act in (realtime.position, realtime.present, lambda channel: realtime.grant([channel], now=time.time())):
        with pytest.raises(ValueError, match="is no channel"):
            act(name)


def test_grant_says_what_may_be_heard_and_for_how_long() -> None:
    now = time.time()
    granted = realtime.grant(["room:1", "member:2"], now=now, ttl_s=60)
    right = realtime.right(granted, now=now)
    assert right.channels == ("room:1", "member:2")
    assert 58 < right.expires_in_s <= 60


def test_grant_for_no_channel_or_too_many_is_refused() -> None:
    for channels in ([], [f"room:{number}" for number in range(1, 18)]):
        with pytest.raises(ValueError, match="A grant names"):
            realtime.grant(channels, now=time.time())


def test_foreign_grants_are_refused() -> None:
    now = time.time()
    good = realtime.grant(["room:1"], now=now)
    for bad in (
        "",
        good[:-3],
        realtime.grant(["room:1"], now=now - 10_000),
        grants.sign({"channels": ["room:1"]}, audience="media", ttl_s=60, key=KEY, now=now),
        grants.sign({"channels": ["room:1"]}, audience="realtime", ttl_s=60, key=b"x" * 32, now=now),
    ):
        with pytest.raises(grants.GrantRefused):
            realtime.right(bad, now=now)


def test_without_a_key_there_are_no_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime._State, "key", None)
    with pytest.raises(RuntimeError, match=r"realtime\.configure"):
        realtime.grant(["room:1"], now=time.time())


def test_a_grant_names_its_holder_and_falls_with_what_is_revoked() -> None:
    now = time.time()
    right = realtime.right(realtime.grant(["room:1", "member:2"], now=now), now=now)
    visitor = realtime.right(realtime.grant(["room:1"], now=now), now=now)
    assert (right.holder, visitor.holder) == ("member:2", "")
    with testing.captured():
        realtime.revoke("room:1", right.holder, now=now)
        assert realtime.bus().is_revoked("room:1", right.holder, made_at=right.made_at)
        assert not realtime.bus().is_revoked("room:1", visitor.holder, made_at=visitor.made_at)
        assert not realtime.bus().is_revoked("room:1", right.holder, made_at=now + 1)
