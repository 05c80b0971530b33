"""Saying something: who may, what is stored, how fast."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from tests.factories.accounts import make_member
from tests.factories.chat import NOW, Cast, after, make_cast, make_message, make_mute
from vasistas.apps.chat import commands, operations, queries
from vasistas.apps.chat.models import MESSAGE_CHARS_MAX, Message, Mute, RoomSettings
from vasistas.apps.chat.operations import Asked, MessageRefused, OutOfRange, ReasonMissing, SayNotAllowed, TooFast
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.guard.purposes import processing
from vasistas.lib.errors import LimitReached, NotAllowed, NotFound


def say(cast: Cast, text: str = "hello", **over: Any) -> Message:
    return operations.say(**{"room": cast.room, "author": cast.vi, "text": text, "at": NOW, **over})


def stored() -> list[str]:
    return [message.text for message in Message.objects.order_by("pk")]


# -- Saying ------------------------------------------------------------------------------------------------------------


def test_say_stores_plain_words_and_the_role_of_the_moment(cast: Cast) -> None:
    say(cast, " <b>hi</b>\n\u202ethere :tada: ")
    say(cast, "welcome", author=cast.ada)
    say(cast, "hey", author=cast.bo)

    assert stored() == ["<b>hi</b> there 🎉", "welcome", "hey"]
    assert list(Message.objects.order_by("pk").values_list("role", flat=True)) == ["member", "host", "moderator"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "chat.empty"),
        (" \u200b\u3164 ", "chat.empty"),
        ("x" * (MESSAGE_CHARS_MAX + 1), "chat.too_long"),
        ("x" * 5_000_000, "chat.too_long"),
        ("see https://spam.example/", "chat.links_refused"),
        ("www.spam.example", "chat.links_refused"),
    ],
)
def test_say_refuses_words_and_stores_nothing(cast: Cast, text: str, code: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        say(cast, text)

    assert refused.value.code == code
    assert stored() == []


def test_say_counts_characters_not_bytes(cast: Cast) -> None:
    say(cast, "🦊" * MESSAGE_CHARS_MAX)

    assert stored() == ["🦊" * MESSAGE_CHARS_MAX]


def test_links_are_for_hosts_and_moderators_until_the_room_allows_them(cast: Cast) -> None:
    link = "https://example.org/"
    say(cast, link, author=cast.ada)
    say(cast, link, author=cast.bo)
    operations.change_settings(room=cast.room, by=cast.ada, at=NOW, asked=Asked("members", links_allowed=True))
    say(cast, link)

    assert stored() == [link, link, link]


def test_say_is_for_members_with_a_proven_address(cast: Cast) -> None:
    with pytest.raises(SayNotAllowed) as refused:
        say(cast, author=make_member("Zoe", verified=False))

    assert refused.value.code == "chat.mail_not_verified"
    assert stored() == []


def test_say_is_not_for_the_banned_nor_for_the_muted(cast: Cast) -> None:
    rooms.ban(room=cast.room, member=cast.max, by=cast.ada, at=NOW)
    make_mute(cast.room, cast.vi, minutes=10, at=NOW)

    for author, code in ((cast.max, "chat.banned"), (cast.vi, "chat.muted")):
        with pytest.raises(SayNotAllowed) as refused:
            say(cast, author=author)
        assert refused.value.code == code
    assert stored() == []

    say(cast, at=after(600))
    assert stored() == ["hello"]


def test_followers_only_lets_followers_speak(cast: Cast) -> None:
    operations.change_settings(room=cast.room, by=cast.bo, at=NOW, asked=Asked("followers", links_allowed=False))
    rooms.follow(room=cast.room, member=cast.vi, at=NOW)

    say(cast)
    with pytest.raises(SayNotAllowed) as refused:
        say(cast, author=cast.max)

    assert refused.value.code == "chat.followers_only"
    assert stored() == ["hello"]


# -- Pace --------------------------------------------------------------------------------------------------------------


def test_five_messages_in_ten_seconds_are_the_limit_across_rooms(cast: Cast) -> None:
    for number in range(5):
        say(cast, f"line {number}", at=after(number))

    with pytest.raises(TooFast) as refused:
        say(cast, "line 5", at=after(9.2))

    assert (refused.value.code, refused.value.retry_after_s) == ("chat.too_fast", 1)
    say(cast, "line 5", at=after(10))
    assert len(stored()) == 6


def test_the_same_words_wait_ten_seconds(cast: Cast) -> None:
    say(cast, "hello")
    with pytest.raises(MessageRefused) as refused:
        say(cast, " hello ", at=after(9))

    assert refused.value.code == "chat.duplicate"
    say(cast, "hello", author=cast.max, at=after(9))
    say(cast, "hello", at=after(10))
    assert stored() == ["hello"] * 3


def test_slow_mode_holds_members_back_and_not_the_desk(cast: Cast) -> None:
    operations.set_slow_mode(room=cast.room, by=cast.bo, seconds=30, at=NOW)
    say(cast, "one")
    with pytest.raises(TooFast) as refused:
        say(cast, "two", at=after(12.5))

    assert (refused.value.code, refused.value.retry_after_s) == ("chat.slow_mode", 18)
    say(cast, "three", author=cast.ada)
    say(cast, "four", author=cast.ada, at=after(1))
    say(cast, "two", at=after(30))
    assert stored() == ["one", "three", "four", "two"]


def test_refused_attempts_count_too(cast: Cast) -> None:
    for _ in range(operations.ATTEMPT_COUNT_MAX):
        with pytest.raises(MessageRefused):
            say(cast, "")

    with pytest.raises(LimitReached) as refused:
        say(cast, "hello")

    assert refused.value.code == "limit_reached"
    assert stored() == []


@pytest.mark.django_db(transaction=True)
def test_posts_at_once_pass_no_limit_twice() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one writer in at a time (transaction_mode IMMEDIATE); there is nothing to race")
    cast = make_cast()
    start, outcomes = threading.Barrier(12), []

    def post(number: int) -> None:
        try:
            start.wait()
            with processing("chat"):
                say(cast, f"line {number}")
            outcomes.append("said")
        except TooFast as refused:
            outcomes.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["chat.too_fast"] * 7 + ["said"] * 5
    assert len(stored()) == 5


# -- Moderating --------------------------------------------------------------------------------------------------------


def test_delete_hides_a_message_and_keeps_it_for_disputes(cast: Cast) -> None:
    message = make_message(cast.room, cast.max, "buy this")

    operations.delete(message=message, by=cast.bo, at=NOW, reason="spam")
    operations.delete(message=message, by=cast.ada, at=after(1))

    message.refresh_from_db()
    assert (message.text, message.deleted_at, message.deleted_by, message.deleted_reason) == (
        "buy this",
        NOW,
        cast.bo,
        "spam",
    )
    assert queries.recent(cast.room) == []


def test_authors_delete_their_own_messages_and_nobody_elses(cast: Cast) -> None:
    own, other = make_message(cast.room, cast.vi), make_message(cast.room, cast.max)

    operations.delete(message=own, by=cast.vi, at=NOW)
    with pytest.raises(NotAllowed):
        operations.delete(message=other, by=cast.vi, at=NOW)

    assert [line.id for line in queries.recent(cast.room)] == [other.pk]


def test_moderators_reach_members_only(cast: Cast) -> None:
    by_host = make_message(cast.room, cast.ada, role="host")

    with pytest.raises(NotAllowed) as refused:
        operations.delete(message=by_host, by=cast.bo, at=NOW)
    assert refused.value.code == "chat.out_of_reach"
    with pytest.raises(NotAllowed):
        operations.mute(room=cast.room, member=cast.ada, by=cast.bo, at=NOW, minutes=10)
    with pytest.raises(NotAllowed):
        operations.ban(room=cast.room, member=cast.ada, by=cast.bo, at=NOW)


@pytest.mark.parametrize("who", ["vi", "max"])
def test_members_have_no_tools(cast: Cast, who: str) -> None:
    by = getattr(cast, who)
    refused_acts = [
        lambda: operations.clear_author(room=cast.room, author=cast.max, by=by, at=NOW),
        lambda: operations.mute(room=cast.room, member=cast.bo, by=by, at=NOW, minutes=10),
        lambda: operations.unmute(room=cast.room, member=cast.bo, by=by, at=NOW),
        lambda: operations.ban(room=cast.room, member=cast.bo, by=by, at=NOW),
        lambda: operations.set_slow_mode(room=cast.room, by=by, seconds=10, at=NOW),
        lambda: operations.change_settings(room=cast.room, by=by, at=NOW, asked=Asked("nobody", links_allowed=True)),
        lambda: operations.obey(room=cast.room, by=by, asked=commands.Clear("Nobody"), at=NOW),
    ]
    for act in refused_acts:
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.code == "chat.not_moderator"
    assert not Mute.objects.exists()
    assert not RoomSettings.objects.exists()


def test_staff_act_in_rooms_of_others_with_a_reason(cast: Cast) -> None:
    message = make_message(cast.room, cast.ada, "a host's words", role="host")

    with pytest.raises(ReasonMissing) as refused:
        operations.delete(message=message, by=cast.sam, at=NOW, reason="  ")
    assert refused.value.fields.keys() == {"reason"}
    operations.delete(message=message, by=cast.sam, at=NOW, reason="report 12")

    message.refresh_from_db()
    assert message.deleted_reason == "report 12"


def test_a_mute_ends_by_itself_and_can_be_lifted(cast: Cast) -> None:
    operations.mute(room=cast.room, member=cast.vi, by=cast.bo, at=NOW, minutes=10)
    operations.mute(room=cast.room, member=cast.vi, by=cast.ada, at=NOW, minutes=60)
    assert [(row.name, row.until) for row in queries.muted_in(cast.room, NOW)] == [("Vi", after(3600))]

    operations.unmute(room=cast.room, member=cast.vi, by=cast.bo, at=after(60))

    assert queries.muted_in(cast.room, after(60)) == []
    say(cast, at=after(60))
    assert stored() == ["hello"]


@pytest.mark.parametrize("minutes", [0, commands.MUTE_MINUTES_MAX + 1])
def test_a_mute_has_limits(cast: Cast, minutes: int) -> None:
    with pytest.raises(OutOfRange):
        operations.mute(room=cast.room, member=cast.vi, by=cast.bo, at=NOW, minutes=minutes)

    assert not Mute.objects.exists()


@pytest.mark.parametrize("seconds", [-1, commands.SLOW_MODE_S_MAX + 1])
def test_slow_mode_has_limits(cast: Cast, seconds: int) -> None:
    with pytest.raises(OutOfRange):
        operations.set_slow_mode(room=cast.room, by=cast.ada, seconds=seconds, at=NOW)


def test_ban_keeps_someone_out_and_takes_their_words_away(cast: Cast) -> None:
    make_message(cast.room, cast.max, "one")
    make_message(cast.room, cast.max, "two")
    kept = make_message(cast.room, cast.vi, "three")

    operations.ban(room=cast.room, member=cast.max, by=cast.bo, at=NOW, reason="spam")

    assert room_queries.is_banned(cast.max, cast.room, NOW)
    assert [line.id for line in queries.recent(cast.room)] == [kept.pk]


def test_obey_does_what_a_command_asks(cast: Cast) -> None:
    say(cast, "I spoke")
    asked = {"room": cast.room, "by": cast.bo, "at": after(1)}

    assert operations.obey(asked=commands.Slow(10), **asked) == "Slow mode: 10 s between two messages."
    assert operations.obey(asked=commands.Slow(0), **asked) == "Slow mode is off."
    assert operations.obey(asked=commands.Mute("vi", 5), **asked) == "Vi is muted for 5 min."
    assert operations.obey(asked=commands.Unmute("VI"), **asked) == "Vi may speak again."
    assert operations.obey(asked=commands.Clear("Vi"), **asked) == "The messages of Vi are gone."
    assert operations.obey(asked=commands.Help(), **asked) == commands.help_words(has_desk=True)
    with pytest.raises(NotFound) as refused:
        operations.obey(asked=commands.Mute("Max", 5), **asked)
    assert refused.value.code == "chat.no_speaker"


# -- The room's own rules -------------------------------------------------------------------------------------------


def test_a_listed_word_is_refused_to_members_and_not_to_the_desk(cast: Cast) -> None:
    asked = Asked("members", links_allowed=False, words="donkey")
    operations.change_settings(room=cast.room, by=cast.ada, at=NOW, asked=asked)

    with pytest.raises(operations.MessageRefused) as refused:
        operations.say(room=cast.room, author=cast.vi, text="What a d0nkey", at=NOW)
    assert refused.value.code == "chat.word_refused"
    operations.say(room=cast.room, author=cast.ada, text="Nobody says donkey here.", at=NOW)


def test_a_new_account_is_told_to_wait(cast: Cast) -> None:
    asked = Asked("members", links_allowed=False, account_age_min=60)
    operations.change_settings(room=cast.room, by=cast.ada, at=NOW, asked=asked)
    type(cast.vi).objects.filter(pk=cast.vi.pk).update(date_joined=NOW - timedelta(minutes=30))

    with pytest.raises(operations.SayNotAllowed) as refused:
        operations.say(room=cast.room, author=cast.vi, text="hello", at=NOW)
    assert refused.value.code == "chat.account_too_new"
    operations.say(room=cast.room, author=cast.vi, text="hello", at=NOW + timedelta(minutes=31))


def test_a_ban_for_days_ends_by_itself(cast: Cast) -> None:
    operations.ban(room=cast.room, member=cast.max, by=cast.ada, at=NOW, days=7)

    assert room_queries.is_banned(cast.max, cast.room, NOW + timedelta(days=6))
    assert not room_queries.is_banned(cast.max, cast.room, NOW + timedelta(days=8))
