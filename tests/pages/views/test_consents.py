"""My Account, consents and messages: switches as forms, the history with receipts, and what a browser says."""

import json

import pytest
from django.test import Client

from tests.factories.accounts import make_member
from tests.pages.test_every_page import Tree, faults_of
from vasistas.apps.privacy.models import Consent
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.rights import archive
from vasistas.proof.checks import rights

pytestmark = pytest.mark.django_db
PAGE, MESSAGES = "/account/consents/", "/account/messages/"
GPC = {"Sec-GPC": "1"}


@pytest.fixture
def vi(client):
    member = make_member("Vi")
    client.force_login(member)
    return member


def forms(client, page=PAGE):
    """The forms of switches: (key, channel) -> what each of its buttons does, and what it sends along."""
    root, found = Tree(client.get(page).content.decode()).root, {}
    for form in root.all("form"):
        sent = {
            one.attributes["name"]: one.attributes["value"] for one in form.all("input") if "name" in one.attributes
        }
        if "key" in sent:
            acts = [one.attributes["value"] for one in form.all("button")]
            found[sent["key"], sent["channel"]] = (acts, sent)
    return found


def press(client, key, channel="", page=PAGE):
    acts, sent = forms(client, page)[key, channel]
    answer = client.post(page, {**sent, "act": acts[0]})
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    return acts


def records(member):
    with processing("rights"):
        return list(Consent.objects.filter(subject_id=member.subject_id).order_by("pk"))


@pytest.mark.parametrize("address", [PAGE, MESSAGES, f"{PAGE}00000000-0000-4000-8000-000000000000/receipt.jsonld"])
def test_visitors_are_sent_to_sign_in(client, address):
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", [PAGE, MESSAGES])
def test_members_see_whole_pages_before_and_after_choosing(client, vi, address):
    before = faults_of(client.get(address).content.decode())
    press(client, "bulletins", page=MESSAGES)
    press(client, "topic_webcams", "sms", page=MESSAGES)
    client.post(PAGE, {"act": "object"})

    assert before == []
    assert faults_of(client.get(address).content.decode()) == []


def test_every_switch_is_off_and_has_one_button_to_turn_it_on(client, vi):
    assert {key: acts for (key, _channel), (acts, _sent) in forms(client).items()} == {
        key: ["give"] for key in ("payments", "bulletins", "marketing", "profiles", "statistics")
    }
    assert {acts[0] for acts, _sent in forms(client, MESSAGES).values()} == {"give"}
    assert len(forms(client, MESSAGES)) == 1 + 4 * 2  # mail and SMS


def test_a_press_turns_it_on_and_the_next_one_off(client, vi):
    assert [press(client, "profiles"), press(client, "profiles"), press(client, "profiles")] == [
        ["give"],
        ["withdraw"],
        ["give"],
    ]
    assert [(one.key, one.act, one.source) for one in records(vi)] == [
        ("profiles", "given", "account"),
        ("profiles", "withdrawn", "account"),
        ("profiles", "given", "account"),
    ]


def test_what_was_shown_is_noted_with_version_hash_and_language(client, vi):
    client.cookies["django_language"] = "en"
    press(client, "statistics")
    (record,) = records(vi)
    policy = get_policy()

    assert record.policy_version == policy.version
    assert record.text_hash == consents.text_hash(policy.consents["statistics"], record.language)


def test_the_messages_page_says_that_all_is_off_until_chosen(client, vi):
    assert "All of them are off until you turn them on" in client.get(MESSAGES).content.decode()


def test_a_topic_waits_while_bulletins_are_off(client, vi):
    press(client, "topic_features", "mail", page=MESSAGES)
    waiting = client.get(MESSAGES).content.decode()
    press(client, "bulletins", page=MESSAGES)

    assert "On, and waits" in waiting
    assert "On, and waits" not in client.get(MESSAGES).content.decode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 404),
        ({"act": "give"}, 404),
        ({"act": "give", "key": "nothing", "text": "0" * 64}, 404),
        ({"act": "give", "key": "profiles", "channel": "mail"}, 404),
        ({"act": "give", "key": "profiles", "text": "0" * 64}, 409),
        ({"act": "give", "key": "profiles"}, 409),
        ({"act": "allow_all", "key": "profiles"}, 404),
        ({"act": "withdraw", "key": "x" * 5000}, 404),
    ],
)
def test_bad_forms_are_refused_and_write_nothing(client, vi, sent, status):
    assert client.post(PAGE, sent).status_code == status
    assert records(vi) == []


