"""Screens that compose several apps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vasistas.guard.access import public


@public("the front page shows what is live to everyone")
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/500.html", status=500)
