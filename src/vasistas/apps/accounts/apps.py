from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "vasistas.apps.accounts"

    def ready(self) -> None:
        from vasistas.apps.accounts import outbox  # noqa: F401, PLC0415 — registering its check is the effect
