"""Consents: the law of what may be done, records that stay, and who may write them."""

import dataclasses
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.accounts import make_member
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import AppendOnly, Consent, Subject
from vasistas.apps.privacy.operations import ConsentRefused, Said
from vasistas.apps.privacy.operations import consents as writes
from vasistas.apps.privacy.queries import consents as reads
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import LimitReached, NotFound
from vasistas.lib.operator import Operator

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
Source = Consent.Source
SWITCHES = ["payments", "bulletins", "marketing", "profiles", "statistics"]
EVERY = [(one.key, channel) for one in get_policy().consents.values() for channel in one.channels or ("",)]
OPERATOR = Operator("Nobody", "1, rue", "privacy@example.org", "+352 1")


def give(subject_id, key, channel="", *, source=Source.ACCOUNT, at=NOW, text=None):
    digest = text or consents.text_hash(get_policy().consents[key], "en")
    said = Said(at, "en", source)
    return operations.give_consent(subject_id=subject_id, key=key, channel=channel, text_hash=digest, said=said)


def withdraw(subject_id, key, channel="", *, source=Source.ACCOUNT, at=NOW):
    return operations.withdraw_consent(subject_id=subject_id, key=key, channel=channel, said=Said(at, "en", source))


def object_(subject_id, source=Source.ACCOUNT, at=NOW):
    return operations.object_to_marketing(subject_id=subject_id, said=Said(at, "en", source))


def lift(subject_id, source=Source.ACCOUNT, at=NOW):
    return operations.lift_objection(subject_id=subject_id, said=Said(at, "en", source))


def on(subject_id, at=NOW):
    return {(key, channel) for key, channel in EVERY if queries.may(subject_id, key, channel, at=at)}


@pytest.fixture
def vi(db):
    return make_member("Vi").subject_id


def test_the_policy_has_five_switches_and_topics_under_one_of_them():
    policy = get_policy().consents

    assert [key for key, one in policy.items() if not one.under] == SWITCHES
    assert {one.under for one in policy.values() if one.under} == {"bulletins"}
    assert {one.channels for one in policy.values() if one.under} == {("mail", "sms", "push")}


def test_who_registers_consents_to_nothing(vi):
    assert on(vi) == set()


@pytest.mark.parametrize("key", SWITCHES)
def test_each_switch_turns_on_by_itself_and_off_again(vi, key):
    give(vi, key)
    during = on(vi)
    withdraw(vi, key)

    assert during == {(key, "")}
    assert on(vi) == set()


def test_a_topic_waits_for_the_switch_above_and_counts_for_its_channel_alone(vi):
    give(vi, "topic_features", "mail")
    alone = on(vi)
    give(vi, "bulletins")

    assert alone == set()
    assert on(vi) == {("bulletins", ""), ("topic_features", "mail")}


def test_the_past_is_asked_by_its_time(vi):
    give(vi, "statistics", at=NOW)
    withdraw(vi, "statistics", at=LATER)

    assert queries.may(vi, "statistics", at=NOW - timedelta(seconds=1)) is False
    assert queries.may(vi, "statistics", at=NOW) is True
    assert queries.may(vi, "statistics", at=LATER) is False


def test_a_second_click_writes_nothing(vi):
    assert give(vi, "profiles") is not None
    assert give(vi, "profiles") is None
    assert withdraw(vi, "profiles") is not None
    assert withdraw(vi, "profiles") is None
    assert object_(vi) is not None
    assert object_(vi, Source.GPC) is None


@pytest.mark.parametrize("source", [one for one in Source if one not in {Source.ACCOUNT, Source.LINK}])
def test_nobody_else_can_give_and_everyone_can_refuse(vi, source):
    with pytest.raises(ConsentRefused):
        give(vi, "profiles", source=source)
    give(vi, "profiles")
    give(vi, "statistics")

    withdraw(vi, "statistics", source=source)
    object_(vi, source)

    assert on(vi) == set()
    with pytest.raises(ConsentRefused):
        lift(vi, source)


def test_the_database_refuses_consent_of_an_import(vi):
    with processing("consents"), pytest.raises(DatabaseError), transaction.atomic():
        Consent.objects.create(
            subject_id=vi, key="profiles", act="given", policy_version=1, text_hash="0" * 64, language="en",
            source=Source.IMPORT, at=NOW,
        )  # fmt: skip


def test_words_that_were_not_shown_are_not_agreed_to(vi):
    with pytest.raises(ConsentRefused, match="words have changed"):
        give(vi, "profiles", text="0" * 64)
    assert on(vi) == set()


