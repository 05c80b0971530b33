"""The fence around a person, and the way from a row to them."""

from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.guard.letters import make_subject
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy.models import Subject
from vasistas.guard import keyring, subjects
from vasistas.guard.keyring.models import DataKey
from vasistas.guard.purposes import GuardError, processing
from vasistas.guard.subjects import NotFenced, SubjectGone

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", [Subject.State.ACTIVE, Subject.State.RESTRICTED])
def test_holding_the_fence_gives_the_handle_of_the_keys(state: str) -> None:
    subject = make_subject()
    Subject.objects.update(state=state)
    held = subjects.hold(subject.pk)
    assert (type(held), held) == (UUID, subject.key_handle)


@pytest.mark.parametrize("state", [Subject.State.ERASING, Subject.State.ERASED])
def test_nobody_holds_the_fence_of_someone_who_goes(state: str) -> None:
    subject = make_subject()
    Subject.objects.update(state=state)
    with pytest.raises(SubjectGone):
        subjects.hold(subject.pk)
    with pytest.raises(SubjectGone):
        subjects.hold(subject.pk + 1)


@pytest.mark.django_db(transaction=True)
def test_the_fence_needs_a_transaction() -> None:
    subject = make_subject()
    with pytest.raises(NotFenced, match="atomic"):
        subjects.hold(subject.pk)
    with transaction.atomic():
        assert subjects.hold(subject.pk) == subject.key_handle


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_writers_share_the_fence_and_the_eraser_waits() -> None:
    subject = make_subject()
    other = connection.copy()
    try:
        with transaction.atomic():
            subjects.hold(subject.pk)
            with other.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("SELECT 1 FROM privacy_subject WHERE id = %s FOR KEY SHARE NOWAIT", [subject.pk])
                assert cursor.fetchone() == (1,)
                cursor.execute("SELECT 1 FROM privacy_subject WHERE id = %s FOR UPDATE SKIP LOCKED", [subject.pk])
                assert cursor.fetchone() is None
                cursor.execute("ROLLBACK")
    finally:
        other.close()


def test_the_way_to_the_subject_is_the_declared_one(django_assert_num_queries) -> None:
    vi = make_member("Vi")
    line = Message(author=vi)
    with django_assert_num_queries(0):
        assert subjects.subject_id_of(line) == vi.subject_id  # loaded already
        assert subjects.subject_id_of(vi) == vi.subject_id
        assert subjects.subject_id_of(vi.subject) == vi.subject_id
    with django_assert_num_queries(1):
        assert subjects.subject_id_of(Message(author_id=vi.pk)) == vi.subject_id
    author = Member.objects.only("display_name").get(pk=vi.pk)
    with django_assert_num_queries(1):
        assert subjects.subject_id_of(Message(author=author)) == vi.subject_id


def test_a_way_that_ends_early_leads_to_nobody() -> None:
    with pytest.raises(SubjectGone):
        subjects.subject_id_of(Message(author_id=0))
    with pytest.raises(SubjectGone):
        subjects.subject_id_of(Message())
    with pytest.raises(GuardError, match=r"keyring\.DataKey declares no path"):
        subjects.subject_id_of(DataKey())


@pytest.mark.parametrize("count", [1, 3])
def test_audit_numbers_come_many_at_once_and_without_the_erased(count: int, django_assert_num_queries) -> None:
    people = [make_subject() for _ in range(count)]
    gone = make_subject()
    numbers = {subject.pk: subject.audit_id for subject in people}
    keyring.destroy(gone.key_handle)

    with django_assert_num_queries(1), processing("rooms"):  # states its own purpose
        found = subjects.audit_ids_of([*numbers, gone.pk, 10**9])

    assert found == numbers
    assert len({UUID(number) for number in numbers.values()}) == count


def test_everyone_has_a_number_and_a_handle_of_their_own() -> None:
    one, other = make_subject(), make_subject()
    assert one.audit_id != other.audit_id
    assert one.key_handle != other.key_handle
    assert one.row_key != other.row_key
    assert one.created_at <= timezone.now()
