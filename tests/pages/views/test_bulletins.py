"""The staff's desk for bulletins: write, look, count, test, send; refused where it must be, and shown whole."""

from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.apps.bulletins import telephones
from tests.factories.accounts import make_member
from tests.factories.bulletins import make_contact
from tests.factories.consents import give, object_
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.factories.smtp import mail_server
from tests.pages.test_every_page import faults_of
from tests.pages.views.test_changes import staff
from vasistas.apps.accounts import outbox
from vasistas.apps.accounts.queries import subject_of_address as subject_of
from vasistas.apps.bulletins.models import Campaign, Send
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db

DESK = "/staff/bulletins/"
WRITTEN = {
    "name": "Autumn",
    "topic": "features",
    "channel": "mail",
    "subject_line": "What is new",
    "preheader": "Two small things",
    "body": "# Rooms are faster\n\nThat is **all**.",
    "per_minute": "0",
}
WRITTEN_SMS = "Rooms are faster."
TEXTED = {**WRITTEN, "channel": "sms", "sms_text": WRITTEN_SMS}


@pytest.fixture
def sam() -> Client:
    return staff("Sam")


@pytest.fixture
def readers():
    """Three people who chose new features by mail."""
    return [reader(name) for name in ("Vi", "Bo", "Max")]


def reader(name):
    member = make_member(name)
    make_contact(member)
    give(member.subject_id, "bulletins")
    give(member.subject_id, "topic_features", "mail")
    return member


def write(client, **changed) -> Campaign:
    answer = client.post(f"{DESK}new/", {**WRITTEN, **changed})
    assert answer.status_code == 302, answer.context["form"].errors
    with processing("bulletins"):
        return Campaign.objects.get(pk=answer["Location"].rstrip("/").rpartition("/")[2])


def act(client, campaign, kind, **given):
    return client.post(f"{DESK}{campaign.pk}/act/", {"act": kind, **given}, follow=True)


