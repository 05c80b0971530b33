from django.apps import AppConfig


class ShowsConfig(AppConfig):
    name = "vasistas.apps.shows"
