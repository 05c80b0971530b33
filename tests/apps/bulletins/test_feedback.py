"""Bounces, complaints and deliveries: told twice, late, out of order, of mails nobody knows."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact, Send, Suppression
from vasistas.apps.bulletins.operations import feedback
from vasistas.apps.privacy import queries as privacy

pytestmark = pytest.mark.django_db

NOW = timezone.now()
State, Reason = Send.State, Suppression.Reason
NOTES = [
    feedback.note_delivered,
    feedback.note_failed,
    feedback.note_complaint,
    feedback.note_refusal,
    lambda **told: feedback.note_bounce(hard=True, **told),
    lambda **told: feedback.note_bounce(hard=False, **told),
]


def make_contact(name: str = "Vi", confirmed_at: Any = NOW - timedelta(days=30)) -> Contact:
    member = make_member(name)
    return Contact.objects.create(
        subject_id=member.subject_id,
        channel="mail",
        index=rules.index_of("mail", str(member.email)),
        address=str(member.email),
        language="en",
        confirmed_at=confirmed_at,
    )


def make_send(contact: Contact, state: str = State.HANDED, reference: str = "1", days_ago: int = 1) -> Send:
    campaign = Campaign.objects.create(name="News", topic="features", made_at=NOW, handed=1, delivered=0)
    at = NOW - timedelta(days=days_ago)
    return Send.objects.create(
        campaign=campaign,
        contact=contact,
        subject_id=contact.subject_id,
        state=state,
        provider_ref=reference,
        not_before=at,
        made_at=at,
        handed_at=at,
    )


def suppressed(contact: Contact) -> set[str]:
    return set(Suppression.objects.filter(index=contact.index).values_list("reason", flat=True))


def objected(contact: Contact) -> bool:
    return privacy.choices_of(contact.subject_id, at=timezone.now()).has_objected


def counts(send: Send) -> tuple[int, int, int, int]:
    found = Campaign.objects.get(pk=send.campaign_id)
    return found.delivered, found.bounced, found.complained, found.failed


def test_a_delivery_counts_once():
    contact = make_contact()
    send = make_send(contact)

    assert feedback.note_delivered(reference="1", at=NOW)
    assert not feedback.note_delivered(reference="1", at=NOW)

    send.refresh_from_db()
    assert send.state == State.DELIVERED
    assert counts(send) == (1, 0, 0, 0)
    assert suppressed(contact) == set()


@pytest.mark.parametrize("named", ["token", "reference"])
def test_a_hard_bounce_suppresses_at_once_and_stops_what_waits(named):
    contact = make_contact()
    send = make_send(contact)
    waiting = make_send(contact, state=State.LEASED, reference="", days_ago=0)

    told = {"token": contact.token} if named == "token" else {"reference": "1"}
    assert feedback.note_bounce(**told, hard=True, at=NOW)
    assert not feedback.note_bounce(**told, hard=True, at=NOW)

    send.refresh_from_db()
    waiting.refresh_from_db()
    assert (send.state, waiting.state, waiting.because) == (State.BOUNCED, State.CANCELLED, Send.Because.SUPPRESSED)
    assert counts(send) == (0, 1, 0, 0)
    assert suppressed(contact) == {Reason.BOUNCED}
    assert not objected(contact)  # a mail server said it, nobody objected


def test_soft_bounces_suppress_when_three_stand_in_a_row():
    contact = make_contact()
    for number in range(3):
        make_send(contact, reference=str(number))
        assert suppressed(contact) == set()
        assert feedback.note_bounce(reference=str(number), hard=False, at=NOW + timedelta(days=number))

    assert suppressed(contact) == {Reason.BOUNCED}


def test_one_soft_bounce_told_three_times_is_one():
    contact = make_contact()
    make_send(contact)

    told = [feedback.note_bounce(reference="1", hard=False, at=NOW) for _ in range(3)]
    told += [feedback.note_bounce(token=contact.token, hard=False, at=NOW) for _ in range(3)]

    assert told == [True, *[False] * 5]
    contact.refresh_from_db()
    assert contact.soft_bounces == 1
    assert suppressed(contact) == set()


@pytest.mark.parametrize("between", ["delivery", "two weeks"])
def test_soft_bounces_that_stand_in_no_row_do_not_suppress(between):
    contact = make_contact()
    later = timedelta(0) if between == "delivery" else rules.SOFT_BOUNCES_WITHIN + timedelta(days=1)
    for number in range(4):
        make_send(contact, reference=str(number))
        feedback.note_bounce(reference=str(number), hard=False, at=NOW + (later if number > 1 else timedelta(0)))
        if between == "delivery" and number == 1:
            make_send(contact, reference="arrives")
            assert feedback.note_delivered(reference="arrives", at=NOW)

    assert suppressed(contact) == set()


def test_a_bounce_after_a_delivery_takes_its_place():
    send = make_send(make_contact())

    feedback.note_delivered(reference="1", at=NOW)
    feedback.note_bounce(reference="1", hard=True, at=NOW)
    feedback.note_delivered(reference="1", at=NOW)  # late, and out of order

    send.refresh_from_db()
    assert send.state == State.BOUNCED
    assert counts(send) == (0, 1, 0, 0)


@pytest.mark.parametrize("named", ["token", "reference"])
def test_a_complaint_is_an_objection(named):
    contact = make_contact()
    send = make_send(contact)
    waiting = make_send(contact, state=State.QUEUED, reference="", days_ago=0)

    told = {"token": contact.token} if named == "token" else {"reference": "1"}
    assert feedback.note_complaint(**told, at=NOW)
    assert not feedback.note_complaint(**told, at=NOW)

    send.refresh_from_db()
    waiting.refresh_from_db()
    assert (send.state, waiting.state) == (State.COMPLAINED, State.CANCELLED)
    assert counts(send) == (0, 0, 1, 0)
    assert objected(contact)
    assert suppressed(contact) == {Reason.COMPLAINED, Reason.OBJECTED}


def test_unsubscribing_at_the_provider_is_an_objection():
    contact = make_contact()
    make_send(contact, state=State.DELIVERED)

    assert feedback.note_refusal(reference="1", at=NOW)
    assert not feedback.note_refusal(reference="1", at=NOW)

    assert objected(contact)
    assert suppressed(contact) == {Reason.OBJECTED}


def test_what_could_not_be_sent_says_nothing_of_the_address():
    contact = make_contact()
    send = make_send(contact)

    assert feedback.note_failed(reference="1", at=NOW)

    assert counts(send) == (0, 0, 0, 1)
    assert suppressed(contact) == set()


def test_an_unclear_send_is_unclear_no_more():
    send = make_send(make_contact(), state=State.UNCLEAR)
    Campaign.objects.filter(pk=send.campaign_id).update(unclear=1)

    assert feedback.note_delivered(reference="1", at=NOW)

    assert counts(send) == (1, 0, 0, 0)
    assert Campaign.objects.get(pk=send.campaign_id).unclear == 0


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("told", [{"token": "nobody"}, {"reference": "nobody"}, {"token": ""}, {"reference": ""}, {}])
def test_of_what_nobody_knows_nothing_is_written(note, told):
    contact = make_contact()
    send = make_send(contact, reference="")

    assert not note(**told, at=NOW)

    send.refresh_from_db()
    assert send.state == State.HANDED
    assert counts(send) == (0, 0, 0, 0)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("state", [State.QUEUED, State.LEASED, State.CANCELLED])
@pytest.mark.parametrize("note", NOTES[:2])
def test_what_was_never_handed_over_becomes_nothing(note, state):
    send = make_send(make_contact(), state=state)

    assert not note(reference="1", at=NOW)

    send.refresh_from_db()
    assert send.state == state


def test_a_late_bounce_of_an_address_before_does_not_suppress_the_new_one():
    contact = make_contact(confirmed_at=NOW - timedelta(hours=1))
    send = make_send(contact, days_ago=1)

    assert feedback.note_bounce(reference="1", hard=True, at=NOW)

    send.refresh_from_db()
    assert send.state == State.BOUNCED
    assert suppressed(contact) == set()
