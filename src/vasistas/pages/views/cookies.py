"""The choice of what may be kept in this browser, and what other sites' tools may read of it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.guard import cookies as gate
from vasistas.guard.access import public
from vasistas.guard.policy import get_policy
from vasistas.guard.views import touches_nothing
from vasistas.pages import cookie_page, policy_page

GPC_CACHE_S = 24 * 3600


@csrf_exempt  # its token would be a cookie before the choice; the Origin is checked instead, see cookie_page.chosen
@public("anyone may choose before anything is kept")
@require_http_methods(["GET", "HEAD", "POST"])
@touches_nothing("the choice stays in the browser")
def cookies(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    if request.method == "POST":
        accepted = cookie_page.chosen(request)
        response: HttpResponse = HttpResponseRedirect(cookie_page.back_to(request))
        if gate.asked_kinds(policy):
            gate.keep_choice(response, policy, accepted, timezone.now().date())
        return response
    choice = cookie_page.choice_of(request)
    context = policy_page.about(request, policy)
    context |= {"choice": choice, "kinds": cookie_page.kinds(policy, choice)}
    context["necessary"] = gate.of_kind(policy, gate.NECESSARY)
    response = render(request, "pages/privacy/cookies.html", context)
    response.headers["Content-Language"] = context["lang"]
    return response


@public("W3C Global Privacy Control: sites say at this address whether they honour it")
@require_safe
@cache_control(public=True, max_age=GPC_CACHE_S)
@touches_nothing("the same for everyone")
def gpc(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 — Django's signature
    return JsonResponse({"gpc": True, "lastUpdate": gate.GPC_SINCE.isoformat()})
