from django.urls import path

from vasistas.apps.purchases import views

app_name = "purchases"
urlpatterns = [
    path("account/money/buy/", views.buy, name="buy"),
    path("account/money/return/<uuid:reference>/", views.returned, name="returned"),
    path("account/money/refund/", views.refund, name="refund"),
    path("account/money/methods/<int:method_id>/forget/", views.forget_method, name="forget_method"),
    path("payments/<slug:provider>/hint/", views.hint, name="hint"),
]