@pytest.mark.parametrize(("key", "channel"), [("nothing", ""), ("profiles", "mail"), ("topic_offers", ""), ("", "")])
def test_what_is_no_switch_is_not_found(vi, key, channel):
    with pytest.raises(NotFound):
        queries.may(vi, key, channel, at=NOW)
    with pytest.raises(NotFound):
        give(vi, key, channel, text="0" * 64)
    with pytest.raises(NotFound):
        withdraw(vi, key, channel)


def test_turning_on_has_a_limit_and_turning_off_has_none(vi, monkeypatch):
    monkeypatch.setattr(writes, "GIVEN_PER_DAY_MAX", 2)
    give(vi, "profiles")
    give(vi, "statistics")
    with pytest.raises(LimitReached):
        give(vi, "payments")

    assert withdraw(vi, "profiles") is not None
    assert give(vi, "payments", at=LATER + timedelta(seconds=1)) is not None


def test_a_restricted_account_consents_to_nothing_for_now(vi):
    give(vi, "statistics")
    with processing("maintain", reason="a test"):
        Subject.objects.filter(pk=vi).update(state=Subject.State.RESTRICTED)

    assert on(vi) == set()


def test_many_are_asked_at_once(vi, monkeypatch):
    monkeypatch.setattr(reads, "SUBJECTS_AT_ONCE", 2)
    others = [make_member(name).subject_id for name in ("Ada", "Bo", "Max", "Stu")]
    for subject_id in (vi, others[2]):
        give(subject_id, "statistics")

    assert queries.may_each([vi, *others, 999_999], "statistics", at=NOW) == {vi, others[2]}


# -- Words that change -------------------------------------------------------------------------------------------------


def under_policy(monkeypatch, **changed):
    """The site under a released version 2 that says one switch differently; version 1 stands beside it."""
    first = get_policy()
    one = dataclasses.replace(first.consents["profiles"], **changed)
    second = dataclasses.replace(first, version=2, consents={**first.consents, "profiles": one})
    monkeypatch.setattr(consents, "_released", lambda _folder, number: first if number == 1 else None)
    monkeypatch.setattr(reads, "get_policy", lambda: second)
    monkeypatch.setattr(writes, "get_policy", lambda: second)
    return second


NEW_WORDS = {"en": "Other words.", "fr": "Autres mots."}
NARROWER = {"words": NEW_WORDS, "categories": frozenset({"user.behaviour.viewing"})}


def test_words_that_allow_no_more_leave_consent_as_it_was(vi, monkeypatch):
    give(vi, "profiles")
    under_policy(monkeypatch, **NARROWER)

    assert on(vi) == {("profiles", "")}


@pytest.mark.parametrize(
    "changed",
    [
        {"text": 2, "words": NEW_WORDS},
        {"categories": frozenset({"user.behaviour.viewing", "user.behaviour.following", "user.device"})},
        {"is_objectable": False, "words": NEW_WORDS},
    ],
)
def test_a_widening_asks_anew(vi, monkeypatch, changed):
    give(vi, "profiles")
    second = under_policy(monkeypatch, **changed)

    state = queries.choices_of(vi, at=NOW).state(second, "profiles")
    before = on(vi)
    give(vi, "profiles", text=consents.text_hash(second.consents["profiles"], "en"))

    if second.consents["profiles"].is_objectable or "words" in changed:
        assert state is queries.State.ANEW
    assert before == set()
    assert on(vi) == {("profiles", "")}


def test_words_no_file_has_any_more_cover_nothing(vi, monkeypatch):
    give(vi, "profiles")
    under_policy(monkeypatch, words=NEW_WORDS)
    monkeypatch.setattr(consents, "_released", lambda _folder, _number: None)

    assert on(vi) == set()


# -- Records that stay -------------------------------------------------------------------------------------------------


def test_code_cannot_change_a_record(vi):
    record = give(vi, "profiles")
    record.act = Consent.Act.WITHDRAWN

    with pytest.raises(AppendOnly):
        record.save()
    with pytest.raises(AppendOnly):
        Consent.objects.filter(pk=record.pk).update(act="withdrawn")
    with pytest.raises(AppendOnly):
        Consent.objects.bulk_update([record], ["act"])


@pytest.mark.parametrize("sql", ["UPDATE privacy_consent SET at = at", "DELETE FROM privacy_consent"])
def test_the_database_cannot_either(vi, sql):
    give(vi, "profiles")

    with processing("maintain", reason="a test"), pytest.raises(DatabaseError, match="consents"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql)
    assert on(vi) == {("profiles", "")}


def test_erasing_takes_them_along(vi):
    give(vi, "profiles")
    object_(vi)

    erased = operations.erase(subject_id=vi, at=NOW)

    assert erased.rows["privacy.Consent"] == 2
    assert on(vi) == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="on SQLite writers take turns")
def test_two_switches_at_once_are_both_on_record():
    vi = make_member("Vi").subject_id
    start, failed = threading.Barrier(2), []

    def press(key):
        try:
            start.wait(timeout=10)
            give(vi, key)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[key]) for key in ("profiles", "statistics")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert on(vi) == {("profiles", ""), ("statistics", "")}


