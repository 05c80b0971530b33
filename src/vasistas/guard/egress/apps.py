from django.apps import AppConfig


class EgressConfig(AppConfig):
    name = "vasistas.guard.egress"

    def ready(self) -> None:
        from vasistas.guard.egress import endpoints  # noqa: F401, PLC0415 — registering its check is the effect
