from django.urls import include, path

from vasistas.apps.shows import views

app_name = "shows"
urlpatterns = [
    path(
        "shows/<uuid:key>/",
        include(
            [
                path("cam/whip", views.cam_whip, name="cam_whip"),
                path("cam/whep", views.cam_whep, name="cam_whep"),
                path("cam/<media_session:session>", views.cam_session, name="cam_session"),
            ]
        ),
    ),
]
