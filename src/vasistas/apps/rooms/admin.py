"""Windows for staff. Bans and roles change through the product, which tells those concerned.

A window loads what it shows and no more: no key, no picture, no account. Each look is in the read log of those shown.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from vasistas.apps.accounts.models import shown_of
from vasistas.apps.rooms.models import Ban, Broadcast, Moderator, Room, Tag

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]  # generic in the stubs alone
else:
    _Admin = admin.ModelAdmin


class _Window(_Admin):
    joined: ClassVar[list[str]] = []  # what is loaded along
    loaded: ClassVar[list[str]] = []  # fields loaded besides those shown

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        shown = [field.name for field in rows.model._meta.concrete_fields if field.name in (self.fields or ())]
        return rows.select_related(*self.joined).only(*shown, *self.loaded)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


@admin.register(Room)
class RoomWindow(_Window):
    list_display = ("slug", "title", "category", "content_class", "state", "viewer_count")
    list_filter = ("state", "category", "content_class")
    search_fields = ("slug", "title")
    fields = (
        *("host", "slug", "title", "category", "tags", "language", "content_class"),
        *("state", "state_at", "viewer_count", "created_at"),
    )
    joined: ClassVar = ["host"]
    loaded: ClassVar = ["host__is_suspended"]


@admin.register(Broadcast)
class BroadcastWindow(_Window):
    list_display = ("room", "ingest", "started_at", "ended_at", "peak_viewers", "end_reason")
    list_filter = ("ingest", "end_reason")
    fields = ("room", "ingest", "started_at", "joined_at", "lost_at", "ended_at", "peak_viewers", "end_reason")
    joined: ClassVar = ["room"]
    loaded: ClassVar = ["room__slug"]


@admin.register(Moderator)
class ModeratorWindow(_Window):
    list_display = ("room", "member__display_name", "at")
    fields = ("room", "member", "at")
    joined: ClassVar = ["room", "member"]
    loaded: ClassVar = ["room__slug", *shown_of("member")]


@admin.register(Ban)
class BanWindow(_Window):
    list_display = ("room", "member__display_name", "at", "until")
    fields = ("room", "member", "by", "reason", "at", "until")
    joined: ClassVar = ["room", "member", "by"]
    loaded: ClassVar = ["room__slug", *shown_of("member"), *shown_of("by")]


admin.site.register(Tag)
