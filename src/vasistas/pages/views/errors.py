"""What is shown when a page cannot be: with the same footer, and for 500 without touching the database."""

import logging
import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from vasistas.guard.access import public
from vasistas.pages import context

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return _without_database(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return _refused(request, "errors/403.html", status=403)


@public("refusals are shown to everyone")
def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 — Django's signature
    return _refused(request, "errors/403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return _refused(request, "errors/404.html", status=404)


def _refused(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Without the balance: Django draws these in a thread of their own, whose connections nobody closes."""
    return render(request, template, {"credits_shown": None}, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Apologise with a reference that stands in the log beside Django's own report of the fault."""
    reference = secrets.token_hex(4)
    logger.error("pages.failed reference=%s", reference)
    return _without_database(request, "errors/500.html", status=500, reference=reference)


def _without_database(request: HttpRequest, template: str, *, status: int, reference: str = "") -> HttpResponse:
    """Render without the request: neither session nor member is asked for, they may be what is broken."""
    return HttpResponse(render_to_string(template, {**context.site(request), "reference": reference}), status=status)
