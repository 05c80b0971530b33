"""What holds for every answer: headers that keep it private, and refusals a person or a script can use."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import Consent
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone
from vasistas.lib.errors import DomainError, LimitReached
from vasistas.pages import my_data

GPC_NOTED = "gpc_noted"  # in the session: its objection is written down

# What pages use is ours alone; what no page uses is nobody's, whatever script should ever get in.
_OURS = "autoplay camera clipboard-write fullscreen microphone picture-in-picture publickey-credentials-create"
_OURS += " publickey-credentials-get screen-wake-lock"
_NOBODYS = "display-capture geolocation hid midi payment serial usb xr-spatial-tracking"
PERMISSIONS_POLICY = ", ".join(
    [*(f"{feature}=(self)" for feature in _OURS.split()), *(f"{feature}=()" for feature in _NOBODYS.split())]
)


class KeepPrivate:
    """Pages are for one person unless their view says otherwise: no cache keeps them, no other site embeds them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class SuspendedKeepRights:
    """A suspended member (`is_active` False) signs in, and reaches My Account and what confirms who they are: to see,
    take along, object and erase needs nobody's leave (GDPR Art. 12(2)). No room is shown to them while they are signed
    in; everywhere else they are a visitor.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else ""
        if request.path.startswith(reverse("pages:my_account")) or (name or "").startswith(_KEPT_WHEN_SUSPENDED):
            return None
        asked: Any = request.user
        if name == "watch" and _is_suspended(asked):
            return redirect("pages:my_statements")
        if name in _OF_OPEN_PAGES and _is_suspended(asked):  # an open page would come back as a visitor's
            body = {"code": "accounts.suspended", "message": _("Your account is suspended."), "fields": {}}
            return JsonResponse(body, status=HTTPStatus.FORBIDDEN)
        if getattr(view, "login_required", True) and _is_suspended(asked):
            return redirect("pages:requests")
        request.user = SimpleLazyObject(lambda: AnonymousUser() if _is_suspended(asked) else asked)  # type: ignore[assignment]  # as Django's own
        return None


_OF_OPEN_PAGES = ("whep", "snapshot")  # what a room's page asks for by itself
_KEPT_WHEN_SUSPENDED = ("account_logout", "account_reauthenticate", "mfa_authenticate", "mfa_reauthenticate")


def _is_suspended(user: Any) -> bool:
    return bool(user.is_authenticated and not user.is_active)


class HonourGpc:
    """A member whose browser sends `Sec-GPC: 1` objects to direct marketing and profiles: written down once in each
    session, and not at all where an objection stands already, or where they have taken back one that a browser sent.
    Source: W3C, https://www.w3.org/TR/gpc/.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> None:
        if request.headers.get("Sec-GPC") != "1" or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        with processing("session"):
            member = request.user
            if not isinstance(member, Member) or request.session.get(GPC_NOTED):
                return
            said = operations.Said(timezone.now(), my_data.language(), Consent.Source.GPC)
            try:
                if not queries.has_overruled_gpc(member.subject_id, at=said.at):
                    operations.object_to_marketing(subject_id=member.subject_id, said=said)
            except SubjectGone:
                return  # being erased: nothing is sent to them any more
            request.session[GPC_NOTED] = True


class ShowDomainErrors:
    """`DomainError` → JSON `{code, message, fields}` for scripts, a page for people, with the error's own status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content and _is_a_person(request):
            page = render(request, "errors/405.html", status=response.status_code)
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        if _is_a_person(request):
            response = render(request, "errors/refused.html", {"error": error}, status=error.status)
        else:
            body = {"code": error.code, "message": error.message, "fields": error.fields}
            response = JsonResponse(body, status=error.status)
        if isinstance(error, LimitReached) and error.retry_after_s is not None:
            response["Retry-After"] = str(error.retry_after_s)
        return response


def _is_a_person(request: HttpRequest) -> bool:
    """Whether a browser shows the answer as a page, as far as its headers say."""
    return request.accepts("text/html") and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
