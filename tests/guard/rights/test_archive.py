"""The archive as a stream: it states its own purpose and leaves nothing behind."""

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.guard import purposes
from vasistas.guard.policy import get_policy
from vasistas.guard.reads.models import Entry
from vasistas.guard.rights import archive, held
from vasistas.pages.my_data import in_turns
from vasistas.proof import filled
from vasistas.proof.checks import rights

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi():
    return make_member("Vi", password=None)


def stream(member, done=None):
    return archive.stream(member.subject_id, at=timezone.now(), language="en", done=done)


def test_the_first_bytes_leave_before_the_database_is_asked(vi, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert next(stream(vi)).startswith(b"PK")


@pytest.mark.nothing_stated
def test_between_two_pieces_nothing_of_its_purpose_is_in_force(vi):
    pieces = stream(vi)

    stated = [purposes.current() for _piece in pieces]

    assert set(stated) == {None}


def test_it_is_done_when_it_is_whole_and_not_when_it_broke_off(vi):
    done = []

    broken_off = stream(vi, lambda: done.append("broken off"))
    next(broken_off)
    broken_off.close()
    assert done == []

    b"".join(stream(vi, lambda: done.append("whole")))
    assert done == ["whole"]


def test_a_server_that_asks_asynchronously_gets_the_same(vi):
    async def collected():
        return [piece async for piece in in_turns(iter([b"a", b"b"]))]

    assert async_to_sync(collected)() == [b"a", b"b"]


TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "null": type(None)}


def misfits(row, schema):
    """Names of what a line lacks, has too much, or has of another type than its schema says."""
    wrong = sorted(set(row) ^ set(schema["required"]))
    for name, value in row.items():
        said = schema["properties"].get(name, {}).get("type", list(TYPES))
        kinds = said if isinstance(said, list) else [said]
        wrong += [] if any(isinstance(value, TYPES[kind]) for kind in kinds) else [name]
    return wrong


def test_every_line_fits_its_schema(vi):
    filled.fill(vi, timezone.now())
    files = rights.taken(stream(vi))

    for table in held.tables():
        schema = archive.schema_of(table, get_policy(), "en")
        rows = rights.rows_in(files, table.label)
        assert rows, table.label
        assert [misfits(row, schema) for row in rows] == [[]] * len(rows), table.label


def test_one_of_many_people_finds_only_their_own(vi):
    other = make_member("Max", password=None)
    told = filled.fill(vi, timezone.now())

    files = rights.taken(stream(other))

    texts = [one.value for one in told if isinstance(one.value, str) and one.value.startswith("canary")]
    assert texts
    assert [text for text in texts if any(text.encode() in data for data in files.values())] == []


def test_it_leaves_no_entry_in_the_read_log(vi):
    filled.fill(vi, timezone.now())
    before = Entry.objects.count()

    b"".join(stream(vi))

    assert Entry.objects.count() == before
