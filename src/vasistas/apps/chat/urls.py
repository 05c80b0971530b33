from django.urls import include, path

from vasistas.apps.chat import views

app_name = "chat"
urlpatterns = [
    path(
        "rooms/<slug:slug>/",
        include(
            [
                path("chat", views.chat, name="say"),
                path("chat", views.chat, name="history"),
                path("chat/desk", views.desk, name="desk"),
                path("chat/<int:message_id>/moderate", views.moderate, name="moderate"),
                path("chat/<int:message_id>/delete", views.delete, name="delete"),
                path("chat/clear", views.clear, name="clear"),
                path("chat/mute", views.mute, name="mute"),
                path("chat/unmute", views.unmute, name="unmute"),
                path("chat/ban", views.ban, name="ban"),
                path("chat/unban", views.unban, name="unban"),
                path("chat/slow-mode", views.slow_mode, name="slow_mode"),
                path("chat/settings", views.change_settings, name="settings"),
            ]
        ),
    ),
]
