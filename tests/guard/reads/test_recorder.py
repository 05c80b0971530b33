"""What is read is written down: for whom, of whom, which fields; and what needs no entry gets none."""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.guard.reads.log import audit_id, entries_now, reading
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy.models import Subject
from vasistas.guard import declarations, purposes
from vasistas.guard.purposes import Actor, processing, scope
from vasistas.guard.reads import gathered, queries, recorder, rows
from vasistas.guard.reads.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.nothing_stated]

NAME = ("display_name",)
READ = "accounts.Member.display_name"


def look(purpose: str = "test") -> Any:
    return processing(purpose)


def seen() -> list[tuple[str, str, str, str, int]]:
    """(purpose, reason, subject, mask, rows) of all entries."""
    with look():
        return [(one.purpose, one.reason, one.subject, one.mask, one.count) for one in entries_now()]


def names(*members: Member) -> Any:
    return Member.objects.filter(pk__in=[member.pk for member in members]).only(*NAME)


# -- Who and whose ----------------------------------------------------------------------------------------------------


def test_staff_read_makes_one_entry_for_each_purpose_and_subject_with_the_fields_read(vi, max_, sam):
    with scope(lambda: Actor("staff", sam.subject_id)):
        with processing("staff", "ticket 7"):
            list(names(vi, max_))
            list(Member.objects.filter(pk=vi.pk).only("display_name", "date_joined"))
        with processing("moderate"):
            list(names(vi))

    both = "accounts.Member.date_joined accounts.Member.display_name"
    with look():
        his, hers = audit_id(max_), audit_id(vi)
    assert sorted(seen()) == sorted(
        [("staff", "ticket 7", hers, both, 2), ("staff", "ticket 7", his, READ, 1), ("moderate", "", hers, READ, 1)]
    )
    with look():
        assert {(one.actor_kind, one.actor) for one in entries_now()} == {("staff", audit_id(sam))}


@pytest.mark.parametrize("purpose", ["account", "staff"])
def test_own_data_makes_no_entry(purpose, sam):
    with reading(purpose, by=sam):
        list(names(sam))

    assert seen() == []


def test_data_of_others_under_a_purpose_for_own_data_makes_one(vi, max_):
    with reading("account", by=vi, kind="member"):
        list(names(vi, max_))

    with look():
        his = audit_id(max_)
    assert seen() == [("account", "", his, READ, 1)]


@pytest.mark.parametrize("purpose", ["rooms", "audit", "test"])
def test_what_is_published_and_what_the_guard_does_itself_make_none(purpose, vi):
    with reading(purpose):
        Member.objects.only("pk").get(pk=vi.pk)
        if purpose != "audit":
            list(names(vi))
            names(vi).filter(display_name="Vi").count()

    assert seen() == []


def test_who_reads_is_asked_at_the_end(vi):
    actor = [Actor("visitor")]
    with scope(lambda: actor[0]), processing("account"):
        list(names(vi))
        actor[0] = Actor("member", vi.subject_id)  # signed in meanwhile

    assert seen() == []


