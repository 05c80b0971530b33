from django.urls import path, re_path

from vasistas.apps.providers import views

app_name = "providers"
urlpatterns = [
    path("studios/", views.studios, name="studios"),
    path("studios/<slug:slug>/", views.studio, name="studio"),
    path("studios/<slug:slug>/invite", views.invite, name="invite"),
    path("studios/<slug:slug>/release", views.release, name="release"),
    path("studio-membership/leave", views.leave, name="leave"),
    re_path(r"^studio-invitations/(?P<token>[\w-]{43})/\Z", views.invitation, name="invitation"),
]
