"""For load balancers and supervisors."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from vasistas import media
from vasistas.guard.access import public
from vasistas.lib.errors import DomainError


@public("a load balancer asks whether the process lives")
def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return HttpResponse("ok\n", content_type="text/plain")


@public("a load balancer asks whether the process can serve")
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 — Django's signature
    """200 when pages can be served. Media is told, not demanded: chat and pages work while a node restarts."""
    database, node = _is_database_ready(), _is_media_ready()
    return JsonResponse({"database": database, "media": node}, status=200 if database else 503)


def _is_database_ready() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _is_media_ready() -> bool:
    try:
        media.get_port().node_stats()
    except (DomainError, RuntimeError):
        return False
    return True
