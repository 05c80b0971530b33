"""Turns a typed refusal into an answer a person or a script can use, in one place for every view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from vasistas.lib.errors import DomainError, LimitReached


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
