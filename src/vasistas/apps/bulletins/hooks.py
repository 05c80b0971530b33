"""Doors of providers: what became of mails and SMS, and what telephones answer.

What comes in is verified first; the same again changes nothing.
"""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from vasistas.apps.accounts.outbox.provider import PROVIDERS
from vasistas.apps.bulletins.operations import feedback, texting
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.inbound import tracking
from vasistas.inbound.tracking import Fate
from vasistas.sms.port import CALL_BYTES_MAX, CallForged

TRACKING_BYTES_MAX = 1_000_000  # of one message of a provider
EVENTS_MAX = 2_000  # in one message
FORGED = "This message was not understood. Nothing was done.\n"
MALFORMED = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, AssertionError, RecursionError)
NOTES: Mapping[Fate, Callable[..., bool]] = {
    Fate.DELIVERED: feedback.note_delivered,
    Fate.COMPLAINED: feedback.note_complaint,
    Fate.REFUSED: feedback.note_refusal,
    Fate.FAILED: feedback.note_failed,
}

logger = logging.getLogger(__name__)


@public("the mail provider tells what became of mails; verified by the secret in its address, and by its signature")
@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
@processing("subscriptions")
def mail_tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Take in what the site's provider tells; mails that nobody knows are answered alike."""
    if not provider or provider != settings.MAIL_PROVIDER:
        raise Http404
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.method == "HEAD" or not length.isdecimal() or int(length) > TRACKING_BYTES_MAX:
        return _plain("", HTTPStatus.OK) if request.method == "HEAD" else _plain(FORGED, HTTPStatus.BAD_REQUEST)
    try:
        told = _verified(provider, request)
    except ImproperlyConfigured:  # an operator gave the provider this address for something else: mails that come in
        logger.warning("mail_tracking.misplaced", extra={"provider": provider})
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    except (SuspiciousOperation, *MALFORMED):
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    at = timezone.now()
    for one in told:
        if note := NOTES.get(one.fate):
            note(reference=one.reference, at=at)
        else:
            feedback.note_bounce(reference=one.reference, hard=one.fate == Fate.BOUNCED, at=at)
    return _plain("", HTTPStatus.OK)


@public("providers of SMS call it; what they say is verified")
@csrf_exempt
@never_cache
@require_POST
@processing("subscriptions")
def sms_incoming(request: HttpRequest, provider: str) -> HttpResponse:
    """An SMS came: STOP ends everything, HELP says who we are."""
    try:
        _check_size(request)
        answer = texting.receive(
            provider=provider, headers=request.headers, url=_called(request), body=request.body, at=timezone.now()
        )
    except CallForged:
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    return HttpResponse(answer.body, content_type=answer.content_type)


@public("providers of SMS call it; what they say is verified")
@csrf_exempt
@never_cache
@require_POST
@processing("subscriptions")
def sms_status(request: HttpRequest, provider: str) -> HttpResponse:
    """What became of an SMS. One we do not know is answered alike."""
    try:
        _check_size(request)
        texting.receive_status(
            provider=provider, headers=request.headers, url=_called(request), body=request.body, at=timezone.now()
        )
    except CallForged:
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    return _plain("", HTTPStatus.OK)


def _verified(provider: str, request: HttpRequest) -> list[tracking.Told]:
    """Read a message by django-anymail's view of this provider.

    Raises: SuspiciousOperation: it is forged. What MALFORMED lists: it is not what the provider sends.
    """
    name = PROVIDERS[provider].title.replace(" ", "")
    view: Any = import_string(f"anymail.webhooks.{provider}.{name}TrackingWebhookView")(**settings.MAIL_TRACKING)
    view.run_validators(request)
    events = view.parse_events(request)
    if len(events) > EVENTS_MAX:
        raise ValueError("more events than a provider sends at once")
    return [told for told in map(tracking.read, events) if told is not None]


def _called(request: HttpRequest) -> str:
    """The address as the provider knows it: a proxy before us may have another."""
    return settings.PUBLIC_URL + request.get_full_path()


def _check_size(request: HttpRequest) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > CALL_BYTES_MAX:
        raise CallForged


def _plain(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)
