"""One room, as its viewers see it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from vasistas.guard.access import public


@public("rooms are watched without an account")
def watch(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "pages/watch.html", {"slug": slug})


@public("rooms are watched without an account")
def snapshot(request: HttpRequest, slug: str) -> JsonResponse:
    return JsonResponse({"slug": slug})
