"""No query touches personal data without a purpose that allows it, in whichever form it is made."""

import contextvars
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import F, Max
from psycopg import sql

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.guard import gate
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db

JOINED = "accounts.Member.date_joined"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def bare_cursor() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_joined FROM accounts_member WHERE date_joined > %s", [LONG_AGO])
        return list(cursor.fetchall())


def bare_cursor_of_many() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE accounts_member SET date_joined = %s WHERE id = %s", [(LONG_AGO, 0), (LONG_AGO, 0)])


FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(Member.objects.filter(date_joined__gt=LONG_AGO)),
    "values": lambda: list(Member.objects.values("date_joined")),
    "iterator": lambda: list(Member.objects.all().iterator(chunk_size=1)),
    "count": lambda: Member.objects.filter(date_joined__gt=LONG_AGO).count(),
    "exists": lambda: Member.objects.filter(date_joined__gt=LONG_AGO).exists(),
    "update": lambda: Member.objects.filter(pk=0).update(date_joined=F("date_joined")),
    "raw": lambda: list(Member.objects.raw("SELECT id, date_joined FROM accounts_member")),
    "bare cursor": bare_cursor,
    "executemany": bare_cursor_of_many,
    "first": Member.objects.first,
    "aggregate": lambda: Member.objects.aggregate(Max("date_joined")),
    "delete": lambda: Session.objects.filter(session_key="none").delete(),
    "bulk_create": lambda: Session.objects.bulk_create([Session(session_key="x", expire_date=LONG_AGO)]),
    "select for update": lambda: list(Member.objects.select_for_update(of=("self",))),
    "subquery": lambda: list(
        Message.objects.filter(author__in=Member.objects.filter(date_joined__gt=LONG_AGO)).values("pk")
    ),
    "union": lambda: list(Member.objects.values("date_joined").union(Member.objects.values("date_joined"))),
}
form = pytest.mark.parametrize("query", FORMS.values(), ids=FORMS)


@pytest.fixture(autouse=True)
def enforced(settings: Any) -> None:
    settings.GATE_MODE = "enforce"


@pytest.fixture
def vi() -> Member:
    return make_member("Vi", password=None)


@form
@pytest.mark.nothing_stated
def test_nothing_stated_is_refused(query):
    with pytest.raises(gate.PurposeMissing) as refused:
        query()

    said = str(refused.value)
    assert said.startswith("No purpose is stated, and the query touches ")
    assert JOINED in said or "sessions.Session.session_key" in said
    assert "processing(…)" in said
    assert "Purposes that allow it: " in said
    assert "2000" not in said


@form
@pytest.mark.nothing_stated
def test_a_purpose_that_does_not_allow_it_is_refused(query):
    with processing("rooms"), pytest.raises(gate.PurposeRefused) as refused:
        query()

    said = str(refused.value)
    assert said.startswith("The purpose 'rooms' does not allow user.")
    assert JOINED in said or "sessions.Session.session_key" in said
    assert "Purposes that allow it: " in said
    assert "2000" not in said


@form
@pytest.mark.nothing_stated
def test_the_right_purpose_is_let_through(query):
    with processing("rights"):
        query()


def test_a_refused_statement_was_not_run(vi):
    with processing("rooms"), pytest.raises(gate.PurposeRefused), transaction.atomic():
        Member.objects.filter(pk=vi.pk).update(date_joined=LONG_AGO)

    vi.refresh_from_db()
    assert vi.date_joined > LONG_AGO


def test_what_names_no_personal_column_needs_a_purpose_but_no_category(vi):
    with processing("audit"):
        assert Member.objects.filter(pk=vi.pk).count() == 1
        assert Member.objects.filter(pk=vi.pk).exists()
        assert Member.objects.filter(pk=vi.pk).values_list("pk", "is_active").get() == (vi.pk, True)


def test_columns_of_a_join_count(vi):
    make_message(make_room(), vi)

    with processing("chat"):
        assert Message.objects.values_list("author__display_name").get() == ("Vi",)
        with pytest.raises(gate.PurposeRefused):
            Message.objects.values_list("author__date_joined").get()
        with pytest.raises(gate.PurposeRefused):
            Message.objects.select_related("author").get()
        assert Message.objects.select_related("author").only("author__display_name").get().author == vi


def test_a_deferred_field_is_refused_when_it_is_asked_for(vi):
    with processing("chat"):
        member = Member.objects.only("display_name").get()
        assert member.display_name == "Vi"
        with pytest.raises(gate.PurposeRefused, match=r"accounts\.Member\.date_joined"):
            _ = member.date_joined


@pytest.mark.nothing_stated
def test_tables_about_nobody_need_no_purpose():
    assert ContentType.objects.count() > 0
    assert "accounts_member" in connection.introspection.table_names()


def test_what_starts_in_a_context_of_its_own_states_its_own(vi):
    """As threads do: nothing stated here reaches them."""
    with processing("rights"), pytest.raises(gate.PurposeMissing):
        contextvars.Context().run(list, Member.objects.all())


def test_the_gate_stays_when_a_connection_was_opened_inside_of_another_wrapper():
    fresh = connection.copy()

    with fresh.execute_wrapper(lambda execute, *call: execute(*call)):
        gate.install(fresh)
        gate.install(fresh)

    assert fresh.execute_wrappers == [gate.check]


def test_statements_composed_by_the_driver_are_read(vi):
    if connection.vendor != "postgresql":
        pytest.skip("psycopg alone composes statements")
    statement = sql.SQL("SELECT {} FROM {}").format(sql.Identifier("date_joined"), sql.Identifier("accounts_member"))
    with processing("rooms"), connection.cursor() as cursor, pytest.raises(gate.PurposeRefused):
        cursor.execute(statement)
    with processing("staff"), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.fetchall() == [(vi.date_joined,)]


def test_observing_counts_and_lets_through(vi, settings, caplog):
    settings.GATE_MODE = "observe"
    before = gate.observed().get(("rooms", JOINED), 0)

    with processing("rooms"):
        assert Member.objects.filter(date_joined__gt=LONG_AGO).count() == 1

    assert gate.observed()[("rooms", JOINED)] == before + 1
    assert "2000" not in caplog.text


def test_a_text_is_scanned_once(vi):
    gate.forget_cached()

    for _ in range(3):
        Member.objects.filter(date_joined__gt=LONG_AGO).exists()

    assert gate._touched_by.cache_info().misses == 1


def test_bulk_inserts_do_not_fill_the_cache(vi):
    gate.forget_cached()

    assert gate.touched_by("SELECT date_joined FROM accounts_member WHERE id IN (" + "%s, " * 10_000 + "%s)").tables
    assert gate._touched_by.cache_info().currsize == 0


@pytest.mark.nothing_stated
@pytest.mark.parametrize("asked", [{"email": "vi@example.org"}, {"name_key": "vi"}])
def test_what_is_derived_is_asked_for_like_its_source(asked: dict[str, str]) -> None:
    """Who may ask the blind index for any address knows whose it is, though no address is ever shown."""
    with processing("host"), pytest.raises(gate.PurposeRefused, match=r"accounts\.Member\.email"):
        Member.objects.filter(email="vi@example.org").exists()
    with processing("session"), pytest.raises(gate.PurposeRefused):
        Member.objects.filter(**asked).exists()
    with processing("account"):
        assert not Member.objects.filter(**asked).exists()
