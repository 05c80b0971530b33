"""The mail provider's door: whoever forges it changes nothing, and what is repeated counts once."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client

from tests.apps.bulletins.test_feedback import make_contact, make_send, objected, suppressed
from vasistas.apps.bulletins import hooks
from vasistas.apps.bulletins.models import Campaign, Send, Suppression

pytestmark = pytest.mark.django_db

SECRET = "vasistas:a-secret-of-letters"
BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "1", "Email": "vi@example.org"}
DELIVERY = {"RecordType": "Delivery", "MessageID": "1", "Recipient": "vi@example.org"}
COMPLAINT = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "MessageID": "1"}


@pytest.fixture
def postmark(settings: Any) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_TRACKING = "postmark", {"webhook_secret": SECRET}


def tell(body: Any, *, provider: str = "postmark", secret: str = SECRET, **headers: str) -> Any:
    """Post as a provider does, from outside: with CSRF checks on."""
    if secret:
        headers["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(secret.encode()).decode()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/mail/{provider}/tracking/", raw, content_type="application/json", **headers)


def test_a_bounce_suppresses_and_its_repetition_changes_nothing(postmark):
    contact = make_contact()
    send = make_send(contact)

    answers = [tell(BOUNCE).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    send.refresh_from_db()
    assert send.state == Send.State.BOUNCED
    assert suppressed(contact) == {"bounced"}
    assert Campaign.objects.get().bounced == 1


def test_a_complaint_is_an_objection_within_the_request(postmark):
    contact = make_contact()
    make_send(contact)

    assert tell(COMPLAINT).status_code == 200

    assert objected(contact)
    assert suppressed(contact) == {"complained", "objected"}


def test_a_delivery_is_counted_and_opening_is_not(postmark):
    make_send(make_contact())

    assert tell({"RecordType": "Open", "MessageID": "1"}).status_code == 200
    assert Send.objects.get().state == Send.State.HANDED

    assert tell(DELIVERY).status_code == 200
    assert Campaign.objects.get().delivered == 1


@pytest.mark.parametrize("secret", ["", "vasistas:wrong", "vasistas:", "a-secret-of-letters", "vasistas:ä"])
def test_without_its_secret_nothing_is_done(postmark, secret):
    make_send(make_contact())

    answer = tell(BOUNCE, secret=secret)

    assert (answer.status_code, answer.content) == (400, hooks.FORGED.encode())
    assert Send.objects.get().state == Send.State.HANDED
    assert not Suppression.objects.exists()


def test_what_nobody_knows_is_answered_alike(postmark):
    make_send(make_contact())

    known, unknown = tell(BOUNCE), tell({**BOUNCE, "MessageID": "2"})

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (200, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"[" * 100_000,
        b'{"RecordType": 7, "MessageID": {}}',
        b'{"RecordType": "Inbound"}',
        b'{"RecordType": "Delivery", "DeliveredAt": 7, "MessageID": "1"}',
        b'{"RecordType": "Bounce", "MessageID": "1", "Metadata": "x", "Type": []}',
        b" " * (hooks.TRACKING_BYTES_MAX + 1),
    ],
)
def test_what_no_provider_sends_breaks_nothing(postmark, body):
    make_send(make_contact())

    assert tell(body).status_code in {200, 400}
    assert Send.objects.get().state == Send.State.HANDED


def test_there_is_no_door_of_another_provider(postmark, settings):
    assert tell(BOUNCE, provider="brevo").status_code == 404
    settings.MAIL_PROVIDER, settings.MAIL_TRACKING = "", {}
    assert tell(BOUNCE).status_code == 404


def test_looking_does_nothing(postmark, client):
    assert client.get("/mail/postmark/tracking/").status_code == 405
    assert client.head("/mail/postmark/tracking/").status_code == 200  # some look whether it is there


def test_a_provider_that_signs_must_sign(settings):
    settings.MAIL_PROVIDER = "mailgun"
    settings.MAIL_TRACKING = {"webhook_secret": SECRET, "webhook_signing_key": "signing"}
    contact = make_contact()
    make_send(contact, reference="<1@x>")
    data = {"event": "failed", "severity": "permanent", "timestamp": 1, "reason": "bounce"}
    data["message"] = {"headers": {"message-id": "1@x"}}
    signature = hmac.new(b"signing", b"1token", hashlib.sha256).hexdigest()

    def body(signed: str) -> dict[str, Any]:
        return {"event-data": data, "signature": {"token": "token", "timestamp": "1", "signature": signed}}

    assert tell(body("0" * 64), provider="mailgun").status_code == 400
    assert suppressed(contact) == set()

    assert tell(body(signature), provider="mailgun", secret="").status_code == 400
    assert tell(body(signature), provider="mailgun").status_code == 200
    assert suppressed(contact) == {"bounced"}


def test_more_events_than_are_sent_at_once_are_refused(settings):
    settings.MAIL_PROVIDER, settings.MAIL_TRACKING = "mailjet", {"webhook_secret": SECRET}
    make_send(make_contact())
    events = [{"event": "sent", "MessageID": 1}] * (hooks.EVENTS_MAX + 1)

    assert tell(events, provider="mailjet").status_code == 400
    assert tell(events[:3], provider="mailjet").status_code == 200
    assert Campaign.objects.get().delivered == 1


def test_the_log_names_nobody(postmark, caplog):
    make_send(make_contact())

    tell(BOUNCE, secret="vasistas:wrong")
    tell(BOUNCE)

    assert "vi@example.org" not in caplog.text
    assert "wrong" not in caplog.text
