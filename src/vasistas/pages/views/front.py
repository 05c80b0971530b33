"""Where visitors arrive: the front page and the directory."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Category, ContentClass, Language, Room
from vasistas.apps.rooms.queries import RoomFilters
from vasistas.apps.rooms.rules import Viewer, lobbies_for
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.pages import live

FEATURED_MAX = 12  # live cards on the front page
FEW = 4  # with fewer rooms on air than this, the front page shows others as well
OTHERS_MAX = 8  # cards of rooms that are not on air
FOLLOWED_MAX = 8  # cards of followed rooms


@public("the front page shows what is live to everyone")
@never_cache
@require_safe
@processing("rooms")
def home(request: HttpRequest) -> HttpResponse:
    viewer = Viewer.of(request.user, request.session)
    positions = live.page(_channels(viewer), snapshot_url=reverse("pages:lobby"))
    featured = rooms.featured(viewer, FEATURED_MAX)
    followed = rooms.followed_rooms(viewer)[:FOLLOWED_MAX]
    context = {
        "realtime": positions,
        "featured": featured,
        "others": _others(viewer, followed) if len(featured) < FEW else [],
        "followed": followed,
        "facets": rooms.facets(viewer),
    }
    return render(request, "pages/home.html", context)


@public("rooms can be found without an account")
@never_cache
@require_safe
@processing("rooms")
def directory(request: HttpRequest) -> HttpResponse:
    viewer = Viewer.of(request.user, request.session)
    filters = RoomFilters.of(request.GET)
    context = {
        "realtime": live.page(_channels(viewer), snapshot_url=reverse("pages:lobby")),
        "filters": filters,
        "page": rooms.list_rooms(filters, viewer),
        "chips": _chips(filters),
        "paging": _query(filters, page=None),
        "categories": rooms.facets(viewer),
        "languages": Language.choices,
        "content_classes": [
            choice for choice in ContentClass.choices if viewer.is_age_confirmed or choice[0] != "adult"
        ],
        "is_age_confirmed": viewer.is_age_confirmed,
    }
    return render(request, "pages/directory.html", context)


@public("the front page is open to everyone, and so is what keeps it fresh")
@never_cache
@require_safe
@processing("rooms")
def lobby(request: HttpRequest) -> JsonResponse:
    """Fresh grants and positions for pages of cards; the cards themselves are read from the page again."""
    viewer = Viewer.of(request.user, request.session)
    return JsonResponse({"channels": live.positions(_channels(viewer))})


def _channels(viewer: Viewer) -> list[str]:
    """Cards as they change; and what is one's own, as the balance in the header."""
    own = [f"member:{viewer.member.pk}"] if viewer.member is not None else []
    return [*lobbies_for(viewer), *own]


def _others(viewer: Viewer, shown: list[Room]) -> list[Room]:
    """The newest rooms that are neither on air nor shown already."""
    newest = rooms.list_rooms(RoomFilters(sort="newest"), viewer)
    return [room for room in newest if not room.is_on_air and room not in shown][:OTHERS_MAX]


def _query(filters: RoomFilters, **changes: Any) -> str:
    """The address of the same list with some filters changed; None takes one away, and so do defaults."""
    asked = {**asdict(filters), "page": None, **changes}
    asked["live"] = "1" if asked["live"] else None
    if asked["sort"] == "viewers":
        asked["sort"] = None
    return urlencode({name: value for name, value in asked.items() if value})


def _chips(filters: RoomFilters) -> list[dict[str, str]]:
    """The filters in force: {label, query}, query being the list without that one."""
    labels = {
        "q": f"“{filters.q}”",
        "category": dict(Category.choices).get(filters.category, ""),
        "tag": f"#{filters.tag}",
        "language": dict(Language.choices).get(filters.language, ""),
        "content_class": dict(ContentClass.choices).get(filters.content_class, ""),
        "live": _("Live now"),
    }
    return [
        {"label": str(label), "query": _query(filters, **{name: None})}
        for name, label in labels.items()
        if getattr(filters, name)
    ]
