from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "vasistas.apps.payouts"
