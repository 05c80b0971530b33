"""My Account: what the member asked under their rights, its clock, its answer, and what they switch themselves."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vasistas.apps.privacy import operations, queries, rules
from vasistas.apps.privacy.forms import AskForm, ObjectForm, RestrictForm
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.pages import my_data as gathered
from vasistas.pages.views.own import subject_id_of

SHOWN_MAX = 100  # requests on the page; the archive has all


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def my_requests(request: HttpRequest) -> HttpResponse:
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = operations.open_request(subject_id=subject_id_of(request), asked=form.asked(), at=timezone.now())
        messages.success(request, _("We have it, and answer within one month."))
        return redirect("pages:request", made.pk)
    return _shown(request, ask=form)


@never_cache
@require_safe
@processing("rights")
def my_request(request: HttpRequest, request_id: int) -> HttpResponse:
    found = queries.get_request_for(subject_id=subject_id_of(request), request_id=request_id)
    use = next((one for one in _uses() if one[0] == found.purpose), None)
    context = {"asked": found, "steps": list(found.steps.order_by("pk")), "use": use}
    return render(request, "pages/account/request.html", {"lang": gathered.language(), **context})


@never_cache
@require_POST
@processing("rights")
def withdraw_request(request: HttpRequest, request_id: int) -> HttpResponse:
    operations.withdraw(subject_id=subject_id_of(request), request_id=request_id, at=timezone.now())
    messages.success(request, _("Your request is withdrawn."))
    return redirect("pages:request", request_id)


@never_cache
@require_POST
@processing("rights")
def object_to_use(request: HttpRequest) -> HttpResponse:
    form = ObjectForm(request.POST, uses=_uses(), auto_id="object_%s")
    if not form.is_valid():
        return _shown(request, objection=form)
    made = operations.object_to(subject_id=subject_id_of(request), asked=form.asked(), at=timezone.now())
    if made.purpose in rules.STOPS_AT_ONCE:
        messages.success(request, _("Your objection holds from now on. We answer within one month."))
    else:
        messages.success(request, _("We have your objection, and answer within one month."))
    return redirect("pages:request", made.pk)


@never_cache
@require_POST
@processing("rights")
def restrict(request: HttpRequest) -> HttpResponse:
    form = RestrictForm(request.POST)
    if not form.is_valid():
        return _shown(request)
    switch = operations.restrict if form.cleaned_data["on"] else operations.lift_restriction
    switch(subject_id=subject_id_of(request), at=timezone.now(), key=form.cleaned_data["key"])
    is_on = form.cleaned_data["on"]
    messages.success(request, _("Your data is kept, and not used.") if is_on else _("Your data is used again."))
    return redirect("pages:requests")


def _shown(request: HttpRequest, *, ask: AskForm | None = None, objection: ObjectForm | None = None) -> HttpResponse:
    subject_id = subject_id_of(request)
    context = {
        "requests": queries.requests_of(subject_id)[:SHOWN_MAX],
        "is_restricted": queries.is_restricted(subject_id),
        "switch": RestrictForm(auto_id="restrict_%s"),
        "objection": objection or ObjectForm(uses=_uses(), auto_id="object_%s"),
        "objected": queries.objected_purposes(subject_id),
        "ask": ask or AskForm(),
        "operator": settings.OPERATOR,
        "today": timezone.localdate(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "pages/account/requests.html", {"lang": gathered.language(), **context}, status=status)


def _uses() -> list[tuple[str, str]]:
    """What can be objected to: purpose -> the activity's title, in the reader's language."""
    language = gathered.language()
    return [(one.purpose, one.title[language]) for one in rules.uses_to_object_to(get_policy())]
