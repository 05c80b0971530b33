"""The staff's window onto members: who, since when, which role. Neither passwords nor keys; what can be set is a role
and the switch that closes an account.
"""

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from vasistas.apps.accounts.models import Member

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Member]  # generic in the stubs alone
else:
    _Admin = admin.ModelAdmin


@admin.register(Member)
class MemberAdmin(_Admin):
    list_display = ("pk", "display_name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("display_name", "=email")
    search_help_text = "A name shown, or a whole address."
    ordering = ("-pk",)
    show_full_result_count = False
    fields: ClassVar = [
        "display_name",
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
        "date_joined",
        "last_login",
    ]
    readonly_fields = ("display_name", "email", "date_joined", "last_login")
    filter_horizontal = ("groups",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return super().get_queryset(request).defer("password")  # not even as a hash

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> tuple[str, ...]:
        """Roles are given by superusers alone; nobody closes or changes their own account here."""
        fixed = tuple(self.readonly_fields)
        if not request.user.is_superuser:
            fixed = (*fixed, "is_staff", "is_superuser", "groups")
        if obj is not None and obj.pk == request.user.pk:
            fixed = (*fixed, "is_active", "is_staff", "is_superuser", "groups")
        return tuple(dict.fromkeys(fixed))

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 — Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:  # noqa: ARG002 — see above
        return False
