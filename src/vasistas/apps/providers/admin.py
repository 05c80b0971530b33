"""Windows for staff. Suspending a host is the one switch here."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from vasistas.apps.providers.models import Host, Studio


@admin.register(Host)
class HostWindow(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no type at run time
    list_display = ("member", "studio", "agreed_at", "is_suspended")
    list_filter = ("is_suspended",)
    readonly_fields = ("member", "studio", "agreed_at")
    list_select_related: ClassVar = ["member", "studio"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Host | None = None) -> bool:
        return False


@admin.register(Studio)
class StudioWindow(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no type at run time
    list_display = ("name", "slug", "owner", "created_at")
    readonly_fields = ("owner", "created_at")
    list_select_related: ClassVar = ["owner"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Studio | None = None) -> bool:
        return False
