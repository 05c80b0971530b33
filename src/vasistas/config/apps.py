from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "vasistas.config"
    label = "config"

    def ready(self) -> None:
        from vasistas.config import wiring  # noqa: PLC0415 — the reactions need every app's models loaded

        wiring.connect()
