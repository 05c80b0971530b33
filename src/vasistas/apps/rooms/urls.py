from django.urls import include, path, register_converter

from vasistas.apps.rooms import views
from vasistas.apps.rooms.models import SESSION_CHARS


class SessionConverter:
    regex = rf"[0-9a-f]{{{SESSION_CHARS}}}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ThumbnailConverter(SessionConverter):
    regex = r"[1-9][0-9]{0,17}-[0-9a-f]{32}\.webp"


register_converter(SessionConverter, "media_session")
register_converter(ThumbnailConverter, "thumbnail")

app_name = "rooms"
urlpatterns = [
    path("become-a-host/", views.become, name="become"),
    path("age-statement/", views.confirm_age, name="confirm_age"),
    path("thumbnails/<thumbnail:name>", views.thumbnail_file, name="thumbnail_file"),
    path("whip", views.whip_key, name="whip_key"),
    path("whip/<media_session:session>", views.whip_key_session, name="whip_key_session"),
    path(
        "rooms/<slug:slug>/",
        include(
            [
                path("whep", views.whep, name="whep"),
                path("whep/<media_session:session>", views.whep_session, name="whep_session"),
                path("whip", views.whip, name="whip"),
                path("whip/<media_session:session>", views.whip_session, name="whip_session"),
                path("probe", views.probe, name="probe"),
                path("probe/<media_session:session>", views.probe_session, name="probe_session"),
                path("health", views.health, name="health"),
                path("cut", views.cut, name="cut"),
                path("away", views.away, name="away"),
                path("thumbnail", views.thumbnail, name="thumbnail"),
                path("follow", views.follow, name="follow"),
                path("details", views.details, name="details"),
                path("stream-key", views.stream_key, name="stream_key"),
                path("moderators", views.moderators, name="moderators"),
            ]
        ),
    ),
]
