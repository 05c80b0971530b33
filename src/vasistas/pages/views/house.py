"""The house itself: who runs it, and its source."""

import functools
import io
import tarfile
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vasistas.guard.access import public
from vasistas.guard.views import touches_nothing

_NOT_SOURCE = {"__pycache__"}
_AROUND_THE_PACKAGE = (
    "LICENSE",
    "README.md",
    "Makefile",
    "pyproject.toml",
    "requirements",
    "policy",
)  # where it runs from source


@public("anyone may reach the operator")
@require_safe
@touches_nothing("the same for everyone")
def contact(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/contact.html")


@public("the licence grants everyone who uses the site its source")
@require_safe
@touches_nothing("the same for everyone")
def source(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/source.html", {"version": metadata.version("vasistas")})


@public("the licence grants everyone who uses the site its source")
@require_safe
@touches_nothing("the same for everyone")
def source_archive(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — Django's signature
    """The running package itself (AGPL-3.0 section 13), with the operator's changes in it."""
    name = f"vasistas-{metadata.version('vasistas')}.tar.gz"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(_archive(), content_type="application/gzip", headers=headers)


@functools.cache
def _archive() -> bytes:
    def only_source(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""  # the name of the account it runs under is nobody's business
        return None if _NOT_SOURCE & set(entry.name.split("/")) else entry

    package = Path(settings.PACKAGE)
    root = package.parent.parent
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(package, arcname="vasistas/src/vasistas", filter=only_source)
        if (root / "pyproject.toml").is_file():
            for name in _AROUND_THE_PACKAGE:
                archive.add(root / name, arcname=f"vasistas/{name}", filter=only_source)
    return packed.getvalue()
