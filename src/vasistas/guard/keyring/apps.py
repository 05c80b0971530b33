from django.apps import AppConfig


class KeyringConfig(AppConfig):
    name = "vasistas.guard.keyring"
    label = "keyring"
