"""The staff's list of hosts: who is cleared until when. Each read stands in the host's log of reads."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.verification import forms, operations, queries, rules
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, staff_only
from vasistas.lib.errors import DomainError
from vasistas.pages import policy_page
from vasistas.pages.views.own import subject_id_of

HOSTS_PER_PAGE = 25


@staff_only
@never_cache
@require_safe
@processing("staff", reason="which hosts are cleared")
def hosts(request: HttpRequest) -> HttpResponse:
    only_uncleared, now = request.GET.get("state") != "all", timezone.now()
    rows = queries.hosts_for_staff(only_uncleared=only_uncleared, at=now)
    context = policy_page.about(request, get_policy()) | {
        "page": Paginator(rows, HOSTS_PER_PAGE).get_page(request.GET.get("page")),
        "state": "" if only_uncleared else "all",
        "now": now,
        "is_asked": settings.HOSTS_MUST_VERIFY,
        "days": rules.CLEARANCE_DAYS,
        "days_max": rules.CLEARANCE_DAYS_MAX,
    }
    return render(request, "pages/staff/verification.html", context)


@staff_only
@never_cache
@require_POST
@processing("staff", reason="clearance of a host")
def decide(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):  # it lets somebody broadcast
        return ask_for_second_factor(request)
    form, by, now = forms.DecisionForm(request.POST), subject_id_of(request), timezone.now()
    if not form.is_valid():
        messages.error(request, _("Give a number of days from 1 to %(most)s.") % {"most": rules.CLEARANCE_DAYS_MAX})
        return redirect("pages:staff_verification")
    try:
        host = queries.get_host(form.cleaned_data["host"])
        if form.cleaned_data["act"] == "clear":
            operations.clear(host=host, by_subject_id=by, days=form.cleaned_data["days"], at=now)
        else:
            operations.withdraw(host=host, by_subject_id=by)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect("pages:staff_verification")
