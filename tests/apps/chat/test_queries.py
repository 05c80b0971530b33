import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from tests.factories.accounts import make_member
from tests.factories.chat import NOW, Cast, after, make_message, make_messages, make_mute
from vasistas.apps.accounts.queries import alias_for
from vasistas.apps.chat import operations, queries
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard import keyring

LOG_QUERIES = 4  # of the read log, where the block itself is the scope: audit numbers, and the entries in a savepoint


def texts(lines: list[queries.Line]) -> list[str]:
    return [line.text for line in lines]


def test_recent_gives_the_latest_lines_oldest_first(cast: Cast) -> None:
    make_messages(cast.room, cast.vi, 60)

    assert texts(queries.recent(cast.room)) == [f"line {number}" for number in range(11, 61)]
    assert texts(queries.recent(cast.room, limit=2)) == ["line 59", "line 60"]


def test_before_pages_back_to_the_first_line(cast: Cast) -> None:
    messages = make_messages(cast.room, cast.vi, 60)

    assert texts(queries.before(cast.room, messages[10].pk)) == [f"line {number}" for number in range(1, 11)]
    assert queries.before(cast.room, messages[0].pk) == []


def test_lines_of_other_rooms_and_deleted_ones_stay_away(cast: Cast, django_assert_num_queries: Any) -> None:
    shown = make_message(cast.room, cast.vi, "shown")
    make_message(cast.room, cast.vi, "deleted", deleted_at=NOW)

    assert [line.id for line in queries.recent(cast.room)] == [shown.pk]


