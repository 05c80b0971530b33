"""Grants: what one side signs, the other reads; anything else is refused in one sentence."""

import time

import jwt
import pytest

from vasistas.lib import grants

KEY = b"a key of at least thirty-two bytes ."
NOW = 1_900_000_000.0


def sign(**over):
    options = {"audience": "media", "ttl_s": 60, "key": KEY, "now": time.time(), **over}
    return grants.sign({"act": "play", "room": "7"}, **options)


def test_a_valid_grant_says_what_was_signed():
    claims = grants.verify(sign(), audience="media", key=KEY)

    assert (claims["act"], claims["room"], claims["aud"]) == ("play", "7", "media")


def test_expiry_is_counted_from_the_given_moment():
    payload = jwt.decode(sign(now=NOW), KEY, algorithms=["HS256"], audience="media", options={"verify_exp": False})

    assert payload["exp"] == NOW + 60


REFUSED = {
    "for another audience": lambda: sign(audience="realtime"),
    "expired": lambda: sign(now=time.time() - 60 - grants.CLOCK_SKEW_S - 1),
    "signed with another key": lambda: sign(key=b"another key of at least 32 bytes ..."),
    "not a grant": lambda: "hello",
    "empty": lambda: "",
    "cut": lambda: sign()[:-2],
    "too long": lambda: "a" * (grants.GRANT_CHARS_MAX + 1),
    "unsigned": lambda: jwt.encode({"aud": "media", "exp": time.time() + 60}, None, algorithm="none"),
    "another algorithm": lambda: jwt.encode({"aud": "media", "exp": time.time() + 60}, KEY * 2, algorithm="HS512"),
    "without expiry": lambda: jwt.encode({"aud": "media"}, KEY, algorithm="HS256"),
    "without audience": lambda: jwt.encode({"exp": time.time() + 60}, KEY, algorithm="HS256"),
}


@pytest.mark.parametrize("grant", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_in_the_same_words(grant):
    with pytest.raises(grants.GrantRefused) as refusal:
        grants.verify(grant(), audience="media", key=KEY)

    assert refusal.value.message == "This grant is invalid or has expired. Load the page again to get a new one."
    assert refusal.value.status == 401


def test_clocks_may_differ_a_little():
    just_over = sign(now=time.time() - 60 - 1)

    assert grants.verify(just_over, audience="media", key=KEY)["act"] == "play"
