"""Requests under people's rights: their clock, their steps, who may do what, and what the operator hears."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db import connections

from tests.factories.accounts import make_member
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import (
    OPEN_REQUESTS_MAX,
    RequestStep,
    RightsRequest,
    Subject,
    UseObjection,
)
from vasistas.apps.privacy.operations import Asked, ExtensionRefused, RequestClosed
from vasistas.guard import retention
from vasistas.guard.purposes import processing
from vasistas.guard.reads.models import Entry
from vasistas.guard.subjects import SubjectGone
from vasistas.lib.errors import LimitReached, NotFound

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # due on Wednesday, 23 December


@pytest.fixture
def vi():
    return make_member("Vi", password=None)


@pytest.fixture
def sam():
    return make_member("Sam", password=None, is_staff=True)


def ask(member, **over):
    asked = Asked(**{"kind": "other", "via": "account", "text": "Why was I banned?", **over})
    return operations.open_request(subject_id=member.subject_id, asked=asked, at=NOW)


def steps(made):
    return [step.kind for step in RequestStep.objects.filter(request=made).order_by("pk")]


def test_request_runs_a_month_from_its_receipt(vi):
    made = ask(vi)

    assert (made.state, made.due_date) == ("received", date(2026, 12, 23))
    assert steps(made) == ["received"]
    assert RightsRequest.objects.get(pk=made.pk).text == "Why was I banned?"


def test_request_that_came_by_post_runs_from_the_day_it_came(vi):
    made = ask(vi, via="post", received_at=NOW - timedelta(days=13), is_verified=False)

    assert (made.state, made.due_date) == ("verifying", date(2026, 12, 10))
    assert steps(made) == ["received", "verifying"]


def test_person_nobody_knows_becomes_a_correspondent():
    asked = Asked("access", "mail_link", text="What do you have of me?", address="max@example.org")

    made = operations.open_request(subject_id=None, asked=asked, at=NOW)

    assert made.subject.kind == Subject.Kind.CORRESPONDENT
    assert queries.get_request_for(subject_id=made.subject_id, request_id=made.pk).address == "max@example.org"


def test_form_sent_twice_is_one_request(vi):
    key = uuid.uuid4()

    assert ask(vi, submit_key=key).pk == ask(vi, submit_key=key).pk
    assert RightsRequest.objects.count() == 1


def test_open_requests_of_one_person_are_limited_and_a_closed_one_makes_room(vi):
    made = [ask(vi) for _ in range(OPEN_REQUESTS_MAX)]

    with pytest.raises(LimitReached):
        ask(vi)
    operations.withdraw(subject_id=vi.subject_id, request_id=made[0].pk, at=NOW)

    assert ask(vi).pk


def test_request_of_another_is_not_there(vi, sam):
    made = ask(vi)

    with pytest.raises(NotFound):
        queries.get_request_for(subject_id=sam.subject_id, request_id=made.pk)
    with pytest.raises(NotFound):
        operations.withdraw(subject_id=sam.subject_id, request_id=made.pk, at=NOW)


def test_nothing_is_asked_of_whom_is_being_erased(vi):
    Subject.objects.filter(pk=vi.subject_id).update(state=Subject.State.ERASING)

    with pytest.raises(SubjectGone):
        ask(vi)


def test_withdrawing_twice_is_withdrawing_once(vi):
    made = ask(vi)

    operations.withdraw(subject_id=vi.subject_id, request_id=made.pk, at=NOW)
    operations.withdraw(subject_id=vi.subject_id, request_id=made.pk, at=NOW)

    assert steps(made) == ["received", "withdrawn"]


def test_steps_are_never_changed(vi):
    ask(vi)
    step = RequestStep.objects.get()

    with pytest.raises(TypeError):
        step.save()


# -- The staff's side --------------------------------------------------------------------------------------------------


def test_extension_counts_from_the_receipt_and_says_why(vi, sam):
    made = ask(vi)

    operations.extend(
        request_id=made.pk,
        months=2,
        reason="Ten rooms to look at.",
        staff_id=sam.subject_id,
        at=NOW + timedelta(days=9),
    )

    made.refresh_from_db()
    assert (made.state, made.due_date) == ("extended", date(2027, 2, 23))
    assert RequestStep.objects.get(kind="extended").note == "Ten rooms to look at."


@pytest.mark.parametrize(
    ("months", "reason", "days"), [(3, "Much.", 1), (0, "Much.", 1), (1, " ", 1), (1, "Much.", 31)]
)
def test_extension_beyond_the_law_is_refused(vi, sam, months, reason, days):
    made = ask(vi)

    with pytest.raises(ExtensionRefused):
        operations.extend(
            request_id=made.pk,
            months=months,
            reason=reason,
            staff_id=sam.subject_id,
            at=NOW + timedelta(days=days),
        )

    assert RightsRequest.objects.get().due_date == date(2026, 12, 23)


def test_extension_is_given_once(vi, sam):
    made = ask(vi)
    again = {"request_id": made.pk, "months": 1, "reason": "Much.", "staff_id": sam.subject_id, "at": NOW}
    operations.extend(**again)

    with pytest.raises(ExtensionRefused):
        operations.extend(**again)


def test_answer_is_sealed_closes_and_comes_by_mail(vi, sam, django_capture_on_commit_callbacks):
    made = ask(vi)

    with django_capture_on_commit_callbacks(execute=True):
        operations.answer(request_id=made.pk, text="It was lifted.", staff_id=sam.subject_id, at=NOW)

    made.refresh_from_db()
    assert (made.state, made.answer, made.handled_by_id) == ("answered", "It was lifted.", sam.subject_id)
    assert b"lifted" not in bytes(RightsRequest.objects.values_list("answer", flat=True).get())
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["vi@example.org"], f"Your request {made.pk}")
    assert "It was lifted." in sent.body
    assert f"/account/requests/{made.pk}/" in sent.body
    with pytest.raises(RequestClosed):
        operations.answer(request_id=made.pk, text="Again.", staff_id=sam.subject_id, at=NOW)


def test_confirmation_says_nothing_of_what_was_asked(vi, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ask(vi)

    (sent,) = mail.outbox
    assert "banned" not in sent.subject + sent.body


def test_address_that_was_never_proven_gets_no_mail(django_capture_on_commit_callbacks):
    max_ = make_member("Max", password=None, verified=False)

    with django_capture_on_commit_callbacks(execute=True):
        ask(max_)

    assert mail.outbox == []


def test_refusal_names_ground_and_redress(vi, sam):
    made = ask(vi)

    operations.refuse(
        request_id=made.pk, ground="It is not yours.", redress="Complain there.", staff_id=sam.subject_id, at=NOW
    )

    made.refresh_from_db()
    assert (made.state, made.answer) == ("refused", "It is not yours.\n\nComplain there.")


# -- Switches ----------------------------------------------------------------------------------------------------------


def test_restricting_holds_at_once_and_is_on_record(vi):
    operations.restrict(subject_id=vi.subject_id, at=NOW, key=uuid.uuid4())
    operations.restrict(subject_id=vi.subject_id, at=NOW, key=uuid.uuid4())

    assert queries.is_restricted(vi.subject_id)
    assert [(one.kind, one.state) for one in RightsRequest.objects.all()] == [("restriction", "answered")]
    operations.lift_restriction(subject_id=vi.subject_id, at=NOW, key=uuid.uuid4())
    assert not queries.is_restricted(vi.subject_id)


def test_restricting_does_not_bring_an_erased_person_back(vi):
    Subject.objects.filter(pk=vi.subject_id).update(state=Subject.State.ERASED)

    with pytest.raises(SubjectGone):
        operations.lift_restriction(subject_id=vi.subject_id, at=NOW, key=uuid.uuid4())


def test_objection_holds_until_it_is_withdrawn_or_refused(vi, sam):
    made = operations.object_to(subject_id=vi.subject_id, asked=Asked("objection", "account", purpose="staff"), at=NOW)
    assert queries.objected_purposes(vi.subject_id) == {"staff"}
    operations.withdraw(subject_id=vi.subject_id, request_id=made.pk, at=NOW)
    assert queries.objected_purposes(vi.subject_id) == set()

    again = operations.object_to(subject_id=vi.subject_id, asked=Asked("objection", "account", purpose="staff"), at=NOW)
    operations.answer(request_id=again.pk, text="It stays so.", staff_id=sam.subject_id, at=NOW)
    assert queries.objected_purposes(vi.subject_id) == {"staff"}


def test_objection_to_what_cannot_stop_by_itself_waits_for_staff(vi, sam):
    made = operations.object_to(
        subject_id=vi.subject_id, asked=Asked("objection", "account", purpose="moderate"), at=NOW
    )

    assert made.state == "received"
    assert not UseObjection.objects.exists()


# -- By the clock ------------------------------------------------------------------------------------------------------


def test_operator_hears_of_each_request_three_times_and_no_more(vi, django_capture_on_commit_callbacks):
    made = ask(vi)
    mail.outbox.clear()

    for day in range(45):
        for _hour in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                operations.warn_of_due(NOW + timedelta(days=day))

    assert [sent.to for sent in mail.outbox] == [[settings.OPERATOR.mail]] * 3
    assert ["overdue" in sent.subject for sent in mail.outbox] == [False, False, True]
    assert all(str(made.pk) in sent.subject for sent in mail.outbox)
    assert not any("Vi" in sent.body or "banned" in sent.body for sent in mail.outbox)


def test_clock_of_what_is_answered_stands_still(vi, sam):
    made = ask(vi)
    operations.answer(request_id=made.pk, text="Yes.", staff_id=sam.subject_id, at=NOW)

    assert operations.warn_of_due(NOW + timedelta(days=60)) == 0


def test_clock_reads_nobody(vi):
    ask(vi)
    before = Entry.objects.count()

    operations.warn_of_due(NOW + timedelta(days=40))

    assert Entry.objects.count() == before
    assert RightsRequest.objects.get().warned == 3


def test_closed_requests_go_after_three_years(vi, sam):
    made = ask(vi)
    operations.answer(request_id=made.pk, text="Yes.", staff_id=sam.subject_id, at=NOW)
    ask(vi)

    three_years = timedelta(days=3 * 365)

    retention.sweep(NOW + three_years - timedelta(seconds=1))
    assert RightsRequest.objects.count() == 2
    retention.sweep(NOW + three_years)

    assert [one.is_open for one in RightsRequest.objects.all()] == [True]


# -- Two at once -------------------------------------------------------------------------------------------------------

AT_ONCE = 6
ONE_WRITER = "connections['default'].vendor != 'postgresql'"


def at_once(act: Callable[[int], object]) -> list[object]:
    """Run `act(number)` in AT_ONCE threads that begin together; return what came of each: its result or its error."""
    start, came = threading.Barrier(AT_ONCE), list[object]()

    def run(number: int) -> None:
        start.wait(timeout=30)
        try:
            with processing("rights"):
                came.append(act(number))
        except Exception as error:  # noqa: BLE001 — compared by the test
            came.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return came


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ONE_WRITER, reason="SQLite has one writer at a time")
def test_form_sent_by_many_clicks_at_once_is_one_request(vi):
    key = uuid.uuid4()

    came = at_once(lambda _number: ask(vi, submit_key=key).pk)

    assert set(came) == {RightsRequest.objects.get().pk}
    assert len(came) == AT_ONCE


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ONE_WRITER, reason="SQLite has one writer at a time")
def test_limit_holds_for_requests_at_once(vi):
    for _ in range(OPEN_REQUESTS_MAX - 1):
        ask(vi)

    came = at_once(lambda _number: ask(vi).pk)

    assert RightsRequest.objects.count() == OPEN_REQUESTS_MAX
    assert sum(isinstance(one, LimitReached) for one in came) == AT_ONCE - 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ONE_WRITER, reason="SQLite has one writer at a time")
def test_one_of_many_answers_at_once_stands(vi, sam):
    made = ask(vi)

    came = at_once(
        lambda number: operations.answer(request_id=made.pk, text=f"Answer {number}.", staff_id=sam.subject_id, at=NOW)
    )

    assert sum(isinstance(one, RequestClosed) for one in came) == AT_ONCE - 1
    assert steps(made) == ["received", "answered"]
