"""What providers tell of a mail, read by django-anymail's own views from what each of them sends."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.test import RequestFactory

from vasistas.inbound import tracking
from vasistas.inbound.tracking import Fate, Told

KEYS = {"mailgun": {"webhook_signing_key": "k"}, "mailersend": {"signing_secret": "k"}, "postal": {"webhook_key": "k"}}
VIEWS = {
    "brevo": "Brevo",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "mailjet": "Mailjet",
    "mailtrap": "Mailtrap",
    "postal": "Postal",
    "postmark": "Postmark",
    "resend": "Resend",
    "sparkpost": "SparkPost",
}


def events(provider: str, body: Any) -> list[Any]:
    """Read the body as the provider's view does, once it is verified."""
    module = import_module(f"anymail.webhooks.{provider}")
    view = getattr(module, f"{VIEWS[provider]}TrackingWebhookView")
    request = RequestFactory().post("/", json.dumps(body), content_type="application/json")
    made = view(webhook_secret="vasistas:secret", **KEYS.get(provider, {}))
    return list(made.parse_events(request))


def mailgun(**data: Any) -> dict[str, Any]:
    return {"event-data": {"message": {"headers": {"message-id": "1@x"}}, "timestamp": 1, **data}}


def mailersend(kind: str) -> dict[str, Any]:
    data = {"type": kind, "created_at": "2026-11-23T04:00:00Z", "email": {"message": {"id": "1"}}}
    return {"type": f"activity.{kind}", "data": data}


def sparkpost(kind: str, **more: Any) -> list[Any]:
    return [{"msys": {"message_event": {"type": kind, "timestamp": "1", "transmission_id": "1", **more}}}]


def resend(kind: str, bounce: dict[str, str] | None = None) -> dict[str, Any]:
    data = {"email_id": "1", "to": ["vi@example.org"], **({"bounce": bounce} if bounce else {})}
    return {"type": kind, "created_at": "2026-11-23T04:00:00Z", "data": data}


def mailtrap(kind: str, **more: Any) -> dict[str, Any]:
    return {"events": [{"event": kind, "message_id": "1", "timestamp": 1, "email": "vi@example.org", **more}]}


HARD = "The recipient's email provider sent a hard bounce message, but didn't specify the reason."
FULL = "The recipient's email provider sent a bounce message because the recipient's inbox was full."
CASES = [
    ("brevo", {"event": "delivered", "message-id": "<1@x>"}, Fate.DELIVERED),
    ("brevo", {"event": "hard_bounce", "message-id": "<1@x>"}, Fate.BOUNCED),
    ("brevo", {"event": "soft_bounce", "message-id": "<1@x>"}, Fate.DELAYED),
    ("brevo", {"event": "invalid_email", "message-id": "<1@x>"}, Fate.BOUNCED),
    ("brevo", {"event": "complaint", "message-id": "<1@x>"}, Fate.COMPLAINED),
    ("brevo", {"event": "unsubscribe", "message-id": "<1@x>"}, Fate.REFUSED),
    ("brevo", {"event": "unique_opened", "message-id": "<1@x>"}, None),
    ("brevo", {"event": "click", "message-id": "<1@x>"}, None),
    ("brevo", {"event": "delivered"}, None),
    ("brevo", {"event": "delivered", "message-id": "<" + "1" * 200 + "@x>"}, None),
    ("mailersend", mailersend("hard_bounced"), Fate.BOUNCED),
    ("mailersend", mailersend("soft_bounced"), Fate.DELAYED),
    ("mailersend", mailersend("spam_complaint"), Fate.COMPLAINED),
    ("mailgun", mailgun(event="delivered"), Fate.DELIVERED),
    ("mailgun", mailgun(event="failed", severity="permanent", reason="bounce"), Fate.BOUNCED),
    ("mailgun", mailgun(event="failed", severity="temporary", reason="generic"), None),
    ("mailgun", mailgun(event="unsubscribed"), Fate.REFUSED),
    ("mailjet", [{"event": "bounce", "MessageID": 1, "error": "user unknown", "hard_bounce": True}], Fate.BOUNCED),
    ("mailjet", [{"event": "bounce", "MessageID": 1, "error": "quota exceeded", "hard_bounce": False}], Fate.DELAYED),
    ("mailjet", [{"event": "spam", "MessageID": 1}], Fate.COMPLAINED),
    ("mailtrap", mailtrap("delivery"), Fate.DELIVERED),
    ("mailtrap", mailtrap("bounce", response="550 5.1.1 no such user"), Fate.BOUNCED),
    ("mailtrap", mailtrap("reject"), Fate.FAILED),
    ("postal", {"payload": {"status": "Sent", "message": {"id": "1"}}}, Fate.DELIVERED),
    ("postal", {"payload": {"status": "HardFail", "message": {"id": "1"}}}, Fate.BOUNCED),
    ("postal", {"payload": {"bounce": {"id": "2"}, "original_message": {"id": "1"}}}, Fate.BOUNCED),
    ("postmark", {"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "1"}, Fate.BOUNCED),
    ("postmark", {"RecordType": "Bounce", "Type": "SoftBounce", "MessageID": "1"}, Fate.DELAYED),
    ("postmark", {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "MessageID": "1"}, Fate.COMPLAINED),
    ("postmark", {"RecordType": "Open", "MessageID": "1"}, None),
    ("resend", resend("email.delivered"), Fate.DELIVERED),
    ("resend", resend("email.bounced", {"type": "Permanent", "message": HARD}), Fate.BOUNCED),
    ("resend", resend("email.bounced", {"type": "Transient", "message": FULL}), Fate.DELAYED),
    ("sparkpost", sparkpost("bounce", bounce_class="10", raw_reason="550 5.1.1 no such user"), Fate.BOUNCED),
    ("sparkpost", sparkpost("bounce", bounce_class="22", raw_reason="552 mailbox full"), Fate.DELAYED),
    ("sparkpost", sparkpost("bounce", bounce_class="30", raw_reason="451 4.3.0 try later"), Fate.DELAYED),
    ("sparkpost", sparkpost("list_unsubscribe"), Fate.REFUSED),
]


@pytest.mark.parametrize(("provider", "body", "fate"), CASES)
def test_each_provider_is_understood(provider: str, body: Any, fate: Fate | None) -> None:
    (event,) = events(provider, body)

    told = tracking.read(event)

    assert (told.fate if told else None) == fate
    if told:
        assert told.reference in {"1", "<1@x>"}


def test_every_provider_has_a_case() -> None:
    assert {provider for provider, _body, _fate in CASES} == set(VIEWS)


def test_its_own_words_are_not_looked_for_without_end() -> None:
    (event,) = events("brevo", {"event": "hard_bounce", "message-id": "<1@x>"})
    deep: dict[str, Any] = {"event": "soft_bounce"}
    for _ in range(10_000):
        deep = {"more": deep}
    event.esp_event = deep

    assert tracking.read(event) == Told(Fate.BOUNCED, "<1@x>")
