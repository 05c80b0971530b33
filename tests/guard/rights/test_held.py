"""What is held about one person, read off the declarations."""

from datetime import UTC, datetime

import pytest

from tests.factories.accounts import make_member
from tests.factories.chat import make_message, make_mute
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.chat.models import Message
from vasistas.guard import declarations, keyring
from vasistas.guard.declarations import Declaration, found_by, personal
from vasistas.guard.policy import get_policy
from vasistas.guard.rights import held

pytestmark = pytest.mark.django_db
SAID_AT = datetime(2026, 3, 1, 20, tzinfo=UTC)


def table(label):
    return next(one for one in held.tables() if one.label == label)


@pytest.fixture
def vi():
    return make_member("Vi", password=None)


@pytest.fixture
def room():
    return make_room(make_host(make_member("Ada", password=None)), slug="reef")


def test_every_declared_personal_model_is_a_table_but_the_read_log():
    declared = {label for label, one in declarations.declarations().items() if one.personal}

    assert {one.label for one in held.tables()} == declared - {"reads.Entry", *held.NOBODYS}


def test_every_table_knows_the_way_to_its_rows(vi):
    assert [one.label for one in held.tables() if one.rows(vi.subject_id).count() is None] == []


def test_a_model_found_by_words_alone_is_refused_until_its_way_is_written(vi):
    unknown = held.Table(Message, Declaration({"text": personal("a", keep="b")}, found_by("asking around")))

    with pytest.raises(held.NoWayToRows, match=r"chat\.Message"):
        unknown.rows(vi.subject_id)


def test_rows_come_opened_and_name_the_room_and_not_whoever_deleted_them(vi, room):
    line = make_message(room, vi, "mine", said_at=SAID_AT, deleted_by=room.host.member, deleted_reason="Too loud.")
    make_message(room, room.host.member, "hers")

    (found,) = [row for rows in table("chat.Message").batches(vi.subject_id) for row in rows]

    assert found == {
        "id": line.pk,
        "room": "reef",
        "role": "member",
        "text": "mine",
        "said_at": SAID_AT,
        "deleted_at": None,
        "deleted_reason": "Too loud.",
    }


def test_batches_are_bounded_and_lose_nothing(vi, room, monkeypatch):
    monkeypatch.setattr(held, "ROWS_AT_ONCE", 2)
    for number in range(5):
        make_message(room, vi, f"line {number}")

    sizes = [[row["text"] for row in rows] for rows in table("chat.Message").batches(vi.subject_id)]

    assert sizes == [["line 0", "line 1"], ["line 2", "line 3"], ["line 4"]]


def test_a_seal_that_does_not_open_is_null_and_ends_nothing(vi, room):
    make_message(room, vi, "gone")
    keyring.destroy(vi.subject.key_handle)

    (found,) = [row for rows in table("chat.Message").batches(vi.subject_id) for row in rows]

    assert found["text"] is None


def test_the_day_a_row_is_gone_is_told_where_a_column_says_it(vi, room):
    rules = get_policy().retention
    line, mute = make_message(room, vi, said_at=SAID_AT), make_mute(room, vi)

    assert held.gone_on(rules["room_chat"], line) == datetime(2026, 3, 31, tzinfo=UTC).date()
    assert held.gone_on(rules["restriction"], mute) is not None
    assert held.gone_on(rules["account_life"], line) is None
    assert held.gone_on(rules["room_chat"], mute) is None
