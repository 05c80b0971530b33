"""The staff's window on purchases: found by reference, refunded with a reason, disputes answered.

Each read is under the purpose "finance" and stands in its person's log of reads.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.purchases import forms, operations, queries
from vasistas.apps.purchases.models import Purchase, Refund
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, staff_only
from vasistas.lib.errors import DomainError, NotAllowed
from vasistas.lib.numbers import whole
from vasistas.pages import policy_page
from vasistas.pages.views.own import subject_id_of

PURCHASES_PER_PAGE = 25
UNKNOWN_SHOWN = 20


@staff_only
@never_cache
@require_safe
@processing("finance", reason="the list of purchases")
def purchases(request: HttpRequest) -> HttpResponse:
    form = forms.SearchForm(request.GET)
    text = form.cleaned_data["text"].strip() if form.is_valid() else ""
    state = request.GET.get("state", "")
    rows = queries.found_by_staff(text=text, state=state)
    context = {
        "page": Paginator(rows, PURCHASES_PER_PAGE).get_page(request.GET.get("page")),
        "text": text,
        "state": state,
        "states": [(queries.NEEDS, _("Needs you")), *Purchase.State.choices],
        "unknown": list(queries.unknown_hints()[:UNKNOWN_SHOWN]),
    }
    return _shown(request, "purchases", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("finance", reason="a purchase")
def purchase(request: HttpRequest, reference: UUID) -> HttpResponse:
    with processing("finance", reason=f"purchase {reference}"):
        found = queries.get_purchase(reference)
        if request.method == "POST" and not has_fresh_second_factor(request):  # it moves money
            return ask_for_second_factor(request)
        if request.method == "POST" and found.subject_id == subject_id_of(request):
            raise NotAllowed(_("This is your own purchase. Ask a colleague."), code="purchases.own")
        if request.method == "POST":
            return _act(request, found)
        return _opened(request, found)


@staff_only
@never_cache
@require_safe
@processing("finance", reason="evidence")
def evidence(_request: HttpRequest, reference: UUID) -> HttpResponse:
    """What there is to show of a purchase, as a ZIP."""
    with processing("finance", reason=f"evidence of purchase {reference}"):
        packed = operations.pack(purchase=queries.get_purchase(reference), at=timezone.now())
    named = {"Content-Disposition": f'attachment; filename="evidence-{reference}.zip"'}
    return HttpResponse(packed, content_type="application/zip", headers=named)


def _act(request: HttpRequest, found: Purchase) -> HttpResponse:
    act, now = request.POST.get("act", ""), timezone.now()
    if act == "refund":
        return _refund(request, found)
    try:
        if act == "look":
            operations.look(purchase_id=found.pk, at=now)
        elif act == "answer":
            operations.submit(purchase=found, at=now)
        elif act == "again":
            operations.try_refund_again(refund_id=_number(request.POST.get("refund", "")), at=now)
        else:
            raise Http404
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))
    return redirect("pages:staff_purchase", found.reference)


def _refund(request: HttpRequest, found: Purchase) -> HttpResponse:
    form, now = forms.StaffRefundForm(request.POST, most=queries.refundable(found), auto_id="refund_%s"), timezone.now()
    if form.is_valid():
        try:
            made = operations.refund_by_staff(purchase_id=found.pk, at=now, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            state = operations.run_refund(refund_id=made.pk, at=now).state
            messages.success(request, _("Refund: %(state)s.") % {"state": Refund.State(state).label})
            return redirect("pages:staff_purchase", found.reference)
    return _opened(request, found, form)


def _opened(request: HttpRequest, found: Purchase, form: forms.StaffRefundForm | None = None) -> HttpResponse:
    most = queries.refundable(found)
    context = {
        "bought": found,
        "dispute": getattr(found, "dispute", None),
        "refunds": list(found.refunds.order_by("pk")),
        "most": most,
        "form": form or forms.StaffRefundForm(most=most, auto_id="refund_%s"),
        "needs_look": found.state in {Purchase.State.WRONG, Purchase.State.OPEN},
    }
    return _shown(request, "purchase", context, status=422 if form else 200)


def _number(text: str) -> int:
    number = whole(text)
    if number is None:
        raise Http404
    return number


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    return render(request, f"pages/staff/{name}.html", {**about, **context}, status=status)
