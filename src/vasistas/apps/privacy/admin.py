"""The staff's window onto subjects: read only."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from vasistas.apps.privacy.models import Subject

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Subject]  # generic in the stubs alone
else:
    _Admin = admin.ModelAdmin


@admin.register(Subject)
class SubjectAdmin(_Admin):
    list_display = ("pk", "kind", "state", "created_at")
    list_filter = ("kind", "state")
    ordering = ("-pk",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 — Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Subject | None = None) -> bool:  # noqa: ARG002 — see above
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Subject | None = None) -> bool:  # noqa: ARG002 — see above
        return False
