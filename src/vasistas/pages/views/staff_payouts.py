"""The staff's side of payouts: prepare, approve by two, hand the file to the bank, take back what it returns.

All of it under the purpose "finance", with the run as its reason; what is read of somebody stands in their log.
"""

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.forms import ApproveForm, HoldForm, LiftForm, ReturnForm, YearForm
from vasistas.apps.payouts.models import Payee, Payout
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, staff_only
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import earnings, policy_page
from vasistas.pages.views.own import subject_id_of

IBAN_SHOWN = 4


@staff_only
@never_cache
@require_safe
@processing("finance", reason="payouts that wait")
def staff_payouts(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    waiting, reasons = queries.waiting(now)
    payable = [] if queries.open_run() else queries.payable_accounts(now)
    context = {
        "runs": queries.runs(),
        "open": queries.open_run(),
        "payable": payable,
        "total": sum(one.balance or 0 for one in payable),
        "waiting": waiting,
        "reasons": [(Payout.Reason(key).label, count) for key, count in reasons.most_common()],
        "minimum": settings.PAYOUT_MIN_MINOR,
        "fault": _fault_of_set_up(),
        "year": now.year,
    }
    return _shown(request, "payouts", context)


@staff_only
@never_cache
@require_POST
@processing("finance", reason="preparing a run of payouts")
def prepare(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    run = operations.prepare_run(subject_id=subject_id_of(request), at=timezone.now())
    return redirect("pages:staff_payout_run", run.pk)


@staff_only
@never_cache
@require_safe
@processing("finance", reason="a run of payouts")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    with processing("finance", reason=f"run {run_id} of payouts"):
        found = queries.get_run(run_id)
        payouts = queries.payouts_in(found)
        contents = rules.contents_of(payouts)
        given = queries.approvals_of(found, contents)
        context = {
            "run": found,
            "payouts": _payouts(payouts),
            "contents": contents,
            "given": list(queries.names_of(given).values()),
            "has_approved": subject_id_of(request) in given,
            "approvals_min": rules.APPROVALS_MIN,
            "total": sum(one.amount for one in payouts if one.state in PAID_OR_TO_BE),
            "count": sum(1 for one in payouts if one.state in PAID_OR_TO_BE),
            "codes": ReturnForm.base_fields["code"].choices,  # type: ignore[attr-defined]  # a ChoiceField
        }
        return _shown(request, "payout_run", context)


@staff_only
@never_cache
@require_POST
@processing("finance", reason="a run of payouts")
def act(request: HttpRequest, run_id: int) -> HttpResponse:
    """Approve or drop a run, hold or release a payee, note a returned payment. Each asks for the second factor."""
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    kind, done = _ACTS.get(request.POST.get("act", ""), (None, None))
    if kind is None or done is None:
        raise Http404
    form = kind(request.POST)
    if not form.is_valid():
        raise DomainError(_("Something in this form is missing or wrong. Go back and fill it in."))
    with processing("finance", reason=f"run {run_id} of payouts"):
        messages.success(request, done(form.cleaned_data, run_id, subject_id_of(request)))
    return redirect("pages:staff_payout_run", run_id)


@staff_only
@never_cache
@require_POST
@processing("finance", reason="a hold on payouts")
def lift(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    form = LiftForm(request.POST)
    if form.is_valid():
        operations.lift_hold(subject_id=form.cleaned_data["subject"])
    return redirect("pages:staff_payouts")


@staff_only
@never_cache
@require_POST
@processing("finance", reason="the payment file of a run")
def run_file(request: HttpRequest, run_id: int) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    with processing("finance", reason=f"payment file of run {run_id}"):
        text = queries.run_file(queries.get_run(run_id))
    if text is None:
        raise NotFound(_("This run has no payment file: it is not paid yet, or nothing of it was."))
    return _file(text, f"payouts-{run_id}.xml", "application/xml")


@staff_only
@never_cache
@require_POST
@processing("finance", reason="the year’s report of payees (DAC7)")
def dac7(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    year = _year(request)
    return _file("".join(earnings.dac7_csv(year)), f"dac7-{year}.csv", "text/csv")


@staff_only
@never_cache
@require_POST
@processing("finance", reason="records of payouts kept by law")
def records(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    year = _year(request)
    lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in queries.records_of_year(year))
    return _file("".join(lines), f"payout-records-{year}.jsonl", "application/jsonl")


# -- Acts --------------------------------------------------------------------------------------------------------------


def _approve(given: dict[str, Any], run_id: int, subject_id: int) -> str:
    now = timezone.now()
    if not operations.approve_run(run_id=run_id, subject_id=subject_id, contents=given["contents"], at=now):
        return _("You have approved exactly these payments. The other approval is another person’s.")
    operations.pay_run(run_id=run_id, at=now)
    return _("Approved by two: the money has left the ledger. Hand the file to the bank.")


def _drop(_given: dict[str, Any], run_id: int, _subject_id: int) -> str:
    operations.drop_run(run_id=run_id, at=timezone.now())
    return _("The run is dropped. Nobody was paid.")


def _hold(given: dict[str, Any], _run_id: int, _subject_id: int) -> str:
    operations.hold_payee(subject_id=given["subject"], because=given["because"], at=timezone.now())
    return _("They are not paid until you lift it; they read why.")


def _return(given: dict[str, Any], _run_id: int, _subject_id: int) -> str:
    operations.return_payout(payout_id=given["payout"], code=given["code"], at=timezone.now())
    return _("The money is back where it came from.")


_ACTS: dict[str, tuple[type[Form], Callable[[dict[str, Any], int, int], str]]] = {
    "approve": (ApproveForm, _approve),
    "drop": (Form, _drop),
    "hold": (HoldForm, _hold),
    "return": (ReturnForm, _return),
}

# -- What is shown -----------------------------------------------------------------------------------------------------

PAID_OR_TO_BE = {Payout.State.PREPARED, Payout.State.PAID}


def _payouts(rows: list[Payout]) -> list[dict[str, Any]]:
    payees = queries.payees_by_number(one.account.number for one in rows)
    names = queries.names_of(one.subject_id for one in payees.values())
    return [{"row": one, **_payee(payees.get(one.account.number), names)} for one in rows]


def _payee(payee: Payee | None, names: dict[int, str]) -> dict[str, Any]:
    if payee is None:
        return {"name": "", "legal_name": "", "ending": "", "country": "", "subject": None}
    return {
        "name": names.get(payee.subject_id, ""),
        "legal_name": payee.legal_name,
        "ending": payee.iban[-IBAN_SHOWN:],
        "country": payee.country,
        "subject": payee.subject_id,
    }


def _fault_of_set_up() -> str:
    try:
        rules.check_set_up()
    except rules.NotSetUp as fault:
        return fault.message
    return ""


def _year(request: HttpRequest) -> int:
    form = YearForm(request.POST)
    if not form.is_valid():
        raise NotFound(_("There are no books of this year."))
    return int(form.cleaned_data["year"])


def _file(text: str, name: str, content_type: str) -> HttpResponse:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=f"{content_type}; charset=utf-8", headers=named)


def _shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"pages/staff/{name}.html", {**policy_page.about(request, get_policy()), **context})
