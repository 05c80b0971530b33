"""What every page shows: the site's name, who runs it, and what is still to be asked about cookies."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from vasistas.pages import cookie_page


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "operator": settings.OPERATOR,
        "is_demo": settings.DEMO,
        "cookie_kinds": cookie_page.open_kinds(request),
        "here": request.get_full_path() if request.method == "GET" else "",  # where a choice leads back to
    }
