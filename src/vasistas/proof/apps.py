from django.apps import AppConfig


class ProofConfig(AppConfig):
    name = "vasistas.proof"

    def ready(self) -> None:
        from vasistas.proof import checks  # noqa: F401, PLC0415 — registering is their effect
