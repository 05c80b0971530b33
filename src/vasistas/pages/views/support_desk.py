"""The staff's side of conversations. Each is opened under the purpose "support" and stands in its person's log of
reads; their chat opens through a window alone.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.chat.queries import looking
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.support import operations, queries
from vasistas.apps.support.forms import CannedForm, SayForm, WindowForm
from vasistas.apps.support.models import CANNED_MAX, Ticket
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib import numbers
from vasistas.lib.errors import DomainError
from vasistas.pages import policy_page
from vasistas.pages.views.own import subject_id_of
from vasistas.pages.views.support import download

if TYPE_CHECKING:
    from collections.abc import Callable

TICKETS_PER_PAGE = 30


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("support")
def desk(request: HttpRequest) -> HttpResponse:
    """The queue. What is searched for comes by POST: an address stands in no address line."""
    now, asked = timezone.now(), request.POST.get("find", "")
    view = request.GET.get("view", "open")
    view = view if view in queries.VIEWS else "open"
    rows = queries.find(asked) if asked else queries.queue(view, staff=subject_id_of(request), at=now)
    page: Any = Paginator(rows, queries.FOUND_MAX if asked else TICKETS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "view": view, "views": _view_names(), "asked": asked, "now": now}
    return _shown(request, "desk", {**context, "counts": queries.counts(now)})


def _view_names() -> list[tuple[str, str]]:
    names = (_("All open"), _("Mine"), _("Unassigned"), _("Urgent"), _("Overdue"), _("Waiting"), _("Closed"))
    return list(zip(queries.VIEWS, names, strict=True))


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("support")
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    found = queries.get_ticket(number)
    form = SayForm(request.POST or None) if request.POST.get("act") in {"answer", "note"} else SayForm()
    if request.method == "POST":
        try:
            answered = _act(request, found, form)
        except DomainError as error:
            messages.error(request, error.message)
            answered = redirect("pages:staff_ticket", number)
        if answered is not None:
            return answered
    return _opened(request, found, form, WindowForm())


def _act(request: HttpRequest, found: Ticket, form: SayForm) -> HttpResponse | None:
    """What a button says; None: the page is shown again with what was wrong."""
    act, now, staff = request.POST.get("act", ""), timezone.now(), subject_id_of(request)
    if act in {"answer", "note"}:
        if not form.is_valid():
            return None
        done: Callable[..., Any] = operations.answer if act == "answer" else operations.note
        done(ticket=found, by=staff, text=form.cleaned_data["text"], at=now)
    elif act == "merge":
        found = operations.merge(ticket=found, number=request.POST.get("number", ""), at=now)
    else:
        simple = {
            "take": lambda: operations.assign(ticket=found, to=staff),
            "leave": lambda: operations.assign(ticket=found, to=None),
            "urgent": lambda: operations.set_urgent(ticket=found, is_urgent=True),
            "not_urgent": lambda: operations.set_urgent(ticket=found, is_urgent=False),
            "close": lambda: operations.close(ticket=found, at=now),
            "reopen": lambda: operations.reopen(ticket=found, at=now),
        }
        if act not in simple:
            raise Http404
        simple[act]()
    return redirect("pages:staff_ticket", found.number)


def _opened(request: HttpRequest, found: Ticket, form: SayForm, window: WindowForm) -> HttpResponse:
    now = timezone.now()
    context = {
        "ticket": found,
        "name": accounts.name_of_subject(found.subject_id),
        "thread": queries.thread(found, with_notes=True),
        "others": list(queries.tickets_of(found.subject_id).exclude(pk=found.pk)[:10]),
        "form": form,
        "window_form": window,
        "window": queries.window_of(found, staff=subject_id_of(request), at=now),
        "canned": list(queries.canned()[:CANNED_MAX]),
        "is_mine": found.assigned_to_id == subject_id_of(request),
        "now": now,
    }
    return _shown(request, "ticket", context, status=422 if form.errors or window.errors else 200)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD"])
@processing("support")
def attachment(request: HttpRequest, number: str, attachment_id: int) -> HttpResponse:  # noqa: ARG001 — Django's
    return download(queries.get_attachment(queries.get_ticket(number), attachment_id))


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("support")
def window(request: HttpRequest, number: str) -> HttpResponse:
    """Open a look at what the person said in one room; show it while it is open."""
    found, now, staff = queries.get_ticket(number), timezone.now(), subject_id_of(request)
    if request.method == "POST":
        form = WindowForm(request.POST)
        try:
            if form.is_valid():
                with processing("rooms"):
                    room_id = rooms.room_id_of(form.cleaned_data["room"])
                operations.open_window(ticket=found, by=staff, window=form.window(room_id), at=now)
                return redirect("pages:open_window", number)
        except DomainError as error:
            form.add_error(None, error.message)
        return _opened(request, found, SayForm(), form)
    opened = queries.window_of(found, staff=staff, at=now)
    if opened is None:
        messages.info(request, _("No look at the chat is open any more."))
        return redirect("pages:staff_ticket", number)
    with processing(opened.purpose, reason=f"conversation {number}: {opened.reason}"[:200]):
        span = opened.from_at, opened.to_at
        lines = looking.said_between(room_id=opened.room_id, subject_id=found.subject_id, span=span)
        return _shown(request, "window", {"ticket": found, "window": opened, "lines": lines})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("support")
def canned(request: HttpRequest) -> HttpResponse:
    """The answers kept ready: add one, change one, remove one."""
    number = numbers.whole(request.POST.get("pk") or request.GET.get("edit") or "") or 0
    chosen = queries.canned().filter(pk=number).first()
    if request.method == "POST" and request.POST.get("act") == "remove" and chosen is not None:
        chosen.delete()
        return redirect("pages:staff_canned")
    form = CannedForm(request.POST or None, instance=chosen)
    if request.method == "POST" and form.is_valid():
        if chosen is None and queries.canned().count() >= CANNED_MAX:
            form.add_error(None, _("There are %(count)d answers. Remove one first.") % {"count": CANNED_MAX})
        else:
            form.save()
            return redirect("pages:staff_canned")
    context = {"answers": list(queries.canned()[:CANNED_MAX]), "form": form, "chosen": chosen}
    return _shown(request, "canned", context, status=422 if form.errors else 200)


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    return render(request, f"pages/support/{name}.html", {**about, **context}, status=status)
