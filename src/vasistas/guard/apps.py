from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class GuardConfig(AppConfig):
    name = "vasistas.guard"
    default = True

    def ready(self) -> None:
        from django.db.backends.signals import connection_created  # noqa: PLC0415 — needs the settings

        from vasistas.guard import declarations, gate, restriction, third_party, views  # noqa: F401, PLC0415 — registering is their effect
        from vasistas.guard.policy import checks  # noqa: F401, PLC0415 — registering is its effect

        connection_created.connect(gate.install, dispatch_uid="guard.gate")
        restriction.install()


class StaffAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin, behind our own door."""

    default = False
    default_site = "vasistas.guard.staff.StaffSite"
