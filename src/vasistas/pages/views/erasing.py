"""Erase the account, or one category of it; and the certificate, open to whoever has its link."""

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts import operations as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations, queries
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.pages import erasing as gathered
from vasistas.pages import my_data
from vasistas.pages.views.own import is_to_confirm, member_of, send_to_confirm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def erase(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; on the member's typed word, erase the account."""
    member, is_wrong = member_of(request), False
    if request.method == "POST":
        is_wrong = not gathered.is_confirmed(request.POST.get("word", ""))
        if not is_wrong and is_to_confirm(request):
            return send_to_confirm(request)
        if not is_wrong:
            return redirect(_erase(request, member))
    goes = gathered.what_goes(member.subject_id)
    alone = [held for held in goes if operations.can_go_alone(held.category.key)]
    stays = gathered.what_stays(member.subject_id)
    context: dict[str, Any] = {"goes": goes, "stays": stays, "alone": alone, "is_wrong": is_wrong}
    context |= {"word": gathered.word(), **gathered.credits_left(member.subject_id)}
    return _shown(request, "erase", context, status=HTTPStatus.BAD_REQUEST if is_wrong else HTTPStatus.OK)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def erase_category(request: HttpRequest, key: str) -> HttpResponse:
    """Say what of one category goes, or why it goes with the account alone; on a word, erase it."""
    member = member_of(request)
    held = my_data.category_of(member.subject_id, key)
    gone = None
    if request.method == "POST" and operations.can_go_alone(key):
        if is_to_confirm(request):
            return send_to_confirm(request)
        gone = sum(operations.erase_category(subject_id=member.subject_id, category=key).values())
    context = {"held": held, "can_go_alone": operations.can_go_alone(key), "gone": gone}
    return _shown(request, "erase_category", context)


@public("whoever has the link may read it; it names nobody")
@never_cache
@require_safe
@processing("rights")
def certificate(request: HttpRequest, token: str) -> HttpResponse:
    found = queries.get_erasure_for(token=token)
    said = json.loads(found.certificate) if found.certificate else None
    return _shown(request, "erased", {"erasure": found, "said": said, "token": token, "went": gathered.what_went(said)})


@public("whoever has the link may read it; it names nobody")
@never_cache
@require_safe
@processing("rights")
def certificate_file(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001 — Django's signature
    found = queries.get_erasure_for(token=token)
    if not found.certificate:
        raise Http404
    named = {"Content-Disposition": 'attachment; filename="certificate-of-erasure.json"'}
    return HttpResponse(found.certificate, content_type="application/json", headers=named)


def _erase(request: HttpRequest, member: Member) -> str:
    """Close the fence, write the last mail, sign out, and erase; return the address of the certificate.

    Whatever is interrupted from here on is finished by the worker.
    """
    token = operations.ask_erasure(subject_id=member.subject_id, at=timezone.now())
    address = reverse("pages:certificate", args=[token])
    accounts.mail_farewell(subject_id=member.subject_id, certificate_url=f"{settings.PUBLIC_URL}{address}")
    request.session.flush()
    request.user = AnonymousUser()
    operations.finish(subject_id=member.subject_id, at=timezone.now())
    return address


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, f"pages/account/{name}.html", {"lang": my_data.language(), **context}, status=status)
