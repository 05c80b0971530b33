"""Who got something, what is corrected in place, and for staff: what recipients did not acknowledge."""

import time
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.privacy import operations
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import correcting, policy_page
from vasistas.pages import my_data as gathered
from vasistas.pages import recipients as gotten
from vasistas.pages.views.own import member_of

CORRECTIONS_PER_MINUTE = 10  # of one member
ACTS = {"again": operations.send_again, "settle": operations.settle_by_hand}


@never_cache
@require_safe
@processing("rights")
def recipients(request: HttpRequest) -> HttpResponse:
    subject_id = member_of(request).subject_id
    context = {
        "lang": gathered.language(),
        "every": gotten.everyone_who_got(subject_id),
        "page": gotten.given_page(subject_id, request.GET.get("page")),
        "seen_by": gotten.seen_by(),
        "others": gotten.others(),
    }
    return render(request, "pages/account/recipients.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def correct(request: HttpRequest, key: str) -> HttpResponse:
    member = member_of(request)
    found = gathered.category_of(member.subject_id, key)
    if request.method == "POST":
        limits.hit("pages.correct", f"member:{member.pk}", limit=CORRECTIONS_PER_MINUTE, per_s=60, now=time.time())
    place = correcting.form_of(member, key, request.POST if request.method == "POST" else None)
    if place is not None and place.form.is_valid() and _is_written(request, place):
        return redirect("pages:my_category", key)
    links = [(reverse(name), words) for name, words in found.corrected_at.items()]
    context = {
        "lang": gathered.language(),
        "held": found,
        "form": place and place.form,
        "links": links,
        "words": correcting.words_of(key, has_form=place is not None, has_links=bool(links)),
        "history": correcting.history_of(member.subject_id, key, request.GET.get("history")),
    }
    return render(request, "pages/account/correct.html", context, status=_status(request, place))


def _is_written(request: HttpRequest, place: correcting.InPlace) -> bool:
    try:
        place.write()
    except DomainError as error:
        for name, words in error.fields.items():
            place.form.add_error(name, words)
        if not error.fields:
            place.form.add_error(None, error.message)
        return False
    messages.success(request, _("It is corrected. Who got it is told."))
    return True


def _status(request: HttpRequest, place: correcting.InPlace | None) -> int:
    if request.method != "POST":
        return 200
    return 405 if place is None else 422


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("staff")
def staff_recipients(request: HttpRequest) -> HttpResponse:
    """Notices that no recipient acknowledged: sent again, or settled after it was told by another way."""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise NotFound(_("There is no such act."))
        act(notice_id=_uuid(request.POST.get("notice", "")), at=timezone.now())
        return redirect("pages:staff_recipients")
    context = policy_page.about(request, get_policy())
    context |= {"page": gotten.escalated_page(request.GET.get("page")), "every": gotten.addressed()}
    return render(request, "pages/staff/recipients.html", context)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise NotFound(_("There is no such notice, or it is settled.")) from None