def state_of(campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def in_state(client, state) -> Campaign:
    campaign = write(client)
    Campaign.objects.filter(pk=campaign.pk).update(state=state, started_at=timezone.now())
    return campaign


# -- Who may -----------------------------------------------------------------------------------------------------------

ADDRESSES = [DESK, f"{DESK}new/", f"{DESK}1/", f"{DESK}1/edit/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_to_members_there_is_no_such_page(client, address):
    client.force_login(make_member("Vi", password=None))

    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", [f"{DESK}preview/", f"{DESK}1/act/"])
def test_nothing_is_done_by_looking(sam, address):
    assert sam.get(address).status_code == 405


def test_sending_asks_for_the_second_factor_once_it_is_stale(client, readers):
    sam = make_member("Sam", is_staff=True)
    client.force_login(sam)  # by a password, long ago
    campaign = write(client)

    for kind in ("start", "schedule", "resume"):
        answer = client.post(f"{DESK}{campaign.pk}/act/", {"act": kind, "counted": 3})
        assert answer["Location"].startswith(reverse("mfa_reauthenticate")), kind

    assert state_of(campaign) == "draft"


# -- Writing -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_written_and_written_on(sam):
    room = make_room(make_host(), slug="reef")
    audience = {"account": "yes", "follows": "room", "room": "reef", "joined_after": "2026-01-02", "language": ["en"]}

    body = WRITTEN["body"].replace("\n", "\r\n")  # as browsers send it
    campaign = write(sam, topic="webcams", per_minute="120", body=body, **audience)

    assert campaign.state == "draft"
    assert campaign.body == WRITTEN["body"]
    assert campaign.per_minute == 120
    assert campaign.audience == {
        "language": ["en"],
        "account": True,
        "joined_after": "2026-01-02",
        "follows_room": room.pk,
    }


def test_a_draft_is_written_on(sam):
    make_room(make_host(), slug="reef")
    campaign = write(sam, topic="webcams", account="yes", follows="room", room="reef")

    form = sam.get(f"{DESK}{campaign.pk}/edit/").context["form"]
    assert {name: form.initial[name] for name in ("account", "follows", "room")} == {
        "account": "yes",
        "follows": "room",
        "room": "reef",
    }

    sam.post(f"{DESK}{campaign.pk}/edit/", {**WRITTEN, "name": "Winter"})

    campaign.refresh_from_db()
    assert campaign.name == "Winter"
    assert campaign.audience == {}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"body": " "}, "body"),
        ({"subject_line": ""}, "subject_line"),
        ({"channel": "sms"}, "sms_text"),
        ({"channel": "push"}, "channel"),
        ({"topic": "marketing"}, "topic"),
        ({"per_minute": "-1"}, "per_minute"),
        ({"per_minute": "9" * 30}, "per_minute"),
        ({"topic": "webcams", "follows": "room", "room": "nowhere"}, "room"),
        ({"topic": "webcams", "follows": "category"}, "category"),
        ({"follows": "any"}, "follows"),
        ({"joined_after": "2026-02-01", "joined_before": "2026-01-01"}, "joined_before"),
        ({"joined_after": "yesterday"}, "joined_after"),
        ({"language": ["xx"]}, "language"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(sam, changed, field):
    answer = sam.post(f"{DESK}new/", {**WRITTEN, **changed})

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert faults_of(answer.text) == []
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("subject", ["Hello\nBcc: max@example.org", "Hello\r\nX-A: b", "Hel\x00lo"])
def test_a_subject_carries_no_headers(sam, subject):
    answer = sam.post(f"{DESK}new/", {**WRITTEN, "subject_line": subject})

    assert answer.status_code == 422
    assert "subject_line" in answer.context["form"].errors


def test_what_is_out_is_written_no_more(sam):
    campaign = in_state(sam, "sending")

    answer = sam.post(f"{DESK}{campaign.pk}/edit/", {**WRITTEN, "name": "Other"})

    assert answer["Location"] == f"{DESK}{campaign.pk}/"
    campaign.refresh_from_db()
    assert campaign.name == "Autumn"


def test_a_bulletin_is_copied(sam):
    campaign = in_state(sam, "done")

    form = sam.get(f"{DESK}new/?from={campaign.pk}").context["form"]

    assert form.initial["subject_line"] == "What is new"
    assert sam.get(f"{DESK}new/?from=987654321").status_code == 404


# -- Looking -----------------------------------------------------------------------------------------------------------


def test_preview_is_closed_and_keeps_nothing(sam):
    answer = sam.post(f"{DESK}preview/", WRITTEN)

    policy = answer["Content-Security-Policy"]
    assert "Rooms are faster" in answer.text
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert not Campaign.objects.exists()


def test_pages_of_the_desk_frame_nobody_else(sam):
    for address in (f"{DESK}new/", f"{DESK}{write(sam).pk}/"):
        assert "frame-src 'self'" in sam.get(address)["Content-Security-Policy"]
    assert "frame-src" not in sam.get(DESK)["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [({**WRITTEN, "shown": "text"}, "That is"), (TEXTED, "Rooms are faster."), ({}, ""), ({"body": "Half"}, "")],
)
def test_preview_shows_plain_text_and_what_is_half_written(sam, sent, said):
    answer = sam.post(f"{DESK}preview/", sent)

    assert answer.status_code == 200
    assert said in answer.text


def test_preview_says_what_is_wrong(sam):
    answer = sam.post(f"{DESK}preview/", {**WRITTEN, "body": "<script>alert(1)</script>"})

    assert answer.status_code == 200
    assert "<script" not in answer.text


# -- Counting, testing, sending ----------------------------------------------------------------------------------------


def test_sam_counts_and_sends_to_so_many(sam, readers):
    campaign = write(sam)

    counted = act(sam, campaign, "count")
    assert counted.context["counted"] == 3
    assert "Send to 3 people now" in counted.text
    assert faults_of(counted.text) == []
    answer = act(sam, campaign, "start", counted=3)

    assert state_of(campaign) == "scheduled"
    assert campaign.scheduled_at <= timezone.now()
    assert "It goes out now" in answer.text


def test_nothing_goes_out_uncounted_or_to_nobody(sam):
    campaign = write(sam)

    assert "Count the audience first" in act(sam, campaign, "start").text
    assert "Nobody would get it" in act(sam, campaign, "start", counted=5).text
    assert state_of(campaign) == "draft"


def test_an_audience_that_has_grown_is_counted_again(sam):
    campaign = write(sam)
    for number in range(12):
        reader(f"Guest {number}")

    assert "has grown" in act(sam, campaign, "start", counted=1).text
    assert state_of(campaign) == "draft"


def test_a_test_goes_to_oneself_alone(sam, readers, settings):
    campaign = write(sam)
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        answer = act(sam, campaign, "test")

    assert "Sent to yourself alone" in answer.text
    assert server.recipients == ["sam@example.org"]
    letter = server.taken[0][1]
    assert letter["Subject"] == "What is new"
    assert site.OPERATOR.address in unescape(letter.get_body(preferencelist=("html",)).get_content())
    assert not Send.objects.exists()


def test_a_test_by_sms_goes_to_ones_own_proven_number(sam, tmp_path):
    campaign = write(sam, **TEXTED)
    assert "Prove your own number" in act(sam, campaign, "test").text

    with telephones.outbox(tmp_path) as box, processing("subscriptions"):
        telephones.make_phone(subject_of("sam@example.org"))
        answer = act(sam, campaign, "test")

    assert "Sent to yourself alone" in answer.text
    assert [(one.number, WRITTEN_SMS in one.text) for one in box.latest()] == [(telephones.VI, True)]


def test_who_objected_gets_no_test_either(sam):
    campaign = write(sam)
    object_(subject_of("sam@example.org"))

    with mail_server() as server:
        assert "You want no bulletins" in act(sam, campaign, "test").text
    assert server.taken == []


def test_a_mail_server_that_is_not_there_is_said(sam, settings):
    with mail_server() as server:
        gone = server.port
    settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{gone}?tls=none")}

    assert "did not take it" in act(sam, write(sam), "test").text


def test_it_is_scheduled_in_the_time_of_the_site_and_taken_back(sam):
    campaign = write(sam)
    when = (timezone.localtime() + timedelta(days=2)).replace(second=0, microsecond=0)

    answer = act(sam, campaign, "schedule", when=f"{when:%Y-%m-%dT%H:%M}")
    assert state_of(campaign) == "scheduled"
    assert campaign.scheduled_at == when
    assert "(UTC)" in answer.text

    act(sam, campaign, "unschedule")
    assert state_of(campaign) == "draft"
    assert campaign.scheduled_at is None


@pytest.mark.parametrize("when", ["2001-01-01T10:00", "2999-01-01T10:00", "soon", ""])
def test_no_time_that_makes_no_sense(sam, when):
    campaign = write(sam)

    answer = act(sam, campaign, "schedule", when=when)

    assert answer.status_code == 422
    assert answer.context["schedule_form"].errors
    assert faults_of(answer.text) == []
    assert state_of(campaign) == "draft"
