"""Who is told of corrections and erasures, of what, in which transaction, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.recipients import MAIL, NAME, Partner, hand_over, make_due, only, playing
from vasistas.apps.accounts import operations as accounts
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import Correction, RecipientNotice
from vasistas.guard import journal
from vasistas.guard.egress import queries as egress
from vasistas.guard.retention import sweep
from vasistas.lib.errors import NotFound

pytestmark = pytest.mark.django_db
State = RecipientNotice.State


def test_a_correction_is_told_to_who_got_it_under_their_own_name(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)

    accounts.change_name(member=vi, display_name="Viola")

    notice = only()
    assert (notice.what, notice.categories, notice.state) == ("corrected", NAME, State.PENDING)
    assert notice.about == egress.known_as(vi.subject_id, "mail") != egress.known_as(vi.subject_id, "media")
    assert operations.send_notices(at=timezone.now()) == 1
    assert [one["data"] for one in partner.got] == [{"subject": notice.about, "categories": [NAME]}]
    assert partner.got[0]["type"] == "data.corrected"
    assert "Vi" not in partner.got[0]["body"]


def test_who_got_nothing_of_it_is_not_told(partner: Partner) -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    hand_over(vi, MAIL)

    accounts.change_name(member=vi, display_name="Viola")  # it got the address alone
    accounts.change_name(member=max_, display_name="Maximilian")
    operations.erase(subject_id=max_.subject_id, at=timezone.now())

    assert RecipientNotice.objects.count() == 0


def test_a_recipient_of_which_the_policy_says_why_not_is_not_told(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    with playing(told_at="", not_told={"en": "It keeps nothing."}):
        operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert RecipientNotice.objects.count() == 0


def test_an_erasure_is_told_after_the_person_is_gone(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    about, ours = egress.known_as(vi.subject_id, "mail"), [vi.subject.audit_id, vi.subject.key_handle.hex]

    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert operations.send_notices(at=timezone.now()) == 1

    assert partner.got[0]["type"] == "data.erased"
    assert partner.got[0]["data"] == {"subject": about, "categories": [NAME]}
    assert not [one for one in (*ours, "vi@example.org") if one in partner.got[0]["body"]]
    assert only().state == State.ACKNOWLEDGED


def test_erasing_twice_tells_once_and_overtakes_what_was_not_told_yet(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    accounts.change_name(member=vi, display_name="Viola")

    for _time in range(2):
        operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=timezone.now())
    operations.erase(subject_id=vi.subject_id, at=timezone.now())

    assert [one.what for one in RecipientNotice.objects.all()] == ["erased"]


def test_ten_corrections_before_the_first_is_sent_are_one_notice(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    for number in range(10):
        accounts.change_name(member=vi, display_name=f"Viola {number}")
    assert RecipientNotice.objects.count() == 1
    assert Correction.objects.count() == 10


def test_what_is_rolled_back_is_neither_kept_nor_told(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    with transaction.atomic():
        accounts.change_name(member=vi, display_name="Viola")
        transaction.set_rollback(True)
    assert (RecipientNotice.objects.count(), Correction.objects.count()) == (0, 0)


def test_a_backup_that_is_erased_again_tells_again(partner: Partner, settings: Any) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    for step in (journal.INTENT, journal.DONE):  # erased after the backup was made
        journal.note(settings.DATA, vi.subject.key_handle, step, timezone.now())

    assert operations.replay(at=timezone.now()) == 1

    assert (only().what, only().state) == ("erased", State.PENDING)


def test_staff_send_again_or_settle_what_was_escalated_and_nothing_else(partner: Partner) -> None:
    now = timezone.now()
    notice = make_due(now)
    for act in (operations.send_again, operations.settle_by_hand):
        with pytest.raises(NotFound):
            act(notice_id=str(notice.notice_id), at=now)
    with playing(told_at=""):
        operations.send_notices(at=now)

    operations.send_again(notice_id=str(notice.notice_id), at=now)
    assert operations.send_notices(at=now) == 1

    RecipientNotice.objects.update(state=State.ESCALATED)
    operations.settle_by_hand(notice_id=str(notice.notice_id), at=now)
    assert (only().state, only().by_hand, only().settled_at) == (State.ACKNOWLEDGED, True, now)


def test_a_notice_dies_thirty_days_after_it_was_acknowledged_and_not_before(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    sweep(now + timedelta(days=60))
    assert only().state == State.PENDING  # never acknowledged
    operations.send_notices(at=now)
    sweep(now + timedelta(days=29))
    assert only().state == State.ACKNOWLEDGED
    sweep(now + timedelta(days=31))
    assert not RecipientNotice.objects.exists()


def test_the_person_sees_what_was_told_and_nobody_else_does(partner: Partner) -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    hand_over(vi)
    accounts.change_name(member=vi, display_name="Viola")
    operations.send_notices(at=timezone.now())

    assert [one.state for one in queries.recipient_notices_of(vi.subject_id, "mail")] == [State.ACKNOWLEDGED]
    assert queries.recipient_notices_of(max_.subject_id, "mail") == []
