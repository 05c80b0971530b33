"""Notices are sent to a real server, again and again until it acknowledges, or handed to a person."""

import contextvars
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.recipients import Partner, acknowledge, hand_over, make_due, only, playing, say
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import NOTICE_ATTEMPTS_MAX, RecipientNotice
from vasistas.apps.privacy.models.recipients import wait_after
from vasistas.config import worker
from vasistas.guard import purposes
from vasistas.guard.egress import door, webhooks
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db
State = RecipientNotice.State
WORKED = timedelta(days=1)


def test_a_failure_is_sent_again_under_the_same_id_and_not_before_its_time(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    partner.answer = say(500, b"")

    assert operations.send_notices(at=now) == 0
    failed = only()
    assert (failed.state, failed.fault, failed.attempts) == (State.FAILED, "status 500", 1)
    assert failed.next_attempt_at == now + wait_after(1)
    partner.answer = acknowledge
    assert operations.send_notices(at=now) == 0  # not yet
    assert operations.send_notices(at=failed.next_attempt_at) == 1

    assert (only().state, only().settled_at) == (State.ACKNOWLEDGED, failed.next_attempt_at)
    assert len({one["id"] for one in partner.got}) == 1
    assert operations.send_notices(at=now + WORKED) == 0
    assert len(partner.got) == 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (say(200, b"OK"), "another answer"),
        (say(200, b'{"acknowledged": "something"}'), "another answer"),
        (say(200, b""), "another answer"),
        (say(200, b"x" * 5000), "answer too long"),
        (say(302, b""), "status 302"),
        (say(410, b""), "status 410"),
        (lambda handler, _id: handler.connection.close(), "unreachable"),
    ],
)
def test_only_the_echo_of_the_id_acknowledges(partner: Partner, answer: Any, fault: str) -> None:
    now = timezone.now()
    make_due(now)
    partner.answer = answer
    assert operations.send_notices(at=now) == 0
    assert (only().state, only().fault) == (State.FAILED, fault)


def test_who_does_not_answer_in_time_is_asked_again(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    now, is_over = timezone.now(), threading.Event()
    make_due(now)
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.2)
    partner.answer = lambda _handler, _id: is_over.wait(30) and None

    assert operations.send_notices(at=now) == 0
    is_over.set()

    assert (only().state, only().fault) == (State.FAILED, "timeout")
    partner.answer = acknowledge
    assert operations.send_notices(at=only().next_attempt_at) == 1


def test_a_recipient_that_is_not_there_holds_up_no_other(partner: Partner) -> None:
    now = timezone.now()
    for name in ("Vi", "Max", "Bo"):
        vi = make_member(name)
        hand_over(vi)
        with processing("rooms"):
            door.hand_over("media", {"user.device"}, [vi.subject_id])
        with door.rehearsing(
            {**door.recipients(), "media": replace(get_policy().recipients["media"], not_told={}, told_at=partner.url)}
        ):
            operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=now)
    media = replace(get_policy().recipients["media"], not_told={}, told_at="http://127.0.0.1:1/notices")

    with door.rehearsing({**door.recipients(), "media": media}):
        assert operations.send_notices(at=now) == 3

    tried = RecipientNotice.objects.filter(recipient="media").values_list("attempts", flat=True)
    assert sorted(tried) == [0, 0, 1]  # one attempt told enough


def test_who_never_acknowledges_is_handed_to_a_person_with_one_alarm(partner: Partner, settings: Any) -> None:
    at = timezone.now()
    make_due(at)
    max_ = make_member("Max")
    hand_over(max_)
    operations.tell_recipients(subject_id=max_.subject_id, what="erased", at=at)
    partner.answer = say(503, b"")
    mail.outbox.clear()

    for _round in range(3 * NOTICE_ATTEMPTS_MAX):
        operations.send_notices(at=at)
        at += WORKED

    assert {one.state for one in RecipientNotice.objects.all()} == {State.ESCALATED}
    assert len(partner.got) == 2 * NOTICE_ATTEMPTS_MAX
    assert [(one.to, one.subject) for one in mail.outbox] == [
        ([settings.OPERATOR.mail], "Something at the site needs you")
    ]
    assert "/staff/recipients/" in mail.outbox[0].body
    assert not [one for one in RecipientNotice.objects.all() if one.about in mail.outbox[0].body]
    assert operations.send_notices(at=at + WORKED) == 0


def test_a_recipient_without_an_address_is_handed_to_a_person_at_once(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    with playing(told_at=""):
        operations.send_notices(at=now)
    assert (only().state, only().fault) == (State.ESCALATED, "no address")


def test_the_door_has_its_say(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    with playing(told_at=partner.url, country="US", instrument="Clauses", expires=now.date() - timedelta(days=1)):
        operations.send_notices(at=now)
    assert (only().state, only().fault, partner.got) == (State.FAILED, "refused by the door", [])


def test_a_process_that_dies_before_the_acknowledgement_sends_again_and_the_partner_knows_it(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    notice = make_due(now)
    deliver = webhooks.deliver

    def power_fails(*sent: Any, **how: Any) -> None:
        deliver(*sent, **how)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "deliver", power_fails)
        with pytest.raises(SystemExit):
            operations.send_notices(at=now)
    assert (only().state, only().attempts) == (State.PENDING, 1)

    assert operations.send_notices(at=only().next_attempt_at) == 1
    assert [one["id"] for one in partner.got] == [str(notice.notice_id)] * 2
    assert partner.handled == {str(notice.notice_id): notice.about}  # once


def test_another_worker_leaves_alone_what_is_being_sent(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    notice = make_due(now)
    deliver, others = webhooks.deliver, list[bool]()

    def while_another_looks(*sent: Any, **how: Any) -> None:
        others.append(operations.send_notice(notice.pk, at=now))
        deliver(*sent, **how)

    monkeypatch.setattr(webhooks, "deliver", while_another_looks)
    assert operations.send_notices(at=now) == 1
    assert others == [False]
    assert len(partner.got) == 1


def run_worker(partner: Partner, at: datetime) -> None:
    """As the worker does: with no purpose stated, in no request."""
    with purposes.scope(lambda: purposes.NOBODY), playing(told_at=partner.url):
        worker.tell_recipients(at)


def test_the_worker_sends_fails_and_escalates_by_purposes_of_its_own(partner: Partner) -> None:
    at = timezone.now()
    make_due(at)
    run_worker(partner, at)
    assert only().state == State.ACKNOWLEDGED

    partner.answer = say(500, b"")
    RecipientNotice.objects.update(state=State.PENDING, attempts=0, next_attempt_at=at)
    for _round in range(NOTICE_ATTEMPTS_MAX):
        run_worker(partner, at)
        at += WORKED
    assert only().state == State.ESCALATED
    assert len(mail.outbox) == 1


def test_waits_grow_and_end() -> None:
    waits = [wait_after(number) for number in range(1, NOTICE_ATTEMPTS_MAX + 1)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == timedelta(days=1)
    assert timedelta(days=2) < sum(waits[:-1], timedelta()) < timedelta(days=4)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connections['default'].vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_workers_at_once_send_it_once(partner: Partner) -> None:
    now, both = timezone.now(), threading.Barrier(2)
    notice = make_due(now)
    results = list[bool]()

    def work() -> None:
        both.wait(30)
        results.append(operations.send_notice(notice.pk, at=now))
        connections.close_all()

    threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(results) == [False, True]
    assert len(partner.got) == 1
