"""The provider's calls, over HTTP: verified first, repeated without harm, told apart from nobody's."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from tests.apps.bulletins.telephones import MAX, VI, has_objected, make_phone, make_send, outbox, provided
from tests.factories.accounts import make_member
from tests.sms.twilio_server import ACCOUNT, SENDER, TOKEN, signed
from vasistas.apps.bulletins.models import Suppression
from vasistas.apps.bulletins.operations import texting
from vasistas.sms.port import CALL_BYTES_MAX, Incoming, Status
from vasistas.sms.twilio import TwilioPort

pytestmark = pytest.mark.django_db
SITE = "https://cams.example"
INCOMING, STATUS = "/sms/twilio/incoming/", "/sms/twilio/status/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def twilio(settings):
    settings.PUBLIC_URL = SITE
    with provided(TwilioPort(account=ACCOUNT, token=TOKEN, sender=SENDER)):
        yield


@pytest.fixture
def box(tmp_path):
    with outbox(tmp_path) as one:
        yield one


def call(path: str, fields: dict[str, str], token: str = TOKEN):
    """As Twilio: to our public address, whatever a proxy makes of it; without cookies and tokens of a form."""
    client = Client(enforce_csrf_checks=True)
    return client.post(path, urlencode(fields), content_type=FORM, headers=signed(SITE + path, fields, token))


def test_the_addresses_are_these():
    assert reverse("bulletins:sms_incoming", args=["twilio"]) == INCOMING
    assert reverse("bulletins:sms_status", args=["twilio"]) == STATUS


def test_stop_at_twilio_stops(twilio):
    vi = make_member("Vi")
    make_phone(vi.subject_id)

    answers = [call(INCOMING, {"From": VI, "Body": "Stop"}) for _ in range(2)]

    assert [(one.status_code, one["Content-Type"]) for one in answers] == [(200, "text/xml; charset=utf-8")] * 2
    assert answers[0].content.endswith(b"<Response></Response>")
    assert has_objected(vi.subject_id)


def test_help_is_answered_by_twiml(twilio, settings):
    answer = call(INCOMING, {"From": MAX, "Body": "HELP"})

    assert f"<Message>{settings.OPERATOR.name}" in answer.content.decode()


@pytest.mark.parametrize("path", [INCOMING, STATUS])
def test_what_twilio_has_not_signed_does_nothing(twilio, path):
    vi = make_member("Vi")
    send = make_send(make_phone(vi.subject_id), "handed", provider_ref="SM1")
    fields = {"From": VI, "Body": "STOP", "MessageSid": "SM1", "MessageStatus": "failed"}

    answers = [call(path, fields, token="another"), Client().post(path, fields), Client().post(path)]
    answers.append(Client().post(path, b"x" * (CALL_BYTES_MAX + 1), content_type=FORM))

    assert {(one.status_code, one.content) for one in answers} == {
        (400, b"This message was not understood. Nothing was done.\n")
    }
    assert not Suppression.objects.exists()
    send.refresh_from_db()
    assert send.state == "handed"


def test_twilio_tells_what_became_of_a_message(twilio):
    send = make_send(make_phone(make_member("Vi").subject_id), "handing")
    path = f"{STATUS}?key={texting.key_of(send.pk)}"

    answer = call(path, {"MessageSid": "SM1", "MessageStatus": "delivered"})

    assert answer.status_code == 200
    send.refresh_from_db()
    assert (send.state, send.provider_ref) == ("delivered", "SM1")


def test_a_status_of_nobody_is_answered_alike(twilio):
    known = make_send(make_phone(make_member("Vi").subject_id), "handed", provider_ref="SM1")
    answers = [call(STATUS, {"MessageSid": ref, "MessageStatus": "sent"}) for ref in ("SM1", "SM2")]

    assert {(one.status_code, one.content) for one in answers} == {(200, b"")}
    known.refresh_from_db()
    assert known.state == "handed"


@pytest.mark.parametrize("path", ["/sms/outbox/incoming/", "/sms/other/incoming/", "/sms/outbox/status/"])
def test_a_provider_we_have_not_is_not_there(twilio, path):
    assert Client().post(path).status_code == 404


def test_without_sms_there_is_no_door():
    with provided(None):
        assert Client().post(INCOMING).status_code == 404


@pytest.mark.parametrize("path", [INCOMING, STATUS])
def test_looking_does_nothing(twilio, path):
    assert Client().get(path).status_code == 405


def test_the_outbox_speaks_the_same_way(box, settings):
    vi = make_member("Vi")
    send = make_send(make_phone(vi.subject_id), "handed", provider_ref="r")
    for said, path in (
        (Status(provider_ref="r", key="", state="delivered"), "/sms/outbox/status/"),
        (Incoming(sender=VI, text="STOP"), "/sms/outbox/incoming/"),
    ):
        headers, body = box.called(said, settings.PUBLIC_URL + path)
        answer = Client().post(path, body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")

    send.refresh_from_db()
    assert send.state == "delivered"
    assert has_objected(vi.subject_id)
