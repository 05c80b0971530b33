from django.apps import AppConfig


class SafetyConfig(AppConfig):
    name = "vasistas.apps.safety"
