"""What the page of cookies shows and takes: the choice, kind by kind, of one browser."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from vasistas.guard import cookies
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Cookie, Policy, Purpose
from vasistas.lib.errors import NotAllowed


@dataclass(frozen=True)
class Kind:
    """A kind that is asked, and what was said to it. Neither accepted nor refused: nothing yet, which counts as no."""

    purpose: Purpose
    cookies: Sequence[Cookie]
    is_accepted: bool
    is_refused: bool


def kinds(policy: Policy, choice: cookies.Choice) -> list[Kind]:
    return [
        Kind(
            policy.purposes[kind],
            cookies.of_kind(policy, kind),
            is_accepted=choice.allows(kind),
            is_refused=choice.has_gpc or kind in choice.refused,
        )
        for kind in cookies.asked_kinds(policy)
    ]


def choice_of(request: HttpRequest) -> cookies.Choice:
    return cookies.choice_of(request, get_policy(), timezone.now().date())


def open_kinds(request: HttpRequest) -> list[Purpose]:
    """Return what the first layer asks about; empty: no first layer."""
    policy = get_policy()
    return [policy.purposes[kind] for kind in choice_of(request).leaves_open(policy)]


def chosen(request: HttpRequest) -> set[str]:
    """Return the kinds that the form sent accepts. Whatever is not clearly accepted is refused.

    Raises: NotAllowed: another site sent the form. The browser's own `Origin` tells; a token would need a cookie first.
    """
    own = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    if request.headers.get("Origin") not in own:
        raise NotAllowed(_("Choose on the cookies page of this site; forms from elsewhere do not count."))
    asked = set(cookies.asked_kinds(get_policy()))
    answer = request.POST.get("choice")
    if choice_of(request).has_gpc:
        return set()
    return asked if answer == "accept" else asked & set(request.POST.getlist("kind")) if answer == "own" else set()


def back_to(request: HttpRequest) -> str:
    """Return the page the form was on, if it is one of ours."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse("pages:cookies")
