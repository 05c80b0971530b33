"""Screens that compose several apps. The studio's are in `pages.studio`, the policy's in `views.policy`."""

from vasistas.pages.views.errors import bad_request, csrf_refused, forbidden, not_found, server_error
from vasistas.pages.views.front import directory, home, lobby
from vasistas.pages.views.health import livez, readyz
from vasistas.pages.views.house import contact, source, source_archive
from vasistas.pages.views.room import snapshot, watch

__all__ = [
    "bad_request",
    "contact",
    "csrf_refused",
    "directory",
    "forbidden",
    "home",
    "livez",
    "lobby",
    "not_found",
    "readyz",
    "server_error",
    "snapshot",
    "source",
    "source_archive",
    "watch",
]
