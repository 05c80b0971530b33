"""For load balancers and supervisors."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from vasistas import media
from vasistas.gateway import server as gateway
from vasistas.guard.access import public
from vasistas.guard.views import touches_nothing
from vasistas.lib.errors import DomainError


@public("a load balancer asks whether the process lives")
@never_cache
@touches_nothing("it asks whether the process answers")
def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — Django's signature
    return HttpResponse("ok\n", content_type="text/plain")


@public("a load balancer asks whether the process can serve")
@never_cache
@touches_nothing("it asks whether database, media and gateway answer")
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 — Django's signature
    """Each part "ok" or "down"; 200 when pages can be served. Media and gateway are told, not demanded."""
    parts = {"database": _is_database_ready(), "media": _is_media_ready(), "gateway": _is_gateway_ready()}
    told = {name: "ok" if is_ready else "down" for name, is_ready in parts.items()}
    return JsonResponse(told, status=200 if parts["database"] else 503)


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


def _is_gateway_ready() -> bool:
    health = gateway.health()
    return health is not None and health.is_well
