"""What every page shows: the site's name, who runs it, what is still to be asked about cookies, and which
change of the policy is on its way.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from vasistas.pages import cookie_page, my_money, policy_change


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "operator": settings.OPERATOR,
        "is_demo": settings.DEMO,
        "cookie_kinds": cookie_page.open_kinds(request),
        "policy_to_come": policy_change.shown_to(request),
        "currency": settings.CURRENCY,
        "credit_minor": settings.CREDIT_MINOR,
        "credits_shown": SimpleLazyObject(lambda: my_money.in_header(request)),  # asked where a page has a header
        "here": request.get_full_path() if request.method == "GET" else "",  # where a choice leads back to
    }