@pytest.mark.parametrize("count", [1, 3])
def test_recent_is_one_query_and_one_for_keys_however_many_lines(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    for author in (cast.vi, cast.max, cast.ada)[:count]:
        make_message(cast.room, author)

    keyring.forget_cached()
    keyring.open_store()
    with django_assert_num_queries(1), django_assert_num_queries(1, connection=connections["keys"]):
        assert len(queries.recent(cast.room)) == count


@pytest.mark.parametrize("count", [1, 3])
def test_panel_takes_the_same_queries_however_much_it_shows(
    cast: Cast, count: int, django_assert_num_queries: Any
) -> None:
    for author in (cast.vi, cast.max, cast.sam)[:count]:
        make_message(cast.room, author)
        make_mute(cast.room, author, at=NOW)

    with django_assert_num_queries(9 + LOG_QUERIES):
        panel = queries.panel_for(cast.room, cast.bo, NOW)

    assert (len(panel.lines), len(panel.muted)) == (count, count)


def test_a_line_carries_a_name_and_a_reference_of_this_room_alone(cast: Cast) -> None:
    message = make_message(cast.room, cast.vi, "<script>alert(1)</script>")

    assert [line.wire() for line in queries.recent(cast.room)] == [
        {
            "id": message.pk,
            "author": "Vi",
            "author_ref": alias_for(cast.vi, f"room:{cast.room.pk}"),
            "role": "member",
            "text": "<script>alert(1)</script>",
            "at": message.said_at.timestamp(),
        }
    ]


def test_snapshot_is_json_and_names_no_address(cast: Cast) -> None:
    make_message(cast.room, cast.vi)

    written = json.dumps(queries.snapshot(cast.room, cast.ada))

    assert "@example.org" not in written
    assert set(json.loads(written)["lines"][0]) == {"id", "author", "author_ref", "role", "text", "at"}


def test_mentions_are_of_people_who_speak_here_and_call_the_viewer(cast: Cast) -> None:
    make_message(cast.room, cast.max, "hi")
    make_message(cast.room, cast.max, "@Vi and @Max and @nobody")

    line = queries.panel_for(cast.room, cast.vi, NOW).lines[1]

    assert [token.text for token in line.tokens if token.kind == "mention"] == ["@Vi", "@Max"]
    assert line.is_call
    assert not queries.panel_for(cast.room, cast.max, NOW).lines[1].is_call
    assert not queries.panel_for(cast.room, AnonymousUser(), NOW).lines[1].is_call


def test_panel_tells_why_someone_may_not_speak(cast: Cast) -> None:
    make_mute(cast.room, cast.max, minutes=10, at=NOW)

    assert queries.panel_for(cast.room, Viewer(), NOW).refusal == "chat.sign_in"
    assert queries.panel_for(cast.room, cast.vi, NOW).refusal == ""
    muted = queries.panel_for(cast.room, Viewer(cast.max), NOW)
    assert (muted.refusal, muted.refusal_words) == ("chat.muted", "You are muted in this room for 10 more min.")


def test_panel_gives_tools_and_reach_by_role(cast: Cast) -> None:
    for author, role in ((cast.ada, "host"), (cast.bo, "moderator"), (cast.vi, "member"), (cast.max, "member")):
        make_message(cast.room, author, role=role)

    def reached(viewer: queries.Someone) -> list[str]:
        return [line.author for line in queries.panel_for(cast.room, viewer, NOW).lines if line.is_actionable]

    assert reached(cast.ada) == ["Ada", "Bo", "Vi", "Max"]
    assert reached(cast.bo) == ["Bo", "Vi", "Max"]
    assert reached(cast.vi) == ["Vi"]
    assert reached(cast.sam) == ["Ada", "Bo", "Vi", "Max"]
    assert reached(AnonymousUser()) == []
    desks = [queries.panel_for(cast.room, who, NOW) for who in (cast.ada, cast.bo, cast.sam, cast.vi)]
    assert [panel.has_desk for panel in desks] == [True, True, True, False]
    assert [len(panel.moderators) for panel in desks] == [1, 0, 0, 0]
    assert [panel.needs_reason for panel in desks] == [False, False, True, False]


def test_panel_counts_slow_mode_down_for_members_alone(cast: Cast) -> None:
    operations.set_slow_mode(room=cast.room, by=cast.ada, seconds=30, at=NOW)
    make_message(cast.room, cast.vi, said_at=NOW)
    make_message(cast.room, cast.ada, said_at=NOW)

    assert queries.panel_for(cast.room, cast.vi, after(12.5)).wait_s == 18
    assert queries.panel_for(cast.room, cast.vi, after(30)).wait_s == 0
    assert queries.panel_for(cast.room, cast.max, after(1)).wait_s == 0
    assert queries.panel_for(cast.room, cast.ada, after(1)).wait_s == 0


def test_panel_of_the_desk_lists_who_is_banned(cast: Cast) -> None:
    rooms.ban(room=cast.room, member=cast.max, by=cast.ada, at=NOW, reason="spam")

    assert [(who.name, who.reason) for who in queries.panel_for(cast.room, cast.bo, NOW).banned] == [("Max", "spam")]
    assert queries.panel_for(cast.room, cast.vi, NOW).banned == []


def test_speaker_named_finds_recent_speakers_only(cast: Cast) -> None:
    make_message(cast.room, cast.vi, said_at=after(-queries.RECENT_SPEAKER_S + 1))
    make_message(cast.room, cast.max, said_at=after(-queries.RECENT_SPEAKER_S))

    assert queries.speaker_named(cast.room, "vi", NOW) == cast.vi
    with pytest.raises(queries.NotFound):
        queries.speaker_named(cast.room, "Max", NOW)


def test_get_message_for_refuses_what_is_not_there_or_not_theirs(cast: Cast) -> None:
    shown, deleted = make_message(cast.room, cast.max), make_message(cast.room, cast.max, deleted_at=NOW)

    assert queries.get_message_for(cast.bo, cast.room, shown.pk, NOW) == shown
    assert queries.get_message_for(cast.max, cast.room, shown.pk, NOW) == shown
    with pytest.raises(queries.NotAllowed):
        queries.get_message_for(cast.vi, cast.room, shown.pk, NOW)
    for gone in (deleted.pk, Message.objects.latest("pk").pk + 1):
        with pytest.raises(queries.MessageNotFound):
            queries.get_message_for(cast.bo, cast.room, gone, NOW)


def test_the_role_of_staff_gives_no_tools_without_a_second_factor(cast: Cast) -> None:
    half = make_member("Lea", password=None, is_staff=True, second_factor=False)

    assert queries.standing_of(cast.room, cast.sam, NOW).has_desk
    assert not queries.standing_of(cast.room, half, NOW).has_desk
