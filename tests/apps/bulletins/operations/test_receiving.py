"""What mails that come in do: by a real SMTP conversation, into the real operations."""

import pytest

from tests.factories.accounts import make_member
from tests.factories.consents import NOW, lift
from tests.factories.inbound import bounce, complaint, letter
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact, Send, Suppression
from vasistas.apps.bulletins.operations import receiving
from vasistas.apps.privacy.models import Consent, Subject
from vasistas.apps.privacy.operations import create_subject
from vasistas.guard.purposes import processing
from vasistas.inbound import Refused, parse

pytestmark = pytest.mark.django_db
DOMAIN, PRIVACY = "in.cams.example", "privacy@example.org"
NOBODY = "n" * 43


@pytest.fixture(autouse=True)
def domain(settings):
    settings.MAIL_IN_DOMAIN = DOMAIN


def make_contact(subject_id=None, address="vi@example.org", channel="mail"):
    subject_id = subject_id or create_subject(kind=Subject.Kind.VISITOR, at=NOW).pk
    index = rules.index_of(channel, address)
    row = {"subject_id": subject_id, "channel": channel, "address": address, "index": index}
    return Contact.objects.create(language="en", confirmed_at=NOW, **row)


def make_send(contact, state=Send.State.QUEUED):
    campaign = Campaign.objects.create(name="News", topic="features", made_at=NOW)
    row = {"campaign": campaign, "contact": contact, "subject": contact.subject, "state": state}
    return Send.objects.create(not_before=NOW, made_at=NOW, **row)


def came(raw, to, envelope="vi@example.org"):
    with processing("test"):
        return receiving.take(parse(raw, to=to, envelope=envelope), at=NOW)


def objections(subject_id=None):
    found = Consent.objects.filter(act="objected")
    found = found.filter(subject_id=subject_id) if subject_id else found
    return list(found.values_list("key", "source"))


def suppressed():
    return sorted(Suppression.objects.values_list("reason", flat=True))


BY_MAIL = [("direct_marketing", "mail")]


@pytest.mark.parametrize(
    ("way", "text", "subject"),
    [
        ("unsubscribe", "", ""),
        ("unsubscribe", "whatever", "unsubscribe"),
        ("reply", "Unsubscribe, please", "Re: Reef"),
        ("reply", "", "STOP"),
    ],
)
def test_answer_refuses_and_cancels_what_waits(way, text, subject):
    contact = make_contact()
    send = make_send(contact)
    came(letter(text, subject=subject, sender="other@example.org"), receiving.address_for(way, contact.token))
    send.refresh_from_db()

    assert objections(contact.subject_id) == BY_MAIL
    assert suppressed() == ["objected"]
    assert (send.state, send.because) == ("cancelled", "objected")


def test_twice_is_once():
    contact = make_contact()
    for _time in range(2):
        came(letter("stop"), receiving.address_for("unsubscribe", contact.token))

    assert objections() == BY_MAIL


def test_member_is_known_by_the_address_they_write_from():
    vi = make_member("Vi")
    came(letter("I object to advertising.", sender="Vi <VI@example.org>"), PRIVACY)

    assert objections(vi.subject_id) == BY_MAIL


def test_address_nobody_has_is_written_down():
    came(letter("unsubscribe", sender="max@example.net"), PRIVACY)

    assert suppressed() == ["objected"]
    assert objections() == []


def test_token_that_is_gone_leaves_the_address():
    came(letter("unsubscribe"), receiving.address_for("unsubscribe", NOBODY))

    index = rules.index_of("mail", "vi@example.org")
    assert list(Suppression.objects.values_list("index", "reason")) == [(index, "objected")]


def test_other_answers_are_told_that_nobody_reads_them():
    contact = make_contact()
    with pytest.raises(Refused, match="unsubscribe") as refused:
        came(letter("What a nice reef!"), receiving.address_for("reply", contact.token))

    assert refused.value.code == 550
    assert objections() == []


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Precedence: bulk"])
def test_machines_refuse_and_ask_nothing(header):
    contact = make_contact()
    came(letter("unsubscribe", headers=[header]), receiving.address_for("reply", contact.token))
    came(letter("unsubscribe", headers=[header]), PRIVACY)

    assert (objections(), suppressed()) == ([], [])


def test_our_own_mail_that_comes_back_asks_nothing():
    came(letter("Hello", sender=PRIVACY), PRIVACY)
    came(letter("Hello", sender=receiving.address_for("reply", NOBODY)), PRIVACY)

    assert (objections(), suppressed()) == ([], [])


# -- Bounces and complaints ----------------------------------------------------------------------------------------


def test_hard_bounce_suppresses_at_once():
    contact = make_contact()
    send = make_send(contact, Send.State.HANDED)
    came(bounce("5.1.1"), receiving.address_for("bounce", contact.token), envelope="")
    send.refresh_from_db()

    assert suppressed() == ["bounced"]
    assert send.state == "bounced"
    assert objections() == []


def test_soft_bounces_suppress_when_they_are_many():
    contact = make_contact()
    for time in range(rules.SOFT_BOUNCES_MAX):
        assert suppressed() == [], time
        make_send(contact, Send.State.HANDED)
        came(bounce("4.2.2"), receiving.address_for("bounce", contact.token), envelope="")

    assert suppressed() == ["bounced"]


@pytest.mark.parametrize("raw", [bounce("5.1.1"), complaint(token=NOBODY)])
def test_token_that_nobody_has_changes_nothing(raw):
    make_contact()
    came(raw, receiving.address_for("bounce", NOBODY), envelope="")

    assert (suppressed(), objections()) == ([], [])


def test_bounce_to_the_privacy_address_changes_nothing():
    make_contact()
    came(bounce("5.1.1"), PRIVACY, envelope="")

    assert suppressed() == []


def test_complaint_objects_and_suppresses():
    contact = make_contact()
    came(complaint(token=contact.token), PRIVACY, envelope="")

    assert objections(contact.subject_id) == BY_MAIL
    assert suppressed() == ["complained", "objected"]


def test_complaint_by_an_address_alone_can_be_taken_back():
    vi = make_member("Vi")
    came(complaint(token="", address="vi@example.org"), PRIVACY, envelope="")
    assert (objections(vi.subject_id), suppressed()) == (BY_MAIL, ["objected"])

    lift(vi.subject_id)
    assert suppressed() == []


# -- Letters to the staff ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "is_dealt_with"),
    [
        (letter("What do you know about me?"), False),
        (letter("I object to your advertising. " + "And I want my data. " * 20), False),
        (letter("I object to your advertising."), False),
        (complaint(token=NOBODY), True),
    ],
)
def test_what_says_more_than_a_refusal_is_left_to_the_support(raw, is_dealt_with):
    assert came(raw, PRIVACY) is is_dealt_with


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        (f"reply+{NOBODY}@{DOMAIN}", True),
        (f"Unsubscribe+{NOBODY}@IN.cams.example", True),
        ("Privacy@example.org", True),
        (f"reply+{NOBODY}@elsewhere.example", False),
        (f"reply+short@{DOMAIN}", False),
        (f"reply+{NOBODY}\n@{DOMAIN}", False),
        (DOMAIN, False),
        ("", False),
    ],
)
def test_addresses_of_ours(address, is_ours):
    assert receiving.is_ours(address) is is_ours
