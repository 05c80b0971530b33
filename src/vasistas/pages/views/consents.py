"""My Account: consents and messages, as switches that are off until the member turns them on; and their receipts."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.privacy import queries
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError
from vasistas.pages import consent_page, my_data
from vasistas.pages.views import subscriptions
from vasistas.pages.views.own import subject_id_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def my_consents(request: HttpRequest) -> HttpResponse:
    subject_id, language = subject_id_of(request), my_data.language()
    if request.method == "POST":
        return _chosen(request, "pages:my_consents")
    context = _context(request)
    context["switches"] = consent_page.switches(context["policy"], context["choices"], language)
    context["page"] = consent_page.history(subject_id, request.GET.get("page"))
    return render(request, "pages/account/consents.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def my_messages(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _chosen(request, "pages:messages")
    context = _context(request) | subscriptions.reach(subject_id_of(request))
    asked = context["policy"], context["choices"], my_data.language()
    context["above"] = [one for one in consent_page.switches(*asked) if one.words.key == "bulletins"]
    context["topics"] = consent_page.topics(*asked)
    context["channels"] = list(consent_page.CHANNELS.values())
    return render(request, "pages/account/messages.html", context)


@never_cache
@require_safe
@processing("rights")
def consent_receipt(request: HttpRequest, receipt_id: uuid.UUID) -> JsonResponse:
    record = queries.get_consent_for(subject_id=subject_id_of(request), receipt_id=receipt_id)
    receipt = queries.receipt_of(record, get_policy(), settings.OPERATOR, settings.PUBLIC_URL.rstrip("/"))
    named = {"Content-Disposition": f'attachment; filename="consent-{receipt_id}.jsonld"'}
    shown = {"indent": 1, "ensure_ascii": False}
    return JsonResponse(receipt, headers=named, content_type="application/ld+json", json_dumps_params=shown)


def _chosen(request: HttpRequest, name: str) -> HttpResponse:
    """Choose, and come back to where the switch stands."""
    subject_id = subject_id_of(request)
    if request.POST.get("act") in subscriptions.REACH:
        try:
            messages.success(request, subscriptions.change_reach(request, subject_id))
        except DomainError as error:
            messages.error(request, error.message)
    else:
        messages.success(request, consent_page.choose(request, subject_id, my_data.language()))
    return HttpResponseRedirect(reverse(name))


def _context(request: HttpRequest) -> dict[str, Any]:
    return {
        "lang": my_data.language(),
        "policy": get_policy(),
        "choices": queries.choices_of(subject_id_of(request), at=timezone.now()),
        "has_gpc": consent_page.has_gpc(request),
    }
