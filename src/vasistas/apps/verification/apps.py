from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "vasistas.apps.verification"
