from django.apps import AppConfig


class ConformanceConfig(AppConfig):
    name = "vasistas.guard.conformance"
    label = "conformance"
