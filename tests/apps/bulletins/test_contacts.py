"""Nobody is written to who has not proven the address, and nobody learns from the form who has one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import make_member
from tests.factories.consents import give, lift, object_, withdraw
from vasistas import sms
from vasistas.apps.bulletins import operations, rules
from vasistas.apps.bulletins.models import Campaign, Contact, Send, Suppression
from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import Consent, Subject
from vasistas.guard import keyring
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.sms.outbox import Outbox

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = "Max.Frei@Example.org"


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def ask(address=ADDRESS, client=None):
    return (client or Client()).post(reverse("pages:subscribe"), {"email": address})


def link(number=-1, kind="confirm"):
    return re.search(rf"/bulletins/[\w-]{{43}}/{kind}/", mail.outbox[number].body)[0]


def confirmed(*topics, address=ADDRESS):
    """A visitor who subscribed as one does; their contact."""
    ask(address)
    page = Client().get(link())
    texts = dict(re.findall(r'name="(text-[\w]+)" value="(\w+)"', page.content.decode()))
    Client().post(link(), {"topic": topics or ["topic_features"], **texts})
    with processing("subscriptions"):
        return Contact.objects.get(token=link().split("/")[2])


def may(contact, key="topic_features", channel="mail"):
    return queries.may(contact.subject_id, key, channel, at=datetime.now(UTC))


def send_to(contact, topic="features"):
    campaign = Campaign.objects.create(name="News", topic=topic, channel=contact.channel, made_at=NOW)
    row = {"campaign": campaign, "contact": contact, "subject": contact.subject}
    return Send.objects.create(not_before=NOW, made_at=NOW, **row)


def test_an_address_counts_once_its_owner_pressed_the_button():
    answer = ask()
    contact = Contact.objects.get()
    opened = Client().get(link())

    assert answer.status_code == opened.status_code == 200
    contact.refresh_from_db()
    assert (contact.confirmed_at, Consent.objects.count()) == (None, 0)
    contact = confirmed("topic_features", "topic_offers", address="other@example.org")
    assert contact.confirmed_at is not None
    assert may(contact)
    assert not may(contact, "topic_services")
    assert set(Consent.objects.values_list("source", flat=True)) == {"link"}


def test_confirming_nothing_is_refused_and_writes_nothing():
    ask()
    page = Client().post(link(), {})

    assert page.status_code == 400
    assert Contact.objects.get().confirmed_at is None
    assert not Consent.objects.exists()


def test_the_form_answers_alike_whoever_has_the_address():
    make_member("Vi")
    contact = confirmed()
    operations.refuse(subject_id=contact.subject_id, source="link", at=NOW)
    cache.clear()
    before = len(mail.outbox)
    pages = [ask(address).content for address in ("nobody@example.org", "vi@example.org", ADDRESS)]
    again = ask("nobody@example.org").content

    bodies = {re.sub(rb'nonce="[^"]*"|value="[^"]*"', b"", page) for page in [*pages, again]}
    assert len(bodies) == 1
    assert [one.to for one in mail.outbox[before:]] == [["nobody@example.org"], ["vi@example.org"]]


@pytest.mark.parametrize("address", ["", "max", "a@b", "a@example.org\nBcc: x@example.org", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_said_and_nothing_kept(address):
    assert ask(address).status_code == 400
    assert not Contact.objects.exists()
    assert not mail.outbox


def test_what_nobody_confirms_is_gone_after_seven_days_with_its_keys():
    ask()
    contact = Contact.objects.get()
    handle, subject_id = contact.subject.key_handle, contact.subject_id
    kept = confirmed(address="kept@example.org")
    with processing("retention"):
        early = operations.forget_unconfirmed(contact.asked_at + timedelta(days=6, hours=23))
        gone = operations.forget_unconfirmed(contact.asked_at + timedelta(days=7, minutes=1))

    assert (early, gone) == (0, 1)
    assert list(Contact.objects.all()) == [kept]
    assert not Subject.objects.filter(pk=subject_id).exists()
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(handle, "identity")


def test_a_member_needs_no_second_proof_and_bulletins_follow_the_address():
    vi = make_member("Vi")
    give(vi.subject_id, "bulletins")
    give(vi.subject_id, "topic_offers", "mail")
    contact = Contact.objects.get(subject=vi.subject)

    assert (contact.address, contact.confirmed_at is not None) == ("vi@example.org", True)
    vi.email = "new@example.org"
    vi.save()
    operations.follow_address(subject_id=vi.subject_id, at=NOW)
    contact.refresh_from_db()
    assert contact.address == "new@example.org"
    assert contact.index == rules.index_of("mail", "new@example.org")


def test_an_unproven_member_gets_no_contact():
    vi = make_member("Vi", verified=False)
    give(vi.subject_id, "topic_offers", "mail")

    assert not Contact.objects.exists()


def test_who_proves_an_address_has_it():
    first = confirmed(address="vi@example.org")
    vi = make_member("Vi")
    give(vi.subject_id, "topic_offers", "mail")

    first.refresh_from_db()
    assert first.confirmed_at is None
    assert Contact.objects.get(subject=vi.subject).confirmed_at is not None


def test_looking_stops_nothing_and_one_click_stops_everything():
    contact = confirmed()
    waiting, (stop) = send_to(contact), reverse("pages:stop_bulletins", args=[contact.token])
    looked = Client().get(stop)
    assert (looked.status_code, may(contact)) == (200, True)

    done = Client(enforce_csrf_checks=True).post(stop, {"List-Unsubscribe": "One-Click"})

    waiting.refresh_from_db()
    assert (done.status_code, waiting.state, waiting.because) == (200, "cancelled", "objected")
    assert not may(contact)
    assert Suppression.objects.get().index == contact.index
    assert Consent.objects.filter(act="objected").get().source == "link"


def test_unknown_tokens_are_answered_alike():
    known = confirmed()
    unknown = reverse("pages:stop_bulletins", args=["u" * 43])
    stop = reverse("pages:stop_bulletins", args=[known.token])

    assert Client().post(stop).content.replace(known.token.encode(), b"") == Client().post(unknown).content.replace(
        b"u" * 43, b""
    )
    assert Client().post(unknown).status_code == 200
    for name in ("pages:preferences", "pages:confirm_subscription"):
        assert Client().get(reverse(name, args=["u" * 43])).status_code == 404


def test_a_visitor_changes_and_deletes_by_the_link():
    contact = confirmed("topic_features")
    page = reverse("pages:preferences", args=[contact.token])
    Client().post(page, {"act": "withdraw", "key": "topic_features", "channel": "mail"})
    Client().post(page, {"act": "pace", "pace": "weekly"})
    contact.refresh_from_db()

    assert (may(contact), contact.pace) == (False, "weekly")
    Client().post(page, {"act": "erase"})
    assert not Contact.objects.exists()
    assert Client().get(page).status_code == 404


def test_a_forwarded_link_shows_no_address():
    contact = confirmed("topic_features")
    page = Client().get(reverse("pages:preferences", args=[contact.token])).content.decode().lower()

    assert "<dd>confirmed</dd>" in page
    assert contact.address.lower() not in page


def test_a_member_is_not_erased_by_a_link():
    vi = make_member("Vi")
    give(vi.subject_id, "topic_offers", "mail")
    contact = Contact.objects.get()
    Client().post(reverse("pages:preferences", args=[contact.token]), {"act": "erase"})

    assert Subject.objects.get(pk=vi.subject_id).state == "active"


def test_a_withdrawn_topic_cancels_its_letters_alone():
    contact = confirmed("topic_features", "topic_offers")
    one, other = send_to(contact, "features"), send_to(contact, "offers")
    withdraw(contact.subject_id, "topic_features", "mail", at=datetime.now(UTC))

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, one.because, other.state) == ("cancelled", "withdrawn", "queued")


def test_taking_an_objection_back_frees_the_address_and_nothing_a_server_said():
    vi = make_member("Vi")
    object_(vi.subject_id)
    index = rules.index_of("mail", "vi@example.org")
    operations.suppress(channel="mail", index=index, reason="bounced", at=NOW)
    assert set(Suppression.objects.values_list("index", "reason")) == {(index, "objected"), (index, "bounced")}

    lift(vi.subject_id)

    assert list(Suppression.objects.values_list("reason", flat=True)) == ["bounced"]


def test_who_was_forwarded_a_letter_cannot_add_a_number_of_their_own(tmp_path):
    sms.configure(Outbox(tmp_path, key=b"k" * 32))
    vi = make_member("Vi")
    give(vi.subject_id, "topic_offers", "mail")
    page = reverse("pages:preferences", args=[Contact.objects.get().token])

    Client().post(page, {"act": "phone", "number": "+352 621 123 456"})

    assert "telephone" not in Client().get(page).content.decode().casefold()
    assert Contact.objects.count() == 1
    sms.configure(None)


def test_a_number_one_typed_and_did_not_prove_gives_no_power_over_it(tmp_path):
    sms.configure(Outbox(tmp_path, key=b"k" * 32))
    number = "+352621123456"
    operations.refuse_address(channel="sms", address=number, source="sms", at=NOW, reason="stopped")
    mal = make_member("Mal")
    operations.ask_by_sms(subject_id=mal.subject_id, number=number, language="en", at=NOW)

    object_(mal.subject_id)
    lift(mal.subject_id)

    index = rules.index_of("sms", number)
    assert set(Suppression.objects.filter(index=index).values_list("reason", flat=True)) == {"objected", "stopped"}
    sms.configure(None)


@pytest.mark.parametrize("key", ["profiles", "marketing", "payments", "statistics"])
def test_a_link_switches_on_bulletins_and_nothing_else(key):
    vi = make_member("Vi")
    give(vi.subject_id, "topic_offers", "mail")
    page = reverse("pages:preferences", args=[Contact.objects.get().token])
    digest = consents.text_hash(get_policy().consents[key], "en")

    Client().post(page, {"act": "give", "key": key, "channel": "", "text": digest})
    topic = consents.text_hash(get_policy().consents["topic_offers"], "en")
    Client().post(page, {"act": "give", "key": "topic_offers", "channel": "sms", "text": topic})

    given = Consent.objects.filter(act="given").values_list("key", "channel", "source")
    assert list(given) == [("topic_offers", "mail", "account")]


def test_a_number_nobody_proved_takes_no_subscriber_along(tmp_path):
    sms.configure(Outbox(tmp_path, key=b"k" * 32))
    contact = confirmed()
    operations.ask_by_sms(subject_id=contact.subject_id, number="+352621123456", language="en", at=NOW)
    with processing("retention"):
        assert operations.forget_unconfirmed(NOW + timedelta(days=8)) == 1

    assert list(Contact.objects.all()) == [contact]
    assert may(contact)
    sms.configure(None)


def test_one_network_does_not_have_sms_sent_without_end(tmp_path):
    outbox = Outbox(tmp_path, key=b"k" * 32)
    sms.configure(outbox)
    for turn in range(7):
        contact = confirmed(address=f"a{turn}@example.org")
        page = reverse("pages:preferences", args=[contact.token])
        Client().post(page, {"act": "phone", "number": f"+352 621 123 45{turn}"})

    assert len(outbox.latest()) == 5
    sms.configure(None)


class TestPhone:
    NUMBER = "+352 621 123 456"

    @pytest.fixture(autouse=True)
    def telephones(self, tmp_path):
        self.outbox = Outbox(tmp_path, key=b"k" * 32)
        sms.configure(self.outbox)
        yield
        sms.configure(None)

    def code(self):
        return re.match(r"\d{6}", self.outbox.latest()[0].text)[0]

    def wait(self, vi):
        operations.ask_by_sms(subject_id=vi.subject_id, number=self.NUMBER, language="en", at=NOW)
        return Contact.objects.get(channel="sms")

    def test_a_number_is_proven_by_its_code(self):
        vi = make_member("Vi")
        contact = self.wait(vi)
        assert (contact.address, contact.confirmed_at) == ("+352621123456", None)
        operations.confirm_number(subject_id=vi.subject_id, code=self.code(), at=NOW)

        contact.refresh_from_db()
        assert (contact.confirmed_at, contact.code_hash) == (NOW, "")

    def test_five_wrong_codes_end_it(self):
        vi = make_member("Vi")
        self.wait(vi)
        wrong = "000000" if self.code() != "000000" else "111111"
        for _turn in range(rules.CODE_ATTEMPTS_MAX):
            with pytest.raises(operations.CodeRefused):
                operations.confirm_number(subject_id=vi.subject_id, code=wrong, at=NOW)
        with pytest.raises(operations.CodeRefused):
            operations.confirm_number(subject_id=vi.subject_id, code=self.code(), at=NOW)

    def test_an_old_code_is_refused(self):
        vi = make_member("Vi")
        self.wait(vi)
        with pytest.raises(operations.CodeRefused):
            operations.confirm_number(
                subject_id=vi.subject_id, code=self.code(), at=NOW + timedelta(minutes=10, seconds=1)
            )

    def test_a_number_that_said_stop_gets_no_code(self):
        operations.refuse_address(channel="sms", address=self.NUMBER, source="sms", at=NOW, reason="stopped")
        self.wait(make_member("Vi"))

        assert not list(self.outbox.latest())

    @pytest.mark.parametrize("number", ["", "621123456", "+352", "+352 621", "not a number", "+999123456789"])
    def test_what_is_no_number_is_said(self, number):
        with pytest.raises(rules.AddressRefused):
            operations.ask_by_sms(subject_id=make_member("Vi").subject_id, number=number, language="en", at=NOW)
        assert not Contact.objects.exists()
