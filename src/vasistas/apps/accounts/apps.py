from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "vasistas.apps.accounts"
