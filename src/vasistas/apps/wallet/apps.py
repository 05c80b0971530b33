from django.apps import AppConfig


class WalletConfig(AppConfig):
    name = "vasistas.apps.wallet"
