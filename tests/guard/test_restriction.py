"""Kept, not used: what a restricted person's rows look like to others, to staff, to jobs, and to themselves."""

import uuid

import pytest
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Subject
from vasistas.apps.privacy.operations import Asked
from vasistas.apps.rooms.models import Room
from vasistas.guard import purposes, restriction
from vasistas.guard.purposes import Actor, processing

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi():
    return make_member("Vi", password=None)


@pytest.fixture
def room(vi):
    room = make_room()
    make_message(room=room, author=vi)
    make_message(room=room, author=make_member("Max", password=None))
    return room


def restrict(member):
    operations.restrict(subject_id=member.subject_id, at=timezone.now(), key=uuid.uuid4())


def lines():
    return Message.objects.order_by("pk")


FORMS = {
    "list": lambda: len(list(lines())),
    "values": lambda: len(list(lines().values("pk", "author_id"))),
    "values_list": lambda: len(list(lines().values_list("author__display_name", flat=True))),
    "count": lambda: lines().exclude(role="host").count(),
    "count of some": lambda: lines().filter(deleted_at=None)[:10].count(),  # noqa: PLW0108 — built anew each time
    "distinct count": lambda: lines().values("author").distinct().count(),
    "aggregate": lambda: lines().aggregate(n=Count("pk"))["n"],
    "iterator": lambda: len(list(lines().iterator())),
    "in_bulk": lambda: len(lines().in_bulk()),
    "slice": lambda: len(lines()[:10]),
    "or": lambda: lines().filter(Q(pk__gt=0) | Q(role="host")).count(),
    "union": lambda: len(lines().order_by().union(lines().order_by())),
    "group": lambda: sum(one["n"] for one in lines().order_by().values("room").annotate(n=Count("pk"))),
    "having": lambda: sum(
        one["n"] for one in lines().order_by().values("room").annotate(n=Count("pk")).filter(n__gt=0)
    ),
    "only": lambda: len(list(lines().only("pk"))),
    "select_related": lambda: len(list(lines().select_related("author").only("author__display_name", "room"))),
    "base manager": lambda: len(Message._base_manager.only("pk")),
    "related": lambda: len(Room.objects.only("pk").get().messages.only("pk")),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_left_out_of_every_form_of_query(vi, room, form):
    with processing("chat"):
        before = FORMS[form]()
    restrict(vi)

    with processing("chat"):
        assert (before, FORMS[form]()) == (2, 1)


def test_one_row_is_not_there(vi, room):
    restrict(vi)
    line = Message.objects.get(author=vi)

    with processing("chat"):
        assert not Message.objects.filter(pk=line.pk).exists()
        assert Message.objects.filter(pk=line.pk).first() is None
        with pytest.raises(Message.DoesNotExist):
            Message.objects.get(pk=line.pk)


def test_rows_are_left_out_of_subqueries(vi, room):
    restrict(vi)
    spoken = Message.objects.filter(room=OuterRef("pk"), author=vi.pk)

    with processing("chat"):
        assert list(Room.objects.filter(Exists(spoken)).values_list("pk", flat=True)) == []
        assert list(Room.objects.filter(pk__in=Message.objects.filter(author=vi.pk).values("room")).values("pk")) == []


def test_rows_are_neither_changed_nor_deleted(vi, room):
    restrict(vi)

    with processing("chat"):
        assert Message.objects.filter(author=vi.pk).update(role="host") == 0
        assert Message.objects.filter(author=vi.pk).delete()[0] == 0

    assert Message.objects.get(author=vi).role == "member"


def test_rows_can_be_locked(vi, room):
    restrict(vi)

    with processing("chat"), transaction.atomic():
        assert len(Message.objects.select_for_update().order_by("pk")) == 1


@pytest.mark.parametrize("purpose", ["rooms", "host", "moderate", "staff"])
def test_person_is_not_there_for_others(vi, purpose):
    restrict(vi)

    with processing(purpose):
        assert not Member.objects.only("display_name").filter(pk=vi.pk).exists()
        assert not Subject.objects.only("pk").filter(pk=vi.subject_id).exists()


@pytest.mark.parametrize("purpose", sorted(restriction.STILL_USED))
def test_rights_the_law_and_storage_go_on(vi, purpose):
    restrict(vi)

    with processing(purpose, reason="a test of restrictions"):
        assert Subject.objects.only("pk").filter(pk=vi.subject_id).exists()


def test_person_sees_themselves(vi, room):
    restrict(vi)

    with purposes.scope(lambda: Actor("member", vi.subject_id)), processing("chat"):
        assert lines().count() == 2


def test_lifting_brings_all_of_it_back(vi, room):
    restrict(vi)
    operations.lift_restriction(subject_id=vi.subject_id, at=timezone.now(), key=uuid.uuid4())

    with processing("chat"):
        assert lines().count() == 2


def test_objection_stops_its_purpose_alone(vi):
    operations.object_to(
        subject_id=vi.subject_id, asked=Asked("objection", "account", purpose="staff"), at=timezone.now()
    )

    with processing("staff"):
        assert not Member.objects.filter(pk=vi.pk).values("pk").exists()
    with processing("rooms"):
        assert Member.objects.filter(pk=vi.pk).values("pk").exists()


def test_rows_that_belong_to_nobody_stay(room, vi):
    """A path that may be empty: the condition is not lost in NULL."""
    from vasistas.apps.rooms.models import WatchSession  # noqa: PLC0415 — of this test alone

    WatchSession.objects.create(room=room, session="nobody", subject=None, started_at=timezone.now())
    WatchSession.objects.create(room=room, session="vi", subject=vi.subject, started_at=timezone.now())
    restrict(vi)

    with processing("rooms"):
        assert list(WatchSession.objects.values_list("session", flat=True)) == ["nobody"]


def test_guard_asks_no_query_more(vi, room):
    with CaptureQueriesContext(connection) as asked, processing("chat"):
        list(lines())

    assert len(asked) == 1


def test_query_set_kept_from_one_purpose_is_guarded_by_the_next(vi, room):
    restrict(vi)
    kept = lines()
    with processing("rights"):
        assert kept.count() == 2
    with processing("chat"):
        assert kept.all().count() == 1
    with processing("rights"):
        assert kept.all().count() == 2
