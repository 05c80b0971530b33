import pytest

from vasistas.gateway.admission import Doorkeeper, Origins, address_of

SITE = Origins(public=frozenset({"https://cams.example"}), hosts=frozenset({"localhost", "cams.example", "[::1]"}))


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://cams.example", "cams.example", True),
        ("https://cams.example", "inner:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        (None, "cams.example", True),
        ("https://evil.example", "cams.example", False),
        ("https://evil.example", "evil.example", False),
        ("http://localhost:9000", "localhost:8000", False),
        ("https://cams.example.evil.example", "cams.example", False),
        ("null", "cams.example", False),
        ("", "", False),
        ("file://", "", False),
        ("http://[", "[", False),
    ],
)
def test_origin_must_be_the_site(origin: str | None, host: str, *, allowed: bool) -> None:
    assert SITE.allow(origin, host) is allowed


def test_any_host_may_be_allowed_but_never_another_origin() -> None:
    anywhere = Origins(public=frozenset(), hosts=frozenset({"*"}))
    assert anywhere.allow("http://a.example", "a.example") is True
    assert anywhere.allow("http://b.example", "a.example") is False


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "counted"),
    [
        ("203.0.113.5", None, ["127.0.0.1"], "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", ["127.0.0.1"], "203.0.113.5"),
        ("127.0.0.1", "198.51.100.1", ["127.0.0.1"], "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.1", ["127.0.0.1"], "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.1, 10.0.0.2", ["127.0.0.1", "10.0.0.2"], "198.51.100.1"),
        ("127.0.0.1", "10.0.0.2", ["127.0.0.1", "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1", ["*"], "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", None, [], "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", None, [], "203.0.113.5"),
        ("127.0.0.1", "unknown", ["127.0.0.1"], "unknown"),
        ("", None, [], ""),
    ],
)
def test_address_that_is_counted(peer: str, forwarded: str | None, trusted: list[str], counted: str) -> None:
    assert address_of(peer, forwarded, trusted) == counted


def test_doorkeeper_counts_in_all_and_per_address_and_forgets() -> None:
    door = Doorkeeper(sockets_max=3, per_address_max=2)
    assert [door.enter(who) for who in ("a", "a", "a", "b", "c")] == [101, 101, 429, 101, 503]
    door.leave("a")
    assert door.enter("c") == 101
    for who in ("a", "b", "c"):
        door.leave(who)
    assert (door.count, dict(door._open)) == (0, {})
