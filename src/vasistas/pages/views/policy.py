"""The policy and its proof, for everyone: no page here asks who reads it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from vasistas.guard.access import public
from vasistas.guard.policy import get_policy
from vasistas.guard.views import touches_nothing
from vasistas.pages import policy_page


@public("anyone may know what is stored before giving anything")
@require_safe
@touches_nothing("the same for everyone")
def privacy(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    context = policy_page.about(request, policy)
    report = policy_page.report_at(context["now"])
    context |= {
        "promises": policy_page.promises(policy, report),
        "counts": policy_page.shown_counts(report),
        "stored": policy_page.stored_under(policy),
    }
    return _shown(request, "pages/privacy/policy.html", context)


@public("anyone may see whether the promises are kept")
@require_safe
@touches_nothing("the same for everyone")
def proof(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    context = policy_page.about(request, policy)
    report = policy_page.report_at(context["now"])
    context |= {
        "report": report,
        "promises": policy_page.promises(policy, report),
        "counts": policy_page.shown_counts(report),
        "is_stale": policy_page.is_stale(report),
        "stale_at": policy_page.stale_at(report),
        "checkpoint": policy_page.checkpoint_json(),
        "proof_url": f"{settings.PUBLIC_URL}{reverse('pages:proof_json')}",
    }
    return _shown(request, "pages/privacy/proof.html", context)


@public("anyone may see whether the promises are kept")
@require_safe
@touches_nothing("the same for everyone")
def proof_json(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 — Django's signature
    body = policy_page.proof_json(policy_page.report_at(timezone.now()))
    body["checkpoint"] = policy_page.checkpoint_json()
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False, "indent": 1})


@public("anyone may read what was promised before")
@require_safe
@touches_nothing("the same for everyone")
def versions(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    numbers = policy_page.history()
    context = policy_page.about(request, policy)
    context["versions"] = [policy_page.get_version(number) for number in numbers]
    return _shown(request, "pages/privacy/versions.html", context)


@public("anyone may read what was promised before")
@require_safe
@touches_nothing("the same for everyone")
def version(request: HttpRequest, number: int) -> HttpResponse:
    policy = policy_page.get_version(number)
    context = policy_page.about(request, policy)
    context |= {"promises": policy_page.promises(policy, None), "current": get_policy()}
    return _shown(request, "pages/privacy/version.html", context)


@public("anyone may read what was changed in the promises")
@require_safe
@touches_nothing("the same for everyone")
def version_diff(request: HttpRequest, number: int) -> HttpResponse:
    context = policy_page.about(request, policy_page.get_version(number))
    context["difference"] = policy_page.difference(number, context["lang"])
    return _shown(request, "pages/privacy/diff.html", context)


def _shown(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page, said to be in the language of the policy on it."""
    response = render(request, template, context)
    response.headers["Content-Language"] = context["lang"]
    return response
