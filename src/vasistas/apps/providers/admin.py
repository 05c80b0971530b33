"""Windows for staff, which load what they show and no more. Suspending a host is the one switch here."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from vasistas.apps.accounts.models import shown_of
from vasistas.apps.providers.models import Host, Studio

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]  # generic in the stubs alone
else:
    _Admin = admin.ModelAdmin


@admin.register(Host)
class HostWindow(_Admin):
    list_display = ("pk", "member__display_name", "studio__name", "agreed_at", "is_suspended")
    list_filter = ("is_suspended",)
    fields = ("member", "studio", "agreed_at", "is_suspended")
    readonly_fields = ("member", "studio", "agreed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Host]:
        rows = super().get_queryset(request).select_related("member", "studio")
        return rows.only("agreed_at", "is_suspended", "studio__name", *shown_of("member"))

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Host | None = None) -> bool:
        return False


@admin.register(Studio)
class StudioWindow(_Admin):
    list_display = ("name", "slug", "owner__display_name", "created_at")
    readonly_fields = ("owner", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Studio]:
        rows = super().get_queryset(request).select_related("owner")
        return rows.only("name", "slug", "created_at", *shown_of("owner"))

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Studio | None = None) -> bool:
        return False
