"""Where visitors arrive: the front page and the directory."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vasistas.guard.access import public


@public("the front page shows what is live to everyone")
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html")


@public("rooms can be found without an account")
def directory(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/directory.html")
