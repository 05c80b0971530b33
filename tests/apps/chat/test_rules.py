from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories.chat import NOW
from vasistas.apps.chat.models import Message, RoomSettings
from vasistas.apps.chat.rules import (
    Refusal,
    Standing,
    can_moderate,
    can_post_links,
    holds_listed,
    listed_keys,
    needs_reason,
    refusal_to_say,
)

MEMBER = Standing(is_signed_in=True, has_verified_mail=True)
HOST = replace(MEMBER, role=Message.Role.HOST)
MODERATOR = replace(MEMBER, role=Message.Role.MODERATOR)
STAFF = replace(MEMBER, is_staff=True)
OPEN = RoomSettings()
FOLLOWERS = RoomSettings(audience=RoomSettings.Audience.FOLLOWERS)
NOBODY = RoomSettings(audience=RoomSettings.Audience.NOBODY)


@pytest.mark.parametrize(
    ("standing", "wishes", "refusal"),
    [
        (Standing(), OPEN, Refusal.SIGN_IN),
        (replace(MEMBER, has_verified_mail=False), OPEN, Refusal.MAIL_NOT_VERIFIED),
        (replace(MEMBER, is_banned=True), OPEN, Refusal.BANNED),
        (replace(MEMBER, muted_until=NOW + timedelta(seconds=1)), OPEN, Refusal.MUTED),
        (replace(MEMBER, muted_until=NOW), OPEN, None),
        (MEMBER, OPEN, None),
        (MEMBER, FOLLOWERS, Refusal.FOLLOWERS_ONLY),
        (replace(MEMBER, is_follower=True), FOLLOWERS, None),
        (MODERATOR, FOLLOWERS, None),
        (replace(MEMBER, is_follower=True), NOBODY, Refusal.CLOSED),
        (HOST, NOBODY, None),
        (MODERATOR, NOBODY, None),
        (STAFF, NOBODY, None),
    ],
)
def test_refusal_to_say_gives_the_first_ground(
    standing: Standing, wishes: RoomSettings, refusal: Refusal | None
) -> None:
    assert refusal_to_say(standing, wishes, NOW) == refusal


@pytest.mark.parametrize(
    ("who", "whom", "may"),
    [
        (HOST, MEMBER, True),
        (HOST, MODERATOR, True),
        (HOST, HOST, False),
        (HOST, STAFF, False),
        (MODERATOR, MEMBER, True),
        (MODERATOR, MODERATOR, False),
        (MODERATOR, HOST, False),
        (MODERATOR, STAFF, False),
        (STAFF, MEMBER, True),
        (STAFF, HOST, True),
        (STAFF, STAFF, False),
        (MEMBER, MEMBER, False),
    ],
)
def test_can_moderate_follows_the_order_of_roles(who: Standing, whom: Standing, *, may: bool) -> None:
    assert can_moderate(who, whom) is may


def test_links_are_the_rooms_choice_for_members_only() -> None:
    assert not can_post_links(MEMBER, OPEN)
    assert can_post_links(MEMBER, RoomSettings(links_allowed=True))
    assert can_post_links(MODERATOR, OPEN)


def test_needs_reason_is_for_staff_in_rooms_of_others() -> None:
    assert needs_reason(STAFF)
    assert not needs_reason(replace(STAFF, role=Message.Role.HOST))
    assert not needs_reason(HOST)


# -- What nobody may say, and who is here long enough ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_held"),
    [
        ("You are a donkey!", True),
        ("you are a D0NKEY", True),
        ("dönkey", True),
        ("d o n k e y", True),
        ("\u0501onkey", True),  # a Cyrillic d
        ("donkeys are nice", False),
        ("buy cheap gold now", True),
        ("buy gold, it is cheap", False),
        ("", False),
    ],
)
def test_words_of_a_list_are_found_however_they_are_written_and_no_others(text, is_held):
    keys = listed_keys("donkey\n\nCheap Gold\n!\n")

    assert holds_listed(text, keys) is is_held


def test_an_empty_list_holds_nothing():
    assert not holds_listed("anything", listed_keys(" \n"))


@pytest.mark.parametrize(("minutes_ago", "refusal"), [(9, Refusal.ACCOUNT_TOO_NEW), (11, None)])
def test_a_new_account_waits_where_the_room_asks_for_it(minutes_ago, refusal):
    standing = replace(MEMBER, joined_at=NOW - timedelta(minutes=minutes_ago))

    assert refusal_to_say(standing, RoomSettings(account_age_min=10), NOW) is refusal
    assert refusal_to_say(standing, RoomSettings(), NOW) is None


@pytest.mark.parametrize(("minutes_ago", "refusal"), [(59, Refusal.FOLLOWS_TOO_SHORT), (61, None)])
def test_a_new_follower_waits_where_followers_alone_may_speak(minutes_ago, refusal):
    standing = replace(MEMBER, is_follower=True, follows_since=NOW - timedelta(minutes=minutes_ago))

    assert refusal_to_say(standing, RoomSettings(audience="followers", follow_min=60), NOW) is refusal
    assert refusal_to_say(standing, RoomSettings(audience="members", follow_min=60), NOW) is None
