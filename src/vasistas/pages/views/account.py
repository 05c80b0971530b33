"""My Account: what is held about the member, who read it, and all of it to take along."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import EXPORT_LINK_DAYS, UNANSWERED
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard.purposes import processing
from vasistas.guard.reads.queries import NotSealed
from vasistas.guard.rights import archive
from vasistas.lib.errors import DomainError
from vasistas.pages import correcting
from vasistas.pages import my_data as gathered
from vasistas.pages.views.own import is_to_confirm, member_of, send_to_confirm, subject_id_of

FOLLOWED_MAX = 6  # cards of followed rooms on the overview
STAFF_READS_SHOWN = 3  # the latest, on the overview


@never_cache
@require_safe
@processing("account")
def my_account(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    context = {"security": accounts.security_of(member), "sessions": len(accounts.sessions_of(member))}
    with processing("rooms"):
        context["followed"] = rooms.followed_rooms(Viewer.of(member, request.session))[:FOLLOWED_MAX]
    with processing("host"):
        context["room"] = rooms.room_of_host(member)
    with processing("rights"):
        context["held"] = [one for one in gathered.overview(member.subject_id) if one.rows]
        context["staff_reads"] = gathered.staff_reads(member.subject_id, STAFF_READS_SHOWN)
        context["has_open_link"] = queries.open_export_link(member.subject_id, timezone.now()) is not None
        context["is_restricted"] = queries.is_restricted(member.subject_id)
        context["open_requests"] = queries.requests_of(member.subject_id).filter(state__in=UNANSWERED).count()
    return render(request, "pages/my_account.html", {"lang": gathered.language(), **context})


@never_cache
@require_safe
@processing("rights")
def my_data(request: HttpRequest) -> HttpResponse:
    every = gathered.overview(subject_id_of(request))
    return _shown(request, "data", {"every": every, "total": sum(1 for one in every if one.rows)})


@never_cache
@require_safe
@processing("rights")
def my_category(request: HttpRequest, key: str) -> HttpResponse:
    subject_id = subject_id_of(request)
    found = gathered.category_of(subject_id, key)
    tables = gathered.tables_of(subject_id, found, request.GET)
    links = [(reverse(name), words) for name, words in found.corrected_at.items()]
    history = correcting.history_of(subject_id, key, request.GET.get("history"))
    return _shown(request, "category", {"held": found, "tables": tables, "links": links, "history": history})


@never_cache
@require_safe
@processing("rights")
def my_reads(request: HttpRequest) -> HttpResponse:
    page = gathered.reads_page(subject_id_of(request), request.GET.get("page"))
    return _shown(request, "reads", {"page": page})


@never_cache
@require_safe
@processing("rights")
def read_proof(request: HttpRequest, entry_id: int) -> HttpResponse:
    try:
        proof = gathered.proof_json(entry_id, subject_id_of(request))
    except NotSealed:
        waiting = _("This entry is not in the chain yet. Ask again in two seconds.")
        raise DomainError(waiting, code="reads.not_sealed") from None
    named = {"Content-Disposition": f'attachment; filename="read-{entry_id}-proof.json"'}
    return JsonResponse(proof, headers=named, json_dumps_params={"indent": 1})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def export(request: HttpRequest) -> HttpResponse:
    subject_id, now = subject_id_of(request), timezone.now()
    link = ""
    if request.method == "POST":
        if is_to_confirm(request):
            return send_to_confirm(request)
        token = operations.make_export_link(subject_id=subject_id, at=now)
        link = reverse("pages:take_export", args=[token])
    is_open = queries.open_export_link(subject_id, now)
    return _shown(request, "export", {"link": link, "open": is_open, "days": EXPORT_LINK_DAYS})


@never_cache
@require_http_methods(["GET"])
@processing("rights")
def take_export(request: HttpRequest, token: str) -> StreamingHttpResponse:
    subject_id, now = subject_id_of(request), timezone.now()
    link = operations.start_export(subject_id=subject_id, token=token, at=now)

    def finish() -> None:
        operations.finish_export(link_id=link.pk, at=timezone.now())

    pieces = archive.stream(subject_id, at=now, language=gathered.language(), done=finish)
    return gathered.archive_answer(request, pieces, now)


def _shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"pages/account/{name}.html", {"lang": gathered.language(), **context})
