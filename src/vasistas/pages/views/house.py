"""The house itself: one's account, privacy, who runs it, and its source."""

import functools
import io
import tarfile

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vasistas.guard.access import public

_NOT_SOURCE = {"__pycache__"}


def my_account(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/my_account.html")


@public("anyone may know what is stored before giving anything")
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html")


@public("anyone may reach the operator")
def contact(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/contact.html")


@public("the licence grants everyone who uses the site its source")
def source(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/source.html")


@public("the licence grants everyone who uses the site its source")
def source_archive(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — Django's signature
    """The running package itself (AGPL-3.0 section 13), with the operator's changes in it."""
    return HttpResponse(_archive(), content_type="application/gzip")


@functools.cache
def _archive() -> bytes:
    def only_source(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if _NOT_SOURCE & set(entry.name.split("/")) else entry

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(settings.PACKAGE, arcname="vasistas", filter=only_source)
    return packed.getvalue()
