"""What was said rests sealed with its author's key; what is shown, looked for and pushed stays the same."""

import pytest
from django.db import connections, transaction

from tests.factories.accounts import make_member
from tests.factories.chat import NOW, Cast, after, make_message
from tests.factories.dumps import everything_stored
from vasistas.apps.chat import operations, queries
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms import queries as rooms
from vasistas.guard import keyring, purposes
from vasistas.guard.gate import PurposeRefused
from vasistas.guard.sealed import SealedBroken, SealedGone, SealMisused
from vasistas.guard.subjects import SubjectGone
from vasistas.lib import events

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

PLANTED = "a kingfisher over the weir"


@pytest.fixture(autouse=True)
def enforced(settings) -> None:
    settings.GATE_MODE = "enforce"


def test_words_are_stored_in_clear_in_neither_database(cast: Cast) -> None:
    operations.say(room=cast.room, author=cast.vi, text=PLANTED, at=NOW)

    for alias in ("default", "keys"):
        assert b"kingfisher" not in everything_stored(alias)
    assert [line.text for line in queries.recent(cast.room)] == [PLANTED]


def test_the_same_words_twice_look_different(cast: Cast) -> None:
    make_message(cast.room, cast.vi, PLANTED)
    make_message(cast.room, cast.vi, PLANTED)

    stored = [bytes(value) for value in Message.objects.values_list("text", flat=True)]
    assert len({value[29:] for value in stored}) == 2


def test_words_reach_the_room_as_they_were_said(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    published = []
    monkeypatch.setattr(events, "publish", published.append)

    operations.say(room=cast.room, author=cast.vi, text=PLANTED, at=NOW)

    assert [event.text for event in published] == [PLANTED]


def test_opening_needs_a_purpose_that_names_chat(cast: Cast) -> None:
    make_message(cast.room, cast.vi, PLANTED)
    line = Message.objects.for_lines().get()

    with purposes.processing("rooms"), pytest.raises(PurposeRefused):
        _ = line.text
    with purposes.processing("chat"):
        assert line.text == PLANTED


def test_a_line_moved_to_another_author_does_not_open(cast: Cast) -> None:
    message = make_message(cast.room, cast.vi, PLANTED)

    Message.objects.filter(pk=message.pk).update(author=cast.max)

    with pytest.raises(SealedBroken):
        _ = Message.objects.get(pk=message.pk).text


def test_words_cannot_be_searched(cast: Cast) -> None:
    for look_up in ("text", "text__contains", "text__icontains"):
        with pytest.raises(SealMisused, match="sealed and cannot be searched"):
            Message.objects.filter(**{look_up: "kingfisher"})


def test_reasons_rest_sealed_and_are_shown_to_the_desk(cast: Cast) -> None:
    lines = [make_message(cast.room, cast.max, PLANTED) for _ in range(3)]

    operations.delete(message=lines[0], by=cast.bo, at=NOW, reason="heron one")
    operations.clear_author(room=cast.room, author=cast.max, by=cast.bo, at=NOW, reason="heron two")
    operations.mute(room=cast.room, member=cast.vi, by=cast.bo, at=NOW, minutes=5, reason="heron three")
    operations.ban(room=cast.room, member=cast.max, by=cast.bo, at=NOW, reason="heron four")

    assert [line.deleted_reason for line in Message.objects.order_by("pk")] == ["heron one", "heron two", "heron two"]
    panel = queries.panel_for(cast.room, cast.bo, NOW)
    assert [one.reason for one in (*panel.muted, *panel.banned)] == ["heron three", "heron four"]
    assert b"heron" not in everything_stored()


def test_a_reason_moved_to_another_member_does_not_open(cast: Cast) -> None:
    muted = operations.mute(room=cast.room, member=cast.vi, by=cast.bo, at=NOW, minutes=5, reason="heron")

    type(muted).objects.filter(pk=muted.pk).update(member=cast.max)

    with pytest.raises(SealedBroken):
        queries.muted_in(cast.room, NOW)


def test_nobody_speaks_who_is_being_erased(cast: Cast) -> None:
    subject = cast.vi.subject
    subject.state = subject.State.ERASING
    subject.save()

    with pytest.raises(SubjectGone), transaction.atomic():
        operations.say(room=cast.room, author=cast.vi, text=PLANTED, at=NOW)

    assert not Message.objects.exists()


def test_the_lines_of_the_erased_leave_the_others_readable(cast: Cast) -> None:
    make_message(cast.room, cast.vi, PLANTED)
    make_message(cast.room, cast.max, "hello")

    keyring.destroy(cast.vi.subject.key_handle)

    with pytest.raises(SealedGone):
        _ = Message.objects.get(author=cast.vi).text
    assert [line.text for line in queries.recent(cast.room)] == ["hello"]


def test_saying_the_same_again_is_told_from_sealed_lines(cast: Cast) -> None:
    operations.say(room=cast.room, author=cast.vi, text=PLANTED, at=NOW)

    with pytest.raises(operations.MessageRefused) as refused:
        operations.say(room=cast.room, author=cast.vi, text=f" {PLANTED} ", at=after(5))

    assert refused.value.code == "chat.duplicate"


def test_fifty_lines_of_twenty_authors_take_one_query_and_one_for_keys(cast: Cast, django_assert_num_queries) -> None:
    authors = [make_member(f"Guest {number}", password=None) for number in range(20)]
    for number in range(50):
        make_message(cast.room, authors[number % 20], f"line {number}")
    keyring.forget_cached()
    keyring.open_store()

    with django_assert_num_queries(1), django_assert_num_queries(1, connection=connections["keys"]):
        assert len(queries.recent(cast.room)) == 50
    assert rooms.ref_for(authors[0], cast.room) in {line.author_ref for line in queries.recent(cast.room)}
