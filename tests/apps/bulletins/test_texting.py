"""What telephones answer: STOP ends everything, HELP says who we are, anything else does nothing."""

import pytest

from tests.apps.bulletins.telephones import MAX, NOW, VI, has_objected, make_phone, make_send, provided
from tests.factories.accounts import make_member
from tests.payments.servers import Clock
from vasistas import sms
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Send, Suppression
from vasistas.apps.bulletins.operations import texting
from vasistas.apps.privacy.models import Consent
from vasistas.sms import segments
from vasistas.sms.outbox import KEPT_S, Outbox
from vasistas.sms.port import Status

pytestmark = pytest.mark.django_db
STOPS = ["STOP", "stop", " Stop. ", "STOP!", "Stop it now", "«Arrêt»", "ARRET", "STOPALL", "UNSUBSCRIBE", "cancel"]
STOPS += ["END", "quit", "Désabonner", "ＳＴＯＰ", "OPTOUT", "stop\nsent from my phone", '"STOP"', "STOP " + "x" * 5000]
OTHERS = ["", "   ", "🛑", "Hello", "Don't stop!", "nonstop", "End of the month?", "Cancel my show", "START", "HELPFUL"]


@pytest.fixture
def vi():
    return make_member("Vi")


def reasons(number: str) -> set[str]:
    found = Suppression.objects.filter(channel="sms", index=rules.index_of("sms", number))
    return set(found.values_list("reason", flat=True))


