"""The door of the mail provider for mails that come in."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts.outbox.provider import PROVIDERS
from vasistas.apps.bulletins.hooks import FORGED, MALFORMED
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.inbound import Refused
from vasistas.pages import mail_in

BODY_BYTES_MAX = 25 * 1024 * 1024  # of one message: a mail as JSON
MAILS_MAX = 50  # in one message
FOR_NOW = 500  # and above: a refusal for good (RFC 5321, 4.2.1)


@public("the mail provider brings mails; verified by the secret in its address, and by its signature")
@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
@processing("intake")
def mail_inbound(request: HttpRequest, provider: str) -> HttpResponse:
    """Take mails from the site's provider. It keeps what is not answered with 200, and comes again."""
    if not provider or provider != settings.MAIL_PROVIDER:
        raise Http404
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.method == "HEAD":
        return HttpResponse()
    if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    try:
        mails = _verified(provider, request)
    except (SuspiciousOperation, ImproperlyConfigured, ImportError, *MALFORMED):
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    for raw in mails:
        try:
            mail_in.take_raw(raw, timezone.now())
        except Refused as refused:
            if refused.code < FOR_NOW:
                return _plain(f"{refused.sentence}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse()


def _verified(provider: str, request: HttpRequest) -> list[bytes]:
    """The mails of a message, by django-anymail's view of this provider.

    Raises: SuspiciousOperation: it is forged. ImportError: it brings no mails. What MALFORMED lists: it is not what the
    provider sends.
    """
    vars(request)["_body"] = request.read()  # past the limit of forms: a mail has one of its own, asked above
    name = PROVIDERS[provider].title.replace(" ", "")
    view: Any = import_string(f"anymail.webhooks.{provider}.{name}InboundWebhookView")(**settings.MAIL_TRACKING)
    view.run_validators(request)
    events = view.parse_events(request)
    if len(events) > MAILS_MAX:
        raise ValueError("more mails than a provider brings at once")
    return [_as_raw(event.message) for event in events if event.message is not None]


def _as_raw(message: Any) -> bytes:
    """The mail with its envelope written down on top, as a mail server does (RFC 5321, 4.4; RFC 9228)."""
    to = str(message.envelope_recipient or "").splitlines()
    return (f"Delivered-To: {to[0]}\r\n".encode() if to else b"") + bytes(message)


def _plain(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
