"""The site map."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("vasistas.pages.urls")),
    path("", include("vasistas.apps.rooms.urls")),
    path("", include("vasistas.apps.chat.urls")),
    path("", include("vasistas.apps.shows.urls")),
    path("", include("vasistas.apps.providers.urls")),
    path("", include("vasistas.apps.purchases.urls")),
    path("", include("vasistas.apps.bulletins.urls")),
    path("", include("vasistas.apps.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "vasistas.pages.views.bad_request"
handler403 = "vasistas.pages.views.forbidden"
handler404 = "vasistas.pages.views.not_found"
handler500 = "vasistas.pages.views.server_error"
