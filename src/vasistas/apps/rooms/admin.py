"""Windows for staff. Bans and roles change through the product, which tells those concerned."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from vasistas.apps.rooms.models import Ban, Broadcast, Moderator, Room, Tag


class _Window(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no type at run time
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
    exclude = ("stream_key_hash",)
    list_select_related: ClassVar = ["host__member"]


@admin.register(Broadcast)
class BroadcastWindow(_Window):
    list_display = ("room", "ingest", "started_at", "ended_at", "peak_viewers", "end_reason")
    list_filter = ("ingest", "end_reason")
    exclude = ("session",)
    list_select_related: ClassVar = ["room"]


@admin.register(Moderator)
class ModeratorWindow(_Window):
    list_display = ("room", "member", "at")
    list_select_related: ClassVar = ["room", "member"]


@admin.register(Ban)
class BanWindow(_Window):
    list_display = ("room", "member", "at", "until")
    list_select_related: ClassVar = ["room", "member"]


admin.site.register(Tag)
