"""What every page shows: the site's name and who runs it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(_request: HttpRequest) -> dict[str, Any]:
    return {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "is_demo": settings.DEMO}
