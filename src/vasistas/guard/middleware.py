"""Around each request: no cookie but those declared and allowed; one scope, so that nothing stated from outside reaches
a view, and what was read is written down before the answer leaves.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from vasistas.guard import cookies, purposes, third_party
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import Actor
from vasistas.lib.errors import DomainError

VISITOR = Actor("visitor")

logger = logging.getLogger(__name__)


class GateCookies:
    """Lets no cookie out that the register does not list, or that needs a consent nobody gave (guard/cookies.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        cookies.gate(request, response, get_policy(), timezone.now().date())
        return response


class StatePurpose:
    """Opens the scope of a request, and states the purpose of views that libraries bring (guard/third_party.py).

    Our own views state theirs: `@processing("rooms")`. A library's purpose holds until the answer is rendered.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            with purposes.scope(actor=lambda: actor_of(request)):
                return self.get_response(request)
        except DomainError as error:  # no log, no data: the answer that was ready is dropped
            logger.error("guard.answer_dropped code=%s", error.code)  # noqa: TRY400 — a database's traceback quotes rows
            return _refused(request, error)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        purpose = third_party.purpose_of(request.resolver_match)
        if purpose is not None:
            purposes.state(purpose)
        return None


def actor_of(request: HttpRequest) -> Actor:
    """Who asks. Asks the database nothing: a member whom no code has looked up yet is a visitor."""
    member = getattr(request, "_cached_user", None)  # who came; request.user may have changed by signing in or out
    if member is None or not member.is_authenticated:
        member = getattr(request, "user", None)
    if member is None or isinstance(member, SimpleLazyObject) or not member.is_authenticated:
        return VISITOR
    return Actor("staff" if member.is_staff else "member", member.subject_id)


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Say why, without the request's own context: what is read for it could not be written down either."""
    if request.accepts("text/html") and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        site = {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "is_demo": settings.DEMO}
        page = render_to_string("errors/refused.html", {**site, "error": error})
        return HttpResponse(page, status=error.status)
    return JsonResponse({"code": error.code, "message": error.message, "fields": error.fields}, status=error.status)
