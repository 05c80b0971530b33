"""Whom a campaign reaches: as `may_each` says of each, and nobody who must not be written to."""

import random
from datetime import timedelta

import pytest

from tests.apps.bulletins.readers import NOW, make_campaign, make_reader
from tests.factories.accounts import make_member
from tests.factories.consents import give, lift, object_, withdraw
from tests.factories.rooms import make_room
from vasistas.apps.bulletins.models import Contact, Send, Suppression
from vasistas.apps.bulletins.operations import sending, suppress
from vasistas.apps.bulletins.queries import audience
from vasistas.apps.privacy.models import Consent, Subject, UseObjection
from vasistas.apps.privacy.queries import consents as choices
from vasistas.apps.rooms.models import Follow
from vasistas.guard.policy import consents, get_policy

pytestmark = pytest.mark.django_db

KEYS = [("bulletins", ""), ("topic_features", "mail"), ("topic_features", "sms"), ("topic_offers", "mail")]


def test_the_sql_says_what_may_each_says_of_everyone():
    """400 people with histories at random, of choices, objections, other texts and languages."""
    chance = random.Random(6)
    for number in range(400):
        contact = make_reader(f"reader-{number}", topic="")
        for step in range(chance.randrange(9)):
            Consent.objects.create(subject_id=contact.subject_id, at=NOW + timedelta(seconds=step), **_choice(chance))
    at = NOW + timedelta(seconds=5)  # in the middle: what is chosen later does not count yet
    contacts = dict(Contact.objects.values_list("subject_id", "pk"))
    for topic in ("features", "offers"):
        campaign = make_campaign(topic=topic)
        allowed = choices.may_each(contacts, f"topic_{topic}", "mail", at=at)

        assert audience.still(campaign, list(contacts.values()), list(contacts), at) == {contacts[s] for s in allowed}
        assert audience.count(campaign, at) == len(allowed)
        assert 5 < len(allowed) < 390


def _choice(chance):
    key, channel = chance.choice([*KEYS[:2], *KEYS[:2], *KEYS])
    language = chance.choice(["en", "en", "fr"])
    digest = consents.text_hash(get_policy().consents[key], language if chance.random() < 0.95 else "de")
    act = chance.choices(["given", "withdrawn", "objected", "lifted"], [12, 2, 1, 1])[0]
    if act in {"objected", "lifted"}:
        key, channel = "direct_marketing", ""
    said = {"policy_version": 1, "text_hash": digest, "language": language, "source": "account"}
    return {"key": key, "channel": channel, "act": act, **said}


def test_who_must_not_be_written_to_is_not_in_it():
    campaign = make_campaign()
    vi, ada, bo, max_, lea = (make_reader(name) for name in ("Vi", "Ada", "Bo", "Max", "Lea"))
    make_reader("Unproven", confirmed_at=None)
    suppress(channel="mail", index=ada.index, reason=Suppression.Reason.BOUNCED, at=NOW)
    Subject.objects.filter(pk=bo.subject_id).update(state="restricted")
    UseObjection.objects.create(subject_id=max_.subject_id, purpose="bulletins", at=NOW)
    object_(lea.subject_id, at=NOW)

    sending.begin(campaign.pk, NOW)

    assert [send.contact_id for send in Send.objects.all()] == [vi.pk]


def test_an_objection_taken_back_brings_no_consent_back():
    vi = make_reader("Vi", subject_id=make_member("Vi").subject_id)
    object_(vi.subject_id, at=NOW)
    lift(vi.subject_id, at=NOW)
    assert audience.count(make_campaign(), NOW) == 0

    give(vi.subject_id, "bulletins", at=NOW)
    give(vi.subject_id, "topic_features", "mail", at=NOW)
    assert audience.count(make_campaign(), NOW) == 1

    withdraw(vi.subject_id, "bulletins", at=NOW)
    assert audience.count(make_campaign(), NOW) == 0


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"vi", "max"}),
        ({"language": ["fr"]}, {"max"}),
        ({"account": True}, {"vi"}),
        ({"account": False}, {"max"}),
        ({"follows_any": True}, {"vi"}),
        ({"follows_category": "music"}, {"vi"}),
        ({"follows_category": "nature"}, set()),
        ({"follows_room": "room"}, {"vi"}),
        ({"joined_before": "2026-11-20"}, {"max"}),
        ({"joined_after": "2026-11-20"}, {"vi"}),
    ],
)
def test_each_attribute_chooses(asked, found):
    member, room = make_member("Vi"), make_room()
    Follow.objects.create(room=room, member=member, at=NOW)
    contacts = {
        "vi": make_reader("Vi", subject_id=member.subject_id, topic="webcams"),
        "max": make_reader("Max", topic="webcams", language="fr"),
    }
    Subject.objects.filter(pk=contacts["vi"].subject_id).update(created_at=NOW)
    Subject.objects.filter(pk=contacts["max"].subject_id).update(created_at=NOW - timedelta(days=30))
    asked = {name: room.pk if value == "room" else value for name, value in asked.items()}
    campaign = make_campaign(topic="webcams", audience=asked)
    subjects = [one.subject_id for one in contacts.values()]

    allowed = audience.still(campaign, [one.pk for one in contacts.values()], subjects, NOW)

    assert {name for name, one in contacts.items() if one.pk in allowed} == found
