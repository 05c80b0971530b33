from django.apps import AppConfig


class RoomsConfig(AppConfig):
    name = "vasistas.apps.rooms"
