"""Lists of rooms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, When

from vasistas.apps.rooms.models import (
    Category,
    ContentClass,
    Language,
    Room,
    RoomQuerySet,
    State,
    Tag,
)
from vasistas.apps.rooms.rules import VISITOR, Viewer

PAGE_SIZE = 24  # rooms per page of the directory
SEARCH_CHARS_MAX = 64
FOLLOWED_SHOWN_MAX = 100


@dataclass(frozen=True)
class RoomFilters:
    """What the address of the directory asks for. `of` drops what no room could match, so that old links still work."""

    q: str = ""
    category: str = ""
    tag: str = ""
    language: str = ""
    content_class: str = ""
    live: bool = False
    sort: str = "viewers"  # or "newest"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read a query string (`request.GET`)."""
        page = query.get("page", "1")
        return cls(
            q=" ".join(query.get("q", "").replace("\0", "").split())[:SEARCH_CHARS_MAX],
            category=_one_of(query.get("category", ""), Category.values),
            tag=query.get("tag", "").replace("\0", "").strip().lower().removeprefix("#")[:SEARCH_CHARS_MAX],
            language=_one_of(query.get("language", ""), Language.values),
            content_class=_one_of(query.get("content_class", query.get("class", "")), ContentClass.values),
            live=query.get("live") == "1",
            sort=_one_of(query.get("sort", ""), ["viewers", "newest"]) or "viewers",
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,  # noqa: PLR2004 — five digits
        )


def _one_of(value: str, values: list[str]) -> str:
    return value if value in values else ""


def _visible(viewer: Viewer) -> RoomQuerySet:
    """Rooms for lists: adult ones only to those who stated their age."""
    rooms = Room.objects.shown()
    return rooms if viewer.is_age_confirmed else rooms.exclude(content_class=ContentClass.ADULT)


def list_rooms(filters: RoomFilters, viewer: Viewer = VISITOR) -> Page[Room]:
    """Return one page of rooms, PAGE_SIZE each; a page beyond the end is the last one."""
    rooms = _visible(viewer)
    if filters.q:
        tagged = Exists(Tag.objects.filter(rooms=OuterRef("pk"), name__icontains=filters.q.removeprefix("#")))
        rooms = rooms.filter(
            Q(title__icontains=filters.q) | Q(host__member__display_name__icontains=filters.q) | tagged
        )
    if filters.tag:
        rooms = rooms.filter(Exists(Tag.objects.filter(rooms=OuterRef("pk"), name=filters.tag)))
    for name in ("category", "language", "content_class"):
        if value := getattr(filters, name):
            rooms = rooms.filter(**{name: value})
    if filters.live:
        rooms = rooms.on_air()
    if filters.sort == "newest":
        ordered = rooms.order_by("-created_at", "-pk")
    else:
        off_air = Case(When(state__in=[State.LIVE, State.AWAY], then=0), default=1)
        ordered = rooms.annotate(off_air=off_air).order_by("off_air", "-viewer_count", "-state_at", "-pk")
    return Paginator(ordered.for_cards(), PAGE_SIZE).get_page(filters.page)


def featured(viewer: Viewer = VISITOR, limit: int = 8) -> list[Room]:
    """Rooms on air with the most viewers."""
    return list(_visible(viewer).on_air().for_cards().order_by("-viewer_count", "-state_at", "-pk")[:limit])


def next_live(room: Room, limit: int = 6, viewer: Viewer = VISITOR) -> list[Room]:
    """Other rooms on air to go to from `room`: of its category first, then the busiest."""
    others = _visible(viewer).filter(state=State.LIVE).exclude(pk=room.pk)
    elsewhere = Case(When(category=room.category, then=0), default=1)
    ordered = others.annotate(elsewhere=elsewhere).order_by("elsewhere", "-viewer_count", "-state_at", "-pk")
    return list(ordered.for_cards()[:limit])


@dataclass(frozen=True)
class Facet:
    key: str
    label: str
    count: int
    live_count: int


def facets(viewer: Viewer = VISITOR) -> list[Facet]:
    """Categories that have rooms, each with how many and how many on air, in the order of `Category`."""
    on_air = Count("pk", filter=Q(state__in=[State.LIVE, State.AWAY]))
    rows = _visible(viewer).order_by().values("category").annotate(count=Count("pk"), live=on_air)
    counts = {row["category"]: (row["count"], row["live"]) for row in rows}
    return [Facet(key, str(label), *counts[key]) for key, label in Category.choices if key in counts]


def followed_rooms(viewer: Viewer) -> list[Room]:
    """Rooms a member follows: on air first, then by name of the host; at most FOLLOWED_SHOWN_MAX. Visitors: none."""
    if viewer.member is None:
        return []
    rooms = _visible(viewer).filter(follows__member=viewer.member).for_cards()
    rooms = rooms.order_by("-viewer_count", "host__member__display_name")[:FOLLOWED_SHOWN_MAX]
    return sorted(rooms, key=lambda room: not room.is_on_air)
