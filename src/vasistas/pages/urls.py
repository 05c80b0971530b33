from django.urls import path

from vasistas.pages import studio, views

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("lobby", views.lobby, name="lobby"),
    path("rooms/", views.directory, name="directory"),
    path("rooms/<slug:slug>/", views.watch, name="watch"),
    path("rooms/<slug:slug>/snapshot", views.snapshot, name="snapshot"),
    path("account/", views.my_account, name="my_account"),
    path("privacy/", views.privacy, name="privacy"),
    path("contact/", views.contact, name="contact"),
    path("source/", views.source, name="source"),
    path("source/vasistas.tar.gz", views.source_archive, name="source_archive"),
    path("studio/", studio.studio, name="studio"),
    path("studio/live/", studio.green_room, name="green_room"),
    path("studio/snapshot", studio.snapshot, name="studio_snapshot"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
]