def test_a_form_without_its_token_is_refused(vi):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(vi)

    assert strict.post(PAGE, {"act": "object"}).status_code == 403
    assert records(vi) == []


def test_objecting_takes_one_press_and_stops_what_it_should(client, vi):
    press(client, "marketing")
    client.post(PAGE, {"act": "object"})
    stopped = forms(client)
    text = consents.text_hash(get_policy().consents["marketing"], "en")
    refused = client.post(PAGE, {"act": "give", "key": "marketing", "text": text})
    client.post(PAGE, {"act": "lift"})

    assert {("marketing", ""), ("profiles", "")} & stopped.keys() == set()
    assert stopped["statistics", ""][0] == ["give"]
    assert refused.status_code == 409
    assert forms(client)["marketing", ""][0] == ["give"]


# -- Global Privacy Control --------------------------------------------------------------------------------------------


def test_a_browser_objects_once(client, vi):
    for _time in range(3):
        client.get("/", headers=GPC)

    assert [(one.act, one.source) for one in records(vi)] == [("objected", "gpc")]


def test_while_the_browser_objects_it_cannot_be_taken_back(client, vi):
    client.get(PAGE, headers=GPC)
    refused = client.post(PAGE, {"act": "lift"}, headers=GPC)
    done = client.post(PAGE, {"act": "lift"})

    assert (refused.status_code, done.status_code) == (409, 302)
    assert [one.act for one in records(vi)] == ["objected", "lifted"]


def test_what_was_taken_back_stands_against_the_signal_of_later_sessions(client, vi):
    client.get(PAGE, headers=GPC)
    client.post(PAGE, {"act": "lift"})
    again = Client()
    again.force_login(vi)
    again.get(PAGE, headers=GPC)

    assert [one.act for one in records(vi)] == ["objected", "lifted"]


def test_signal_counts_where_only_another_objection_was_taken_back(client, vi):
    client.post(PAGE, {"act": "object"})
    client.post(PAGE, {"act": "lift"})
    client.get(PAGE, headers=GPC)

    assert [(one.act, one.source) for one in records(vi)][-1] == ("objected", "gpc")


def test_other_values_and_visitors_object_to_nothing(client, vi):
    client.get("/", headers={"Sec-GPC": "0"})
    answer = Client().get("/", headers=GPC)

    assert records(vi) == []
    assert not answer.cookies
    with processing("rights"):
        assert Consent.objects.count() == 0


def test_a_member_who_is_being_erased_still_gets_an_answer(client, vi):
    with processing("maintain", reason="a test"):
        type(vi.subject).objects.filter(pk=vi.subject_id).update(state="erasing")

    assert client.get("/", headers=GPC).status_code == 200


# -- History, receipts, archive ----------------------------------------------------------------------------------------


def test_the_history_has_a_receipt_to_download(client, vi):
    press(client, "profiles")
    (record,) = records(vi)
    address = f"{PAGE}{record.receipt_id}/receipt.jsonld"
    answer = client.get(address)

    assert address in client.get(PAGE).content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/ld+json")
    assert json.loads(answer.content)["dpv:hasRecord"]["@id"] == f"urn:uuid:{record.receipt_id}"


def test_the_receipt_of_another_is_not_there(client, vi):
    press(client, "profiles")
    (record,) = records(vi)
    client.force_login(make_member("Max"))

    of_vi = client.get(f"{PAGE}{record.receipt_id}/receipt.jsonld")
    of_nobody = client.get(f"{PAGE}00000000-0000-4000-8000-000000000000/receipt.jsonld")

    assert (of_vi.status_code, of_nobody.status_code) == (404, 404)
    assert "Profile" not in client.get(PAGE).content.decode().split('id="history"')[1]


def test_choices_are_in_the_archive_and_in_my_data(client, vi):
    press(client, "profiles")
    (record,) = records(vi)
    files = rights.taken(archive.stream(vi.subject_id, at=record.at, language="en"))
    (row,) = rights.rows_in(files, "privacy.Consent")

    assert (row["key"], row["act"], row["text_hash"]) == ("profiles", "given", record.text_hash)
    assert record.text_hash in client.get("/account/data/user.preference.consent/").content.decode()
