from django.apps import AppConfig


class TipsConfig(AppConfig):
    name = "vasistas.apps.tips"
