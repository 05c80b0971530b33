from django.urls import path

from vasistas.apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/name/", views.change_name, name="name"),
    path("demo/mail/", views.demo_mails, name="outbox"),
    path("demo/mail/<slug:name>/", views.demo_mail, name="outbox_mail"),
    path("demo/mail/<slug:name>/html/", views.demo_mail_html, name="outbox_html"),
]
