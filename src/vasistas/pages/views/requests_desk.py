"""The staff's queue of requests: by their day; answered, extended in time, or refused with the way to complain.

Each read is under the purpose "requests" with the number of the request, and stands in its person's log of reads.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.forms import AnswerForm, EnterForm, ExtendForm, RefuseForm
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib.errors import DomainError, NotAllowed
from vasistas.pages import policy_page

REQUESTS_PER_PAGE = 25
FORMS: dict[str, type[Form]] = {"answer": AnswerForm, "extend": ExtendForm, "refuse": RefuseForm}


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD"])
@processing("requests", reason="the queue of requests")
def queue(request: HttpRequest) -> HttpResponse:
    is_closed = "closed" in request.GET
    page = Paginator(queries.queue(is_closed=is_closed), REQUESTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "is_closed": is_closed, "today": timezone.localdate()}
    return _shown(request, "requests", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("requests", reason="entering a request")
def enter(request: HttpRequest) -> HttpResponse:
    form = EnterForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _shown(request, "request_new", {"form": form}, status=422 if form.errors else 200)
    address = form.cleaned_data["address"]
    subject_id = accounts.subject_of_address(address) if address else None
    asked = form.asked(has_account=subject_id is not None)
    made = operations.open_request(subject_id=subject_id, asked=asked, at=timezone.now(), by="staff")
    messages.success(request, _("Entered as request %(number)d.") % {"number": made.pk})
    return redirect("pages:staff_request", made.pk)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("requests", reason="a request")
def handle(request: HttpRequest, request_id: int) -> HttpResponse:
    with processing("requests", reason=f"request {request_id}"):
        if request.method == "POST":
            return _act(request, request_id)
        return _opened(request, request_id)


def _act(request: HttpRequest, request_id: int) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "take":
        operations.take(request_id=request_id, staff_id=_staff_id(request), at=timezone.now())
        return redirect("pages:staff_request", request_id)
    if act not in FORMS:
        raise Http404
    form = FORMS[act](request.POST)
    if form.is_valid():
        try:
            _ACTS[act](form.cleaned_data, request_id=request_id, staff_id=_staff_id(request), at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Done; the person is told."))
            return redirect("pages:staff_request", request_id)
    return _opened(request, request_id, given={act: form})


def _opened(request: HttpRequest, request_id: int, given: dict[str, Form] | None = None) -> HttpResponse:
    found = queries.get_request(request_id)
    forms = {name: (given or {}).get(name) or form() for name, form in FORMS.items()}
    today = timezone.localdate()
    context = {
        "asked": found,
        "steps": list(found.steps.order_by("pk")),
        "name": accounts.name_of_subject(found.subject_id),
        "forms": forms,
        "can_extend": found.is_open and found.extended_at is None and today <= found.due_date,
        "redress": _redress(),
        "today": today,
    }
    return _shown(request, "request", context, status=422 if given else 200)


def _redress() -> str:
    """Where to complain (GDPR Art. 12(4), 77, 79), as the policy names it."""
    authority = get_policy().authority
    place = f"{authority.name}, {authority.address}, {authority.url}"
    words = _("You may complain to the authority: %(place)s. You may also go to court (GDPR Art. 77 and 79).")
    return words % {"place": place}


def _answer(given: dict[str, Any], **who: Any) -> None:
    operations.answer(text=given["text"], **who)


def _extend(given: dict[str, Any], **who: Any) -> None:
    operations.extend(months=given["months"], reason=given["reason"], **who)


def _refuse(given: dict[str, Any], **who: Any) -> None:
    operations.refuse(ground=given["ground"], redress=_redress(), **who)


_ACTS: dict[str, Callable[..., None]] = {"answer": _answer, "extend": _extend, "refuse": _refuse}


def _staff_id(request: HttpRequest) -> int:
    member = request.user
    if not isinstance(member, Member):  # staff_only let nobody else through
        raise NotAllowed(_("Sign in first."))
    return member.subject_id


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    return render(request, f"pages/staff/{name}.html", {**about, **context}, status=status)
