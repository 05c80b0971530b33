"""Decisions: each with its reasons, carried out at once where it counts, and given back when it is taken back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_cast, make_message
from tests.factories.rooms import make_watch_session
from vasistas import media, realtime
from vasistas.apps.chat.models import Message, Mute
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.safety import operations, queries, rules
from vasistas.apps.safety.models import Appeal, Decision, Shift
from vasistas.apps.safety.operations import Order
from vasistas.apps.safety.operations.appealing import AppealRefused
from vasistas.apps.safety.operations.deciding import DecisionRefused
from vasistas.apps.safety.operations.duty import NobodyOnDuty
from vasistas.apps.safety.operations.enforcing import CutOff
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotAllowed
from vasistas.media.fake import FakeMedia
from vasistas.media.port import SessionUnknown

pytestmark = pytest.mark.django_db
NOW = timezone.now()
FACTS = "At noon you threatened somebody."


PUBLISHER, VIEWER = "a" * 32, "b" * 32
OFFER = "v=0\r\n"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def on_air(cast):
    """Ada publishes, Max watches; the node knows both."""
    former, node = media._configured[:], FakeMedia()
    media.configure(node)
    with processing("host"):
        node.publish(room=str(cast.room.pk), session=PUBLISHER, offer=OFFER)
    with processing("rooms"):
        node.play(room=str(cast.room.pk), session=VIEWER, offer=OFFER)
    make_watch_session(cast.room, session=VIEWER, subject=cast.max.subject)
    yield cast
    media._configured[:] = former


def is_open(session):
    try:
        media.get_port().session_stats(session)
    except SessionUnknown:
        return False
    return True


def order(cast, about, action, **more):
    return Order(by=cast.sam, about=about, action=action, ground="harassment", facts=FACTS, **more)


def decide(cast, about, action, **more):
    with processing("safety"):
        return operations.decide(order(cast, about, action, **more), at=NOW)


def test_a_warning_is_a_statement_with_its_reasons_and_a_mail(cast, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = decide(cast, cast.max, "warn", reference="House rule 3")

    with processing("report"):
        assert (made.facts, made.is_automated, made.reference) == (FACTS, False, "House rule 3")
    assert made.made_by_id == cast.sam.subject_id
    assert reverse("pages:statement", args=[made.token]) in mailoutbox[0].body
    assert FACTS not in mailoutbox[0].body
    assert queries.strikes_of(cast.max.subject_id, NOW) == rules.WEIGHTS["warn"]


def test_a_cut_ends_media_and_broadcast_and_keeps_the_room_from_coming_back_at_once(cast, on_air):
    assert (is_open(PUBLISHER), is_open(VIEWER)) == (True, True)
    decide(cast, cast.ada, "cut", room=cast.room)

    room = Room.objects.with_host().get(pk=cast.room.pk)
    assert room.state == "offline"
    assert (is_open(PUBLISHER), is_open(VIEWER)) == (False, False)
    with pytest.raises(CutOff):
        operations.check_not_cut(room, NOW + timedelta(minutes=9))
    operations.check_not_cut(room, NOW + timedelta(minutes=11))


def test_a_line_is_removed_and_a_speaker_muted(cast):
    line = make_message(cast.room, cast.max)
    decide(cast, cast.max, "remove", message=line, room=cast.room)
    decide(cast, cast.max, "mute", room=cast.room, until=NOW + timedelta(hours=1))

    assert Message.objects.get(pk=line.pk).deleted_at == NOW
    assert Mute.objects.get(member=cast.max).until == NOW + timedelta(hours=1)


def test_a_suspended_host_cannot_broadcast_until_it_is_over(cast):
    decide(cast, cast.ada, "suspend", until=NOW + timedelta(days=3))
    assert (Host.objects.get(member=cast.ada).is_suspended, reload(cast.ada).is_active) == (True, True)
    assert Room.objects.get(pk=cast.room.pk).state == "offline"

    assert operations.lift_ended(NOW + timedelta(days=2)) == 0
    assert operations.lift_ended(NOW + timedelta(days=4)) == 1
    assert not Host.objects.get(member=cast.ada).is_suspended


def test_a_ban_closes_the_account_and_ends_what_it_watches_and_hears(cast, on_air):
    made_at = NOW.timestamp() - 1
    decide(cast, cast.max, "ban")

    assert not reload(cast.max).is_active
    assert (is_open(PUBLISHER), is_open(VIEWER)) == (True, False)
    own = f"member:{cast.max.pk}"
    assert realtime.bus().is_revoked(own, own, made_at=made_at)


def test_what_is_taken_back_is_given_back_unless_another_decision_stands(cast):
    first = decide(cast, cast.max, "ban")
    second = decide(cast, cast.max, "suspend", until=NOW + timedelta(days=1))
    operations.lift(first, at=NOW)
    assert not reload(cast.max).is_active
    operations.lift(second, at=NOW)
    assert reload(cast.max).is_active
    assert queries.strikes_of(cast.max.subject_id, NOW) == 0


def test_strikes_decay(cast):
    decide(cast, cast.max, "warn")

    assert queries.strikes_of(cast.max.subject_id, NOW + timedelta(days=89)) == 1
    assert queries.strikes_of(cast.max.subject_id, NOW + timedelta(days=91)) == 0


@pytest.mark.parametrize(
    ("about", "action", "more"),
    [
        ("max", "cut", {"room": "theirs"}),
        ("sam", "warn", {}),
        ("sam2", "ban", {}),
        ("ada", "cut", {}),
        ("max", "mute", {"until": NOW + timedelta(days=1)}),
        ("max", "remove", {}),
        ("max", "suspend", {}),
        ("max", "suspend", {"until": NOW - timedelta(days=1)}),
    ],
)
def test_what_is_missing_or_about_oneself_is_refused(cast, about, action, more):
    target = make_member("Lea", is_staff=True) if about == "sam2" else getattr(cast, about)
    more = more | ({"room": cast.room} if "room" in more else {})
    with pytest.raises(DecisionRefused):
        decide(cast, target, action, **more)
    assert not Decision.objects.exists()


def test_facts_are_required(cast):
    with pytest.raises(DecisionRefused, match="what happened"), processing("safety"):
        operations.decide(Order(cast.sam, cast.max, "warn", "hate", "  "), at=NOW)


def test_a_suspension_that_ended_when_it_had_to_still_counts_and_one_taken_back_does_not(cast):
    decide(cast, cast.max, "suspend", until=NOW + timedelta(hours=1))
    operations.lift_ended(NOW + timedelta(hours=2))
    assert reload(cast.max).is_active
    assert queries.strikes_of(cast.max.subject_id, NOW) == rules.WEIGHTS["suspend"]

    again = decide(cast, cast.max, "suspend", until=NOW + timedelta(hours=5))
    operations.lift(again, at=NOW + timedelta(hours=1))
    assert queries.strikes_of(cast.max.subject_id, NOW) == rules.WEIGHTS["suspend"]


def test_a_suspended_viewer_is_put_out(cast, on_air):
    decide(cast, cast.max, "suspend", until=NOW + timedelta(hours=1))

    assert (is_open(PUBLISHER), is_open(VIEWER)) == (True, False)


def test_what_cannot_be_carried_out_leaves_no_statement(cast):
    lea = make_member("Lea", is_staff=True)
    line = make_message(cast.room, lea)
    with pytest.raises(NotAllowed):
        decide(cast, lea, "remove", message=line, room=cast.room)
    assert not Decision.objects.exists()


def test_nobody_decides_about_their_own_appeal(cast):
    lea = make_member("Lea", is_staff=True)
    made = decide(cast, lea, "warn")
    with processing("report"):
        found = operations.appeal(made, words="It was not me.", at=NOW)
    with pytest.raises(AppealRefused), processing("safety"):
        operations.close_appeal(found, by=lea, is_reversed=True, answer="Right.", at=NOW)


# -- Appeals -----------------------------------------------------------------------------------------------------------


def test_an_appeal_is_decided_by_somebody_else_and_reverses(cast):
    made = decide(cast, cast.max, "ban")
    lea = make_member("Lea", is_staff=True)
    with processing("report"):
        found = operations.appeal(made, words="It was not me.", at=NOW)
    with pytest.raises(AppealRefused, match="already"), processing("report"):
        operations.appeal(made, words="Again.", at=NOW)
    closing = {"is_reversed": True, "answer": "It was somebody else.", "at": NOW}
    with pytest.raises(AppealRefused, match="somebody else"), processing("safety"):
        operations.close_appeal(found, by=cast.sam, **closing)
    with processing("safety"):
        operations.close_appeal(found, by=lea, **closing)

    assert Appeal.objects.get().state == "reversed"
    assert reload(cast.max).is_active
    assert Decision.objects.get().lifted_at == NOW


def test_an_appeal_after_six_months_is_too_late(cast):
    made = decide(cast, cast.max, "warn")
    with pytest.raises(AppealRefused, match="court"):
        operations.appeal(made, words="Late.", at=NOW + timedelta(days=181))


# -- Duty --------------------------------------------------------------------------------------------------------------


def go_live(room, session="b" * 32):
    with processing("host"):
        fresh = Room.objects.with_host().get(pk=room.pk)
        return rooms.go_live(room=fresh, session=session, offer=OFFER, ingest="browser", takeover=False, at=NOW)


def test_nobody_on_duty_nobody_begins(cast, settings):
    settings.NOBODY_ON_DUTY = "closed"
    rooms.end_broadcast(room=cast.room, reason="ended", at=NOW)
    with pytest.raises(NobodyOnDuty):
        go_live(cast.room)

    operations.begin_shift(by=cast.sam.subject_id, at=NOW)
    operations.check_duty(cast.room, NOW + timedelta(minutes=9))
    with pytest.raises(NobodyOnDuty):
        operations.check_duty(cast.room, NOW + timedelta(minutes=11))
    operations.show_life(by=cast.sam.subject_id, at=NOW + timedelta(minutes=9))
    operations.check_duty(cast.room, NOW + timedelta(minutes=11))
    operations.show_life(by=cast.sam.subject_id, at=NOW + timedelta(hours=12))  # a shift that is over stays so
    with pytest.raises(NobodyOnDuty):
        operations.check_duty(cast.room, NOW + timedelta(hours=12))
    operations.end_shift(by=cast.sam.subject_id, at=NOW + timedelta(minutes=11))
    with pytest.raises(NobodyOnDuty):
        operations.check_duty(cast.room, NOW + timedelta(minutes=11))
    operations.begin_shift(by=cast.sam.subject_id, at=NOW + timedelta(minutes=12))
    assert Shift.objects.count() == 2


def reload(member):
    return type(member).objects.get(pk=member.pk)
