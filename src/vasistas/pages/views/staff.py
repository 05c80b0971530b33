"""The staff's side of the policy: the proof in detail, where data lies, and the register of what is done with it."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vasistas.apps.privacy import queries as requests
from vasistas.apps.support import queries as support
from vasistas.guard import declarations
from vasistas.guard.conformance.report import State
from vasistas.guard.policy import datamap, get_policy, register
from vasistas.guard.policy.register import Register
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.guard.views import touches_nothing
from vasistas.pages import policy_page

ZOOMS = ("fit", "large", "huge")  # classes of .data-map-frame
FILES: dict[str, tuple[str, Callable[[Register], str]]] = {  # ending -> type, writer
    "csv": ("text/csv; charset=utf-8", register.as_csv),
    "jsonld": ("application/ld+json", register.as_jsonld),
    "html": ("text/html; charset=utf-8", register.as_html),
}


@staff_only
@never_cache
@require_safe
@processing("requests", reason="how many requests are overdue")  # counts them; reads no column of anybody
def overview(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    context = policy_page.about(request, policy)
    report = policy_page.report_at(context["now"])
    context |= {
        "report": report,
        "promises": policy_page.promises(policy, report),
        "counts": policy_page.shown_counts(report),
        "is_stale": policy_page.is_stale(report),
        "overdue": requests.overdue_count(timezone.localdate()),
        "unanswered": _overdue_conversations(),
        "due_soon": requests.due_soon_count(timezone.localdate()),
    }
    return render(request, "pages/staff/overview.html", context)


@processing("support")
def _overdue_conversations() -> int:
    return support.overdue_count(timezone.now())


@staff_only
@never_cache
@require_safe
@touches_nothing("results of checks: names of code and counts")
def proof(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    context = policy_page.about(request, policy)
    report = policy_page.report_at(timezone.now())
    every = policy_page.examined(report)
    asked = request.GET.get("state", "")
    shown = [one for one in every if one.check.state == asked] if asked in set(State) else every
    context |= {
        "report": report,
        "shown": shown,
        "every": every,
        "asked": asked if asked in set(State) else "",
        "states": policy_page.states_of(every),
        "is_stale": policy_page.is_stale(report),
    }
    return render(request, "pages/staff/proof.html", context)


@staff_only
@never_cache
@require_safe
@touches_nothing("the policy and the declarations, no row")
def data_map(request: HttpRequest) -> HttpResponse:
    policy = get_policy()
    context = policy_page.about(request, policy)
    asked = request.GET.get("zoom", "")
    picture = datamap.svg(policy, declarations.declarations(), context["lang"])
    context |= {
        "picture": mark_safe(picture),  # noqa: S308 — drawn and escaped by guard.policy.datamap
        "stored": policy_page.stored_under(policy),
        "zoom": asked if asked in ZOOMS else ZOOMS[0],
        "zooms": ZOOMS,
    }
    return render(request, "pages/staff/data_map.html", context)


@staff_only
@never_cache
@require_safe
@touches_nothing("the policy and the declarations, no row")
def register_page(request: HttpRequest) -> HttpResponse:
    context = policy_page.about(request, get_policy())
    context["register"] = _register(context["lang"])
    return render(request, "pages/staff/register.html", context)


@staff_only
@never_cache
@require_safe
@touches_nothing("the policy and the declarations, no row")
def register_file(request: HttpRequest, ending: str) -> HttpResponse:
    """The register to hand over, in the form its `ending` names."""
    if ending not in FILES:
        raise Http404
    content_type, write = FILES[ending]
    found = _register(policy_page.language_of(request, get_policy()))
    name = f"register-v{found.policy.version}-{found.language}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(write(found), content_type=content_type, headers=headers)


def _register(language: str) -> Register:
    return register.of(get_policy(), declarations.declarations(), settings.OPERATOR, language)
