from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "vasistas.apps.accounts"

    def ready(self) -> None:
        from allauth.account.models import EmailAddress  # noqa: PLC0415 — models load after this module

        from vasistas.apps.accounts import outbox  # noqa: F401, PLC0415 — registering its check is the effect
        from vasistas.guard import addresses  # noqa: PLC0415 — see above

        addresses.graft(EmailAddress)
