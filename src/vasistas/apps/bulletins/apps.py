from django.apps import AppConfig


class BulletinsConfig(AppConfig):
    name = "vasistas.apps.bulletins"
