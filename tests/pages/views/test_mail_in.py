"""The mail provider brings mails: verified, kept before they are acknowledged, and refused when forged."""

import base64
import json

import pytest
from django.test import Client

from vasistas.apps.support import operations
from vasistas.apps.support.models import RawMail, Ticket, TicketMessage
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db
SECRET = "vasistas:a-secret-of-letters"
HEADS = [{"Name": "Message-ID", "Value": "<1@example.org>"}]
MAIL = {
    "FromFull": {"Email": "max@example.org", "Name": "Max"},
    "From": "max@example.org",
    "ToFull": [{"Email": "privacy@example.org", "Name": ""}],
    "To": "privacy@example.org",
    "OriginalRecipient": "privacy@example.org",
    "Subject": "Black",
    "TextBody": "The picture is black.",
    "Headers": HEADS,
    "MessageID": "x",
}


@pytest.fixture
def postmark(settings):
    settings.MAIL_PROVIDER, settings.MAIL_TRACKING = "postmark", {"webhook_secret": SECRET}


def bring(body, *, provider="postmark", secret=SECRET):
    given = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(secret.encode()).decode()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/mail/{provider}/inbound/", raw, content_type="application/json", **given)


def test_a_mail_is_kept_and_becomes_a_conversation_once(postmark):
    assert [bring(MAIL).status_code for _again in range(2)] == [200, 200]
    assert RawMail.objects.count() == 2
    assert operations.take_in(RawMail.objects.latest("pk").received_at) == 2

    with processing("support"):
        assert [(one.title, one.address) for one in Ticket.objects.all()] == [("Black", "max@example.org")]
        assert [one.text for one in TicketMessage.objects.filter(direction="in")] == ["The picture is black."]


def test_a_large_mail_passes_the_limit_of_forms(postmark, settings):
    large = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    attached = {"Name": "a.txt", "ContentType": "text/plain", "Content": base64.b64encode(large).decode()}
    assert bring({**MAIL, "Attachments": [{**attached, "ContentLength": len(large)}]}).status_code == 200
    assert RawMail.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        (MAIL, {"secret": "vasistas:wrong"}, 400),
        (MAIL, {"provider": "mailgun"}, 404),
        (b"{", {}, 400),
        (b"[]", {}, 400),
    ],
)
def test_what_is_forged_or_broken_is_refused(postmark, body, options, status):
    assert bring(body, **options).status_code == status
    assert not RawMail.objects.exists()


def test_too_many_are_asked_to_come_again(postmark, monkeypatch):
    monkeypatch.setattr("vasistas.apps.support.operations.intake.MAILS_MAX", 1)
    assert [bring(MAIL).status_code for _again in range(2)] == [200, 503]
