from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class GuardConfig(AppConfig):
    name = "vasistas.guard"
    default = True

    def ready(self) -> None:
        from vasistas.guard import declarations, third_party  # noqa: F401, PLC0415 — registering is their effect


class StaffAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin, behind our own door."""

    default = False
    default_site = "vasistas.guard.staff.StaffSite"
