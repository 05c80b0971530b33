"""The staff's books: the trial balance, accounts, transfers, a period as CSV, and the provider's statement beside them.

Each look is under the purpose "finance", and stands in the log of reads of whoever it is about.
"""

import uuid
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vasistas import payments
from vasistas.apps.wallet import queries
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib.errors import NotFound
from vasistas.lib.numbers import whole
from vasistas.pages import books, policy_page, reconciling
from vasistas.payments.port import PaymentError, PaymentPort

ITEMS_SHOWN_MAX = 200  # of one comparison; the CSV has all


@staff_only
@never_cache
@require_safe
@processing("finance", reason="the trial balance")
def ledger(request: HttpRequest) -> HttpResponse:
    kinds = queries.trial_balance()
    wrong = queries.unbalanced_transfers(), queries.wrong_balances()
    total = sum(one.balance for one in kinds)
    context = {"kinds": kinds, "total": total, "wrong": wrong, "is_sound": not total and not any(wrong)}
    return _shown(request, "ledger", {**context, "form": books.PeriodForm()})


@staff_only
@never_cache
@require_safe
@processing("finance", reason="browsing accounts")
def accounts(request: HttpRequest) -> HttpResponse:
    form = books.AccountsForm(request.GET)
    if not form.is_valid():
        return _shown(request, "accounts", {"form": form}, status=422)
    asked = form.cleaned_data
    found = queries.browse_accounts(kind=asked["kind"], number=asked["number"], after=asked["after"] or 0)
    rows, more = found[: queries.LINES_PER_PAGE], found[queries.LINES_PER_PAGE :]
    context = {"form": form, "rows": books.standing(rows), "next": more and _next(form, after=rows[-1].pk)}
    return _shown(request, "accounts", context)


@staff_only
@never_cache
@require_safe
@processing("finance", reason="an account")
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    with processing("finance", reason=f"account {account_id}"):
        found = queries.get_account(account_id)
        lines = queries.lines_of(found, before=whole(request.GET.get("before", "")))
        standing = books.standing([found])[0]
    more = lines[-1].pk if len(lines) == queries.LINES_PER_PAGE else None
    return _shown(request, "account", {"standing": standing, "lines": lines, "more": more})


@staff_only
@never_cache
@require_safe
@processing("finance", reason="browsing transfers")
def transfers(request: HttpRequest) -> HttpResponse:
    form = books.TransfersForm(request.GET)
    if not form.is_valid():
        return _shown(request, "transfers", {"form": form}, status=422)
    found = queries.browse_transfers(**form.cleaned_data)
    rows, more = found[: queries.LINES_PER_PAGE], found[queries.LINES_PER_PAGE :]
    return _shown(request, "transfers", {"form": form, "rows": rows, "next": more and _next(form, before=rows[-1].pk)})


@staff_only
@never_cache
@require_safe
@processing("finance", reason="a transfer")
def transfer(request: HttpRequest, transfer_id: uuid.UUID) -> HttpResponse:
    with processing("finance", reason=f"transfer {transfer_id}"):
        found = queries.get_transfer(transfer_id)
        legs = books.legs(queries.legs_of(found))
    return _shown(request, "transfer", {"transfer": found, "legs": legs})


@staff_only
@never_cache
@require_safe
@processing("finance", reason="entries of a period")
def entries(request: HttpRequest) -> HttpResponseBase:
    form = books.PeriodForm(request.GET)
    if not form.is_valid():
        return _shown(request, "entries", {"form": form}, status=422)
    return books.entries_csv(request, *form.moments())


@staff_only
@never_cache
@require_safe
@processing("finance", reason="the provider's statement")
def reconciliation(request: HttpRequest) -> HttpResponse:
    form = reconciling.ReconcileForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "providers": payments.names(), "days": reconciling.DAYS_MAX}
    if not form.is_valid():
        return _shown(request, "reconciliation", context, status=422 if form.errors else 200)
    try:
        items = reconciling.reconcile(_port(request), *form.moments())
    except PaymentError as error:
        return _shown(request, "reconciliation", {**context, "error": error}, status=error.status)
    counts = [(words, sum(item.state == state for item in items)) for state, words in reconciling.WORDS.items()]
    shown = {"items": items[:ITEMS_SHOWN_MAX], "counts": counts, "left_out": max(0, len(items) - ITEMS_SHOWN_MAX)}
    provider = request.GET.get("provider", "")
    return _shown(
        request, "reconciliation", {**context, **shown, "provider": provider, "query": request.GET.urlencode()}
    )


@staff_only
@never_cache
@require_safe
@processing("finance", reason="the provider's statement")
def reconciliation_csv(request: HttpRequest) -> HttpResponse:
    form = reconciling.ReconcileForm(request.GET)
    if not form.is_valid():
        return _shown(request, "reconciliation", {"form": form, "providers": payments.names()}, status=422)
    items = reconciling.reconcile(_port(request), *form.moments())
    rows = [
        (one.state, one.kind, one.reference, one.at.isoformat(), one.here, one.there, one.currency) for one in items
    ]
    named = f'attachment; filename="reconciliation-{form.cleaned_data["since"]:%Y-%m-%d}.csv"'
    body = books.csv_lines([reconciling.COLUMNS, *rows])
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _port(request: HttpRequest) -> PaymentPort:
    """Raises: NotFound: no such provider is enabled."""
    name = request.GET.get("provider", "")
    if name not in payments.names():
        raise NotFound(_("There is no such payment provider here."))
    return payments.get_port(name)


def _next(form: Form, **place: Any) -> str:
    """The address of the page after this one, with the same filters."""
    asked = form.data.copy()  # type: ignore[attr-defined]  # the query of a request
    for name, value in place.items():
        asked[name] = str(value)
    return f"?{asked.urlencode()}"


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    return render(request, f"pages/staff/books/{name}.html", {**about, **context}, status=status)
