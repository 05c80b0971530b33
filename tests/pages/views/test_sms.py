"""The outbox of SMS: staff see it, the demo's guests too, and whoever looks answers as a telephone."""

import pytest
from django.urls import reverse

from tests.apps.bulletins.telephones import MAX, VI, has_objected, make_phone, outbox, provided
from tests.factories.accounts import make_member
from tests.pages.test_every_page import faults_of
from tests.sms.twilio_server import ACCOUNT, SENDER, TOKEN
from vasistas.apps.bulletins.models import Suppression
from vasistas.sms.twilio import TwilioPort

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(tmp_path, settings):
    settings.SMS_PROVIDER = "outbox"
    with outbox(tmp_path) as one:
        yield one


@pytest.fixture
def sam(client):
    member = make_member("Sam", is_staff=True)
    client.force_login(member)
    return member


@pytest.fixture(params=["staff_sms", "demo_sms"])
def page(request, settings, client):
    """Both pages: as Sam, and as a guest of the demo."""
    settings.DEMO = request.param == "demo_sms"
    if not settings.DEMO:
        client.force_login(make_member("Sam", is_staff=True))
    return reverse(f"pages:{request.param}")


def answer(client, page, **sent):
    return client.post(page, sent, follow=True)


def test_what_was_sent_is_shown_by_telephone(client, page, box):
    box.send(VI, "Reef is live", "send-1")
    box.send(MAX, "Your code is 123456 <b>", "code-1")
    box.send(VI, "a" * 161, "send-2")

    shown = client.get(page)

    text = shown.content.decode()
    assert shown.status_code == 200
    assert faults_of(text) == []
    assert text.count(VI) == text.count(MAX) == 1
    assert text.index(VI) < text.index(MAX)
    assert "Your code is 123456 &lt;b&gt;" in text
    assert "2 segments" in text


def test_a_link_in_an_sms_can_be_followed(client, page, box):
    box.send(VI, "Stop all: https://cams.example/bulletins/x/stop/", "send-1")

    assert 'href="https://cams.example/bulletins/x/stop/"' in client.get(page).content.decode()


def test_an_empty_outbox_says_so(client, page, box):
    shown = client.get(page).content.decode()

    assert "No SMS yet" in shown
    assert faults_of(shown) == []


def test_answering_stop_stops(client, page, box):
    vi = make_member("Vi")
    make_phone(vi.subject_id)
    name = box.send(VI, "Reef is live", "send-1")

    shown = answer(client, page, message=name, text="STOP").content.decode()

    assert has_objected(vi.subject_id)
    assert "The telephone has answered." in shown
    assert [(one.text, one.is_ours) for one in box.latest()] == [("STOP", False), ("Reef is live", True)]


def test_answering_help_is_answered(client, page, box, settings):
    answer(client, page, message=box.send(VI, "Reef is live", "send-1"), text="HELP")

    assert settings.OPERATOR.name in box.latest()[0].text


@pytest.mark.parametrize(
    "sent", [{}, {"text": "STOP"}, {"message": "x", "text": ""}, {"message": "x", "text": "a" * 161}]
)
def test_an_answer_that_is_none_does_nothing(client, page, box, sent):
    box.send(VI, "Reef is live", "send-1")

    shown = answer(client, page, **sent)

    assert "Write what the telephone answers" in shown.content.decode()
    assert len(box.latest()) == 1


def test_a_message_that_is_gone_cannot_be_answered(client, page, box):
    assert answer(client, page, message="../../secret", text="STOP").status_code == 404
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_outside_the_demo_its_page_does_not_exist(client, box, method):
    assert getattr(client, method)(reverse("pages:demo_sms")).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_staff_page_is_for_staff(client, box, method):
    page = reverse("pages:staff_sms")
    assert getattr(client, method)(page).status_code == 302

    client.force_login(make_member("Max"))
    assert getattr(client, method)(page).status_code == 404


def test_a_site_whose_provider_sends_shows_no_message(client, sam, settings):
    settings.SMS_PROVIDER, settings.PUBLIC_URL = "twilio", "https://cams.example"
    with provided(TwilioPort(account=ACCOUNT, token=TOKEN, sender=SENDER)):
        shown = client.get(reverse("pages:staff_sms")).content.decode()
        assert answer(client, reverse("pages:staff_sms"), message="x", text="STOP").status_code == 404

    assert "https://cams.example/sms/twilio/incoming/" in shown
    assert faults_of(shown) == []


def test_a_site_without_sms_says_how_to_begin(client, sam, settings):
    settings.SMS_PROVIDER = ""
    with provided(None):
        shown = client.get(reverse("pages:staff_sms")).content.decode()

    assert "VASISTAS_SMS_PROVIDER" in shown
    assert faults_of(shown) == []