# -- The law -----------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["give", "withdraw", "object", "lift"]),
        st.sampled_from([*EVERY[:6], ("topic_offers", "mail"), ("topic_offers", "sms")]),
        st.sampled_from(list(Source)),
    ),
    max_size=14,
)


class Law:
    """The same in a few words: what is on, and whether an objection stands."""

    def __init__(self):
        self.on, self.objects = set(), False

    def take(self, act, switch, source):
        objectable = {one for one in EVERY if get_policy().consents[one[0]].is_objectable}
        if act == "give" and source in {"account", "link"} and not (switch in objectable and self.objects):
            self.on.add(switch)
        elif act == "withdraw":
            self.on.discard(switch)
        elif act == "object":
            self.objects = True
            self.on -= objectable
        elif act == "lift" and source == "account":
            self.objects = False

    @property
    def may(self):
        bulletins = ("bulletins", "") in self.on
        return {one for one in self.on if bulletins or not get_policy().consents[one[0]].under}


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(events=EVENTS)
def test_whatever_happens_may_follows_the_law(events):
    with transaction.atomic():
        law, vi = Law(), make_member(f"Vi {uuid.uuid4().hex[:8]}", password=None).subject_id
        for act, switch, source in events:
            try:
                if act in {"give", "withdraw"}:
                    {"give": give, "withdraw": withdraw}[act](vi, *switch, source=source)
                else:
                    {"object": object_, "lift": lift}[act](vi, source)
            except ConsentRefused:
                pass
            law.take(act, switch, source)
            assert on(vi) == law.may
        transaction.set_rollback(True)


# -- Receipts ----------------------------------------------------------------------------------------------------------

HEADER = ["@context", "@id", "@type", "dct:conformsTo", "dct:issued", "dpv:hasRecord"]
RECORD = [
    "dct:identifier", "dct:conformsTo", "dpv:hasDataSubject", "dpv:hasProcess", "dpv:hasDataController",
    "dpv:hasConsentStatus",
]  # fmt: skip
PROCESS = [
    "dpv:hasNotice", "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasPersonalData", "dpv:hasProcessing",
    "dpv:hasDataSource", "dpv:hasService", "dpv:hasStorageCondition", "dpv:hasRecipient", "dpv:hasJurisdiction",
    "dpv:hasRight", "dpv:hasConsentControl",
]  # fmt: skip
PARTY = ["@id", "@type", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "schema:url"]
EVENT = ["@type", "dct:date", "dpv:hasDuration", "dpv:isIndicatedBy", "dpv:hasIndicationMethod"]


def receipt_of(record):
    receipt = queries.receipt_of(record, get_policy(), OPERATOR, "https://site.example")
    return json.loads(json.dumps(receipt))


def empty(node, names):
    return [name for name in names if not node.get(name)]


def names_in(node):
    if isinstance(node, dict):
        return {key for key in node if not key.startswith("@")}.union(*map(names_in, node.values()))
    return set().union(*map(names_in, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("make", [lambda vi: give(vi, "profiles"), object_])
def test_a_receipt_has_every_field(vi, make):
    receipt = receipt_of(make(vi))
    record = receipt["dpv:hasRecord"]
    party, (event,) = record["dpv:hasDataController"], record["dpv:hasConsentStatus"]

    assert empty(receipt, HEADER) + empty(record, RECORD) + empty(record["dpv:hasProcess"], PROCESS) == []
    assert empty(party, PARTY) + empty(event, EVENT) == []
    assert uuid.UUID(record["dpv:hasDataSubject"]["@id"].removeprefix("urn:uuid:"))


def test_a_receipt_reads_without_asking_another_site(vi):
    receipt = receipt_of(give(vi, "topic_webcams", "sms"))
    prefixes = {name.partition(":")[0] for name in names_in({**receipt, "@context": None})}

    assert prefixes <= set(receipt["@context"])
    assert all(isinstance(one, str) for one in receipt["@context"].values())
    assert receipt["dpv:hasRecord"]["dpv:hasProcess"]["dpv:hasService"]["dct:description"] == "sms"


def test_a_receipt_keeps_the_words_that_were_shown(vi, monkeypatch):
    old = get_policy().consents["profiles"]
    record = give(vi, "profiles")
    second = under_policy(monkeypatch, words=NEW_WORDS)

    receipt = queries.receipt_of(record, second, OPERATOR, "https://site.example")

    notice = receipt["dpv:hasRecord"]["dpv:hasProcess"]["dpv:hasNotice"]
    assert notice["dct:description"] == [old.words["en"]]
    assert notice["dct:identifier"] == f"sha256:{record.text_hash}"
