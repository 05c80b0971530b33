"""Consents: the law of what may be done, records that stay, and who may write them."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.accounts import make_member
from tests.factories.consents import NEW_WORDS, NOW, Source, give, lift, object_, under_policy, withdraw
from vasistas.apps.accounts import operations as accounts
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import AppendOnly, Consent, Subject
from vasistas.apps.privacy.operations import ConsentRefused
from vasistas.apps.privacy.operations import consents as writes
from vasistas.apps.privacy.queries import consents as reads
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import LimitReached, NotFound

LATER = NOW + timedelta(days=1)
SWITCHES = ["payments", "bulletins", "marketing", "profiles", "statistics"]
EVERY = [(one.key, channel) for one in get_policy().consents.values() for channel in one.channels or ("",)]


def on(subject_id, at=NOW):
    return {(key, channel) for key, channel in EVERY if queries.may(subject_id, key, channel, at=at)}


@pytest.fixture
def vi(db):
    return make_member("Vi").subject_id


def test_the_policy_has_five_switches_and_topics_under_one_of_them():
    policy = get_policy().consents

    assert [key for key, one in policy.items() if not one.under] == SWITCHES
    assert {one.under for one in policy.values() if one.under} == {"bulletins"}
    assert {one.channels for one in policy.values() if one.under} == {("mail", "sms")}


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

    refused = pytest.raises(DatabaseError, match="consents")
    with processing("maintain", reason="a test"), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert on(vi) == {("profiles", "")}


def test_erasing_takes_them_along(vi):
    give(vi, "profiles")
    object_(vi)

    erased = operations.erase(subject_id=vi, at=NOW)

    assert erased.rows["privacy.Consent"] == 2
    assert on(vi) == set()


def test_an_account_nobody_verified_goes_with_its_objection(db):
    ghost = make_member("Max", verified=False)
    type(ghost).objects.filter(pk=ghost.pk).update(date_joined=NOW - timedelta(days=30))
    object_(ghost.subject_id, Source.MAIL)

    gone = accounts.forget_unverified(NOW)

    assert gone == 1
    assert not Consent.objects.filter(subject_id=ghost.subject_id).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_switches_at_once_are_both_on_record():
    vi = make_member("Vi").subject_id
    start, failed = threading.Barrier(2), []

    def press(key):
        try:
            start.wait(timeout=10)
            give(vi, key)
        except Exception as error:  # noqa: BLE001 — told after the threads have ended
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
