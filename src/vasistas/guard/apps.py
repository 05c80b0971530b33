from django.apps import AppConfig


class GuardConfig(AppConfig):
    name = "vasistas.guard"

    def ready(self) -> None:
        from vasistas.guard import declarations, third_party  # noqa: F401, PLC0415 — registering is their effect
