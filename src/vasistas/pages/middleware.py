"""What holds for every answer: headers that keep it private, and refusals a person or a script can use."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from vasistas.lib.errors import DomainError, LimitReached

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


class ShowDomainErrors:
    """`DomainError` → JSON `{code, message, fields}` for scripts, a page for people, with the error's own status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        if request.accepts("text/html") and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
            response = render(request, "errors/refused.html", {"error": error}, status=error.status)
        else:
            body = {"code": error.code, "message": error.message, "fields": error.fields}
            response = JsonResponse(body, status=error.status)
        if isinstance(error, LimitReached) and error.retry_after_s is not None:
            response["Retry-After"] = str(error.retry_after_s)
        return response