@pytest.mark.parametrize("text", STOPS)
def test_stop_is_understood(text):
    assert texting.means_stop(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_words_stop_nothing(text):
    assert not texting.means_stop(text)


def test_stop_objects_suppresses_and_cancels_in_one_step(vi):
    phone = make_phone(vi.subject_id)
    waiting, leased = make_send(phone), make_send(phone, "leased")
    handed = make_send(phone, "handed")

    assert texting.take(sender=VI, text="STOP", at=NOW) == ""

    assert has_objected(vi.subject_id)
    assert Consent.objects.get(subject_id=vi.subject_id).source == Consent.Source.SMS
    assert reasons(VI) == {"objected", "stopped"}
    states = {one.pk: (one.state, one.because) for one in Send.objects.all()}
    assert states == {
        waiting.pk: ("cancelled", "objected"),
        leased.pk: ("cancelled", "objected"),
        handed.pk: ("handed", ""),
    }


def test_stop_again_does_no_more(vi):
    make_phone(vi.subject_id)
    texting.take(sender=VI, text="STOP", at=NOW)
    texting.take(sender=VI, text="STOP", at=NOW)

    assert Consent.objects.filter(subject_id=vi.subject_id).count() == 1
    assert Suppression.objects.filter(channel="sms").count() == 2


def test_a_number_nobody_has_is_suppressed_too():
    texting.take(sender=MAX, text="Arrêt", at=NOW)

    assert reasons(MAX) == {"objected", "stopped"}
    assert not Consent.objects.exists()


@pytest.mark.parametrize("sender", ["", "12345", "Vasistas", "+352", "+" + "9" * 5000])
def test_a_sender_without_a_number_does_nothing(sender):
    assert texting.take(sender=sender, text="STOP", at=NOW) == ""
    assert not Suppression.objects.exists()


def test_other_words_do_nothing(vi):
    make_phone(vi.subject_id)

    for text in OTHERS:
        assert texting.take(sender=VI, text=text, at=NOW) == ""
    assert not Suppression.objects.exists()
    assert not Consent.objects.exists()


def test_help_says_who_we_are(settings):
    said = texting.take(sender=MAX, text="Help?", at=NOW)

    for words in (settings.OPERATOR.name, settings.OPERATOR.mail, settings.OPERATOR.phone, "STOP"):
        assert words in said
    assert segments.count(said) <= 3
    assert not Suppression.objects.exists()


def test_two_machines_do_not_help_each_other_forever():
    answers = [texting.take(sender=MAX, text="INFO", at=NOW) for _ in range(texting.HELPS_PER_DAY + 1)]

    assert all(answers[:-1])
    assert answers[-1] == ""
    assert texting.take(sender=VI, text="INFO", at=NOW)


def test_old_messages_of_the_outbox_go(tmp_path, vi):
    clock = Clock()
    with provided(Outbox(tmp_path, key=b"k", clock=clock)):
        sms.get_port().send(VI, "Hello", "send-1")
        assert texting.forget_texts(NOW) == 0
        clock.now += KEPT_S + 1
        assert texting.forget_texts(NOW) == 1
    with provided(None):
        assert texting.forget_texts(NOW) == 0


def told(state: str, **over: str) -> Status:
    return Status(**{"provider_ref": "SM1", "key": "", "state": state, **over})


class TestStatus:
    @pytest.mark.parametrize(
        ("state", "becomes", "counted", "suppressed"),
        [
            ("handed", "handed", "", set()),
            ("delivered", "delivered", "delivered", set()),
            ("unreachable", "bounced", "bounced", set()),
            ("nobody", "bounced", "bounced", {"bounced"}),
            ("failed", "failed", "failed", set()),
            ("stopped", "failed", "failed", {"stopped", "objected"}),
        ],
    )
    def test_a_send_follows_what_the_provider_says(self, vi, state, becomes, counted, suppressed):
        send = make_send(make_phone(vi.subject_id), "handed", provider_ref="SM1", handed_at=NOW)

        for _ in range(2):  # a repeated call does no more
            assert texting.note_status(told=told(state), at=NOW)

        send.refresh_from_db()
        campaign = send.campaign
        assert send.state == becomes
        counts = {name: getattr(campaign, name) for name in ("delivered", "bounced", "failed")}
        assert {name for name, count in counts.items() if count == 1} == ({counted} - {""})
        assert sum(counts.values()) == bool(counted)
        assert reasons(VI) == suppressed

    def test_a_number_that_stopped_has_objected(self, vi):
        make_send(make_phone(vi.subject_id), "handed", provider_ref="SM1")

        texting.note_status(told=told("stopped"), at=NOW)

        assert has_objected(vi.subject_id)

    def test_what_comes_late_changes_nothing(self, vi):
        send = make_send(make_phone(vi.subject_id), "delivered", provider_ref="SM1")

        for state in ("handed", "failed"):
            texting.note_status(told=told(state), at=NOW)

        send.refresh_from_db()
        assert send.state == "delivered"
        assert send.campaign.failed == send.campaign.bounced == 0

    @pytest.mark.parametrize(("state", "becomes"), [("handed", "handed"), ("delivered", "delivered")])
    def test_an_unclear_one_is_cleared_up_by_its_key(self, vi, state, becomes):
        send = make_send(make_phone(vi.subject_id), "unclear")

        assert texting.note_status(told=told(state, key=texting.key_of(send.pk)), at=NOW)

        send.refresh_from_db()
        assert (send.state, send.provider_ref, send.handed_at) == (becomes, "SM1", NOW)

    def test_a_status_faster_than_our_note_is_kept(self, vi):
        send = make_send(make_phone(vi.subject_id), "handing")

        texting.note_status(told=told("handed", key=texting.key_of(send.pk)), at=NOW)
        send.refresh_from_db()
        assert send.state == "handing"  # whoever hands it over says so

        texting.note_status(told=told("delivered", key=texting.key_of(send.pk)), at=NOW)
        send.refresh_from_db()
        assert send.state == "delivered"

    @pytest.mark.parametrize(
        "key", ["", "send-", "send-x", "send-0", "send-" + "9" * 18, "send-" + "9" * 400, "code-1"]
    )
    def test_one_we_do_not_know_changes_nothing(self, vi, key):
        send = make_send(make_phone(vi.subject_id), "unclear")

        assert not texting.note_status(told=told("delivered", provider_ref="other", key=key), at=NOW)

        send.refresh_from_db()
        assert send.state == "unclear"

    def test_a_key_does_not_reach_a_send_of_another_message_or_a_mail(self, vi):
        other = make_send(make_phone(vi.subject_id), "handed", provider_ref="SM2")
        mail = make_send(make_phone(make_member("Max").subject_id, MAX, channel="mail"), "handed")

        for send in (other, mail):
            assert not texting.note_status(told=told("failed", key=texting.key_of(send.pk)), at=NOW)
            send.refresh_from_db()
            assert send.state == "handed"

    def test_what_was_cancelled_stays_so(self, vi):
        send = make_send(make_phone(vi.subject_id), "cancelled", provider_ref="SM1")

        texting.note_status(told=told("delivered"), at=NOW)

        send.refresh_from_db()
        assert send.state == "cancelled"