def test_block_outside_of_a_request_is_a_scope_of_its_own(vi, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(purposes, "_scope", ContextVar("none", default=None))
        with processing("staff", "by hand"):
            list(names(vi))

    with look():
        assert [(one.actor_kind, one.actor, one.reason) for one in entries_now()] == [("worker", "", "by hand")]


def test_rows_are_followed_to_their_subject_by_the_declared_path(vi, sam):
    from django.contrib.admin.models import CHANGE, LogEntry  # noqa: PLC0415 — a library's model with a longer path

    with look():
        LogEntry.objects.create(user=vi, object_repr="member 1", action_flag=CHANGE, change_message="")
    with reading("staff", by=sam):
        list(LogEntry.objects.only("user_id", "object_repr"))
        list(LogEntry.objects.only("object_repr"))

    with look():
        hers = audit_id(vi)
    assert seen() == [("staff", "", hers, "admin.LogEntry.object_repr", 2)]


# -- All the ways to read ---------------------------------------------------------------------------------------------


def raw(vi: Member) -> None:
    list(Member.objects.raw("SELECT id, subject_id, display_name FROM accounts_member WHERE id = %s", [vi.pk]))


def cursor(vi: Member) -> None:
    with connection.cursor() as bare:
        bare.execute("SELECT display_name FROM accounts_member WHERE id = %s", [vi.pk])
        bare.fetchall()


def refresh(vi: Member) -> None:
    Member(pk=vi.pk).refresh_from_db(fields=["display_name"])


class Proxy(Member):
    class Meta:
        proxy = True
        app_label = "accounts"


WITH_ROWS: dict[str, Callable[[Member], Any]] = {
    "list": lambda vi: list(names(vi)),
    "get": lambda vi: Member.objects.only("display_name").get(pk=vi.pk),
    "iterator": lambda vi: list(names(vi).iterator(chunk_size=1)),
    "raw": raw,
    "refresh": refresh,
    "deferred": lambda vi: Member.objects.only("pk").get(pk=vi.pk).display_name,
    "proxy": lambda vi: list(Proxy.objects.filter(pk=vi.pk).only(*NAME)),
    "related": lambda vi: list(
        Subject.objects.filter(pk=vi.subject_id).only("pk", "member__display_name").select_related("member")
    ),
}
WITHOUT_ROWS: dict[str, Callable[[Member], Any]] = {
    "values": lambda vi: list(names(vi).values("display_name")),
    "values_list": lambda vi: list(names(vi).values_list("display_name", flat=True)),
    "count": lambda vi: Member.objects.filter(display_name="Vi").count(),
    "exists": lambda vi: Member.objects.filter(display_name="Vi").exists(),
    "no_hits": lambda vi: list(names(vi).filter(display_name="Nobody")),
    "cursor": cursor,
}


@pytest.mark.parametrize("way", WITH_ROWS)
def test_every_way_to_load_a_row_is_told_by_its_subject(way, vi, sam):
    with reading("staff", by=sam):
        WITH_ROWS[way](vi)

    with look():
        hers = audit_id(vi)
    assert seen() == [("staff", "", hers, READ, 1)]


@pytest.mark.parametrize("way", WITHOUT_ROWS)
def test_every_way_to_read_without_rows_is_told_by_its_query(way, vi, sam):
    with reading("staff", by=sam):
        WITHOUT_ROWS[way](vi)

    assert seen() == [("staff", "", "", READ, 1)]
    with look():
        assert len(entries_now()[0].fingerprint) == 64


def test_fingerprint_is_that_of_the_text_and_not_of_its_values(vi, max_, sam):
    for name in ("Vi", "Max"):
        with reading("staff", by=sam), connection.cursor() as bare:
            bare.execute("SELECT display_name FROM accounts_member WHERE display_name = %s", [name])

    with look():
        fingerprints = [one.fingerprint for one in entries_now()]
    text = "SELECT display_name FROM accounts_member WHERE display_name = %s"
    assert fingerprints == [hashlib.sha256(text.encode()).hexdigest()] * 2


def test_rows_of_ones_own_hide_no_query_for_others(vi, sam):
    with reading("staff", by=sam):
        list(names(sam))
        list(Member.objects.values_list("display_name"))

    assert seen() == [("staff", "", "", READ, 1)]


def test_what_rows_show_of_others_beside_their_own_is_told_by_the_query(vi, sam):
    with look():
        ada = make_member("Ada")
        make_message(make_room(make_host(ada)), author=vi)
    shown = Message.objects.only("said_at", "author").annotate(host=F("room__host__member__display_name"))

    with reading("moderate", by=sam):
        assert [row.host for row in shown] == ["Ada"]

    with look():
        hers = audit_id(vi)
    assert [(subject, mask) for _purpose, _reason, subject, mask, _rows in seen()] == [
        (hers, "chat.Message.said_at"),
        ("", f"{READ} chat.Message.room chat.Message.said_at"),
    ]


def test_address_that_is_looked_for_and_not_found_is_told(sam):
    with reading("staff", by=sam):
        assert not Member.objects.filter(email="nobody@example.org").exists()

    assert [mask for _purpose, _reason, _subject, mask, _rows in seen()] == ["accounts.Member.email"]


def test_writing_is_no_read(vi, sam):
    with reading("staff", by=sam):
        Member.objects.filter(display_name="Vi").update(display_name="Vivi")

    assert seen() == []


def test_sealed_field_is_read_when_it_is_opened(vi, sam):
    with reading("staff", by=sam):
        one = Subject.objects.only("pk", "key_handle", "row_key", "audit_id").get(pk=vi.subject_id)
    assert [mask for *_rest, mask, _count in seen()] == []

    with reading("staff", by=sam):
        assert one.audit_id
    with look():
        hers = audit_id(vi)
    assert seen() == [("staff", "", hers, "privacy.Subject.audit_id", 1)]


# -- Runs -------------------------------------------------------------------------------------------------------------


def test_run_makes_one_entry_that_knows_who_was_in_it(vi, max_, sam):
    with reading("retention", kind="worker"):
        list(names(vi, sam))

    with look():
        (entry,) = entries_now()
    assert (entry.subject, entry.mask, entry.count, len(entry.fingerprint)) == ("", READ, 2, 64)
    assert [queries.was_in_run(entry.pk, member.subject_id) for member in (vi, sam, max_)] == [True, True, False]
    assert [len(queries.reads_of(member.subject_id)) for member in (vi, max_)] == [1, 0]
    assert queries.reads_of(vi.subject_id)[0].is_run


def test_many_subjects_make_a_run(vi, max_, sam, monkeypatch):
    monkeypatch.setattr(gathered, "READ_SUBJECTS_MAX", 1)
    with reading("staff", by=sam):
        list(names(vi, max_, sam))

    with look():
        (entry,) = entries_now()
    assert [queries.was_in_run(entry.pk, member.subject_id) for member in (vi, max_, sam)] == [True, True, False]
    assert entry.count == 2


def test_many_rows_are_written_down_on_the_way(vi, max_, sam, monkeypatch):
    monkeypatch.setattr(rows, "READ_ROWS_MAX", 3)
    with reading("staff", by=sam):
        for _time in range(4):
            list(names(vi, max_))

    with look():
        found = entries_now()
    assert sum(one.count for one in found) == 8
    assert [one.subjects is None for one in found] == [False, False, True, True]


def test_many_queries_are_written_down_on_the_way(sam, monkeypatch):
    monkeypatch.setattr(recorder, "READ_QUERIES_MAX", 2)
    with reading("staff", by=sam):
        for number in range(5):
            Member.objects.filter(display_name__in=["Nobody"] * (number + 1)).count()

    assert [count for *_rest, count in seen()] in ([2, 2, 1], [5])  # one text for all where the engine takes an array


# -- What the person sees ---------------------------------------------------------------------------------------------


def test_person_sees_who_read_what_and_why(vi, max_, sam):
    with reading("staff", "ticket 7", by=sam):
        list(names(vi, max_))

    (read,) = queries.reads_of(vi.subject_id)
    assert (read.purpose, read.reason, read.actor_kind, read.fields, read.rows, read.is_run) == (
        *("staff", "ticket 7", "staff", (READ,), 1, False),
    )


def test_entries_name_nobody(vi, sam):
    with reading("staff", by=sam):
        list(Member.objects.filter(pk=vi.pk).defer("password"))

    with look():
        stored = repr(list(Entry.objects.values_list()))
    assert not any(str(word) in stored for word in ("Vi", "vi@example.org", vi.date_joined.isoformat()))


# -- No log, no data --------------------------------------------------------------------------------------------------


def test_what_cannot_be_written_down_does_not_leave(vi, sam, monkeypatch):
    def full(*_arguments: Any, **_named: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(recorder.entries, "write", full)
    with pytest.raises(recorder.ReadLogUnavailable) as refused, reading("staff", by=sam):
        list(names(vi))

    assert (refused.value.status, refused.value.code) == (503, "reads.unavailable")
    assert "Vi" not in refused.value.message


def test_nothing_is_asked_where_nothing_is_to_be_written(vi, django_assert_num_queries):
    with django_assert_num_queries(1), reading("rooms"):
        list(names(vi))


def test_recording_costs_an_own_page_no_query(vi, django_assert_num_queries):
    with django_assert_num_queries(1), reading("account", by=vi, kind="member"):
        list(names(vi).only("subject_id", *NAME))


def test_statement_without_a_recorder_records_nothing(vi, monkeypatch):
    monkeypatch.setattr(purposes, "_make_recorder", None)
    with reading("staff"):
        list(names(vi))

    assert seen() == []


# -- Completeness -----------------------------------------------------------------------------------------------------


def test_rows_of_every_declared_personal_model_note_themselves():
    personal = [
        model
        for model in apps.get_models(include_auto_created=True)
        if (declaration := declarations.of(model)) is not None and declaration.personal
    ]

    assert len(personal) > 10
    assert [model._meta.label for model in personal if not hasattr(model.from_db.__func__, rows._WRAPPED)] == []


def test_wrapping_twice_notes_once(vi, sam):
    rows.install()
    with reading("staff", by=sam):
        list(names(vi))

    assert [count for *_rest, count in seen()] == [1]
