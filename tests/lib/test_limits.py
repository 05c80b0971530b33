"""Fixed windows per name and key."""

import pytest
from django.core.cache import cache

from vasistas.lib import limits
from vasistas.lib.errors import LimitReached

NOW = 1_000_000.0  # 40 s into a window of 60 s


def hit(name="chat", key="vi", *, now=NOW):
    limits.hit(name, key, limit=3, per_s=60, now=now)


def test_the_limit_itself_is_allowed_and_the_next_is_refused_with_the_wait():
    for _ in range(3):
        hit()

    with pytest.raises(LimitReached, match="Try again in 20 s") as refusal:
        hit()
    assert refusal.value.retry_after_s == 20


def test_the_next_window_is_open():
    for _ in range(3):
        hit()

    hit(now=NOW + 20)


@pytest.mark.parametrize("other", [{"name": "login"}, {"key": "bo"}])
def test_names_and_keys_are_counted_apart(other):
    for _ in range(3):
        hit()

    hit(**other)


def test_keys_never_reach_the_cache_in_clear():
    hit(key="203.0.113.9")

    assert not [entry for entry in cache._cache if "203.0.113.9" in entry]


def test_a_count_that_was_evicted_starts_again(monkeypatch):
    monkeypatch.setattr(cache, "add", lambda *args, **kwargs: True)  # as if evicted at once

    hit()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_household_counts_as_one(address, network):
    assert limits.network_of(address) == network
