from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "vasistas.apps.support"
