from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "vasistas.apps.privacy"
