from django.apps import AppConfig


class PurchasesConfig(AppConfig):
    name = "vasistas.apps.purchases"
