"""My Account: credits, what they were bought and spent with, and the limits somebody sets themselves."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas import payments
from vasistas.apps.purchases import forms
from vasistas.apps.purchases import queries as purchases
from vasistas.apps.wallet import operations as wallet_operations
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.forms import ExcludeForm, LimitForm, PauseForm, typed
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import consent_page, live, my_data, my_money
from vasistas.pages.views.own import member_of, subject_id_of

LIMIT_FORMS: dict[str, type[Form]] = {"limit": LimitForm, "pause": PauseForm, "exclude": ExcludeForm}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("wallet")
def money(request: HttpRequest) -> HttpResponse:
    """Balance, buying, history. A post here is the switch of paying alone."""
    subject_id = subject_id_of(request)
    if request.method == "POST":
        with processing("rights"):
            messages.success(request, consent_page.choose(request, subject_id, my_data.language()))
        return redirect("pages:money")
    return _shown(request, "money", _money_context(request, subject_id))


def _money_context(request: HttpRequest, subject_id: int) -> dict[str, Any]:
    now = timezone.now()
    unused, methods = purchases.unused(subject_id), list(purchases.methods_of(subject_id))
    return {
        "one": my_money.switch(subject_id, my_data.language()),
        "balance": wallet.balance_of(subject_id),
        "held": wallet.held(subject_id),
        "paused_until": wallet.paused_until(subject_id, now),
        "limit": wallet.limit_of(subject_id, now),
        "buy": forms.BuyForm(methods=methods, auto_id="buy_%s") if payments.names() else None,
        "history": my_money.history(subject_id, request.GET.get("before")),
        "is_first": "before" not in request.GET,
        "purchases": purchases.purchases_of(subject_id),
        "unused": unused,
        "refund": forms.RefundForm(most=unused, auto_id="refund_%s"),
        "methods": methods,
        "given": purchases.given_total(subject_id),
    }


@never_cache
@require_safe
@processing("wallet")
def balance(request: HttpRequest) -> JsonResponse:
    """For pages that are live for the balance alone: fresh grants, and how it stands."""
    member = member_of(request)
    channels = live.positions(my_money.channels_of(member))
    return JsonResponse({"channels": channels, "balance_minor": wallet.balance_of(member.subject_id)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("wallet")
def limits(request: HttpRequest) -> HttpResponse:
    subject_id, act = subject_id_of(request), request.POST.get("act", "")
    given: dict[str, Form] = {}
    if request.method == "POST":
        if act not in LIMIT_FORMS:
            raise NotFound(_("There is no such choice."))
        form = LIMIT_FORMS[act](request.POST, auto_id=f"{act}_%s")
        if form.is_valid() and _is_set(request, act, form, subject_id):
            return redirect("pages:limits")
        given[act] = form
    status = 422 if given else 200
    return _shown(request, "limits", _limits_context(subject_id, given), status)


def _is_set(request: HttpRequest, act: str, form: Any, subject_id: int) -> bool:
    now = timezone.now()
    try:
        if act == "limit":
            wallet_operations.set_limit(subject_id=subject_id, per_day=form.cleaned_data["per_day"], at=now)
        else:
            begin = wallet_operations.pause if act == "pause" else wallet_operations.exclude
            begin(subject_id=subject_id, length=form.length(), at=now)
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, _("It counts. What is set is shown here."))
    return True


def _limits_context(subject_id: int, given: dict[str, Form]) -> dict[str, Any]:
    now = timezone.now()
    limit = wallet.limit_of(subject_id, now)
    first = {"limit": {"per_day": typed(limit) if limit is not None else None}}
    made = {name: form(initial=first.get(name), auto_id=f"{name}_%s") for name, form in LIMIT_FORMS.items()}
    return {
        "limit": limit,
        "to_come": wallet.limit_to_come(subject_id, now),
        "spent": wallet.spent_today(subject_id, now),
        "bought": purchases.bought_today(subject_id, now),
        "paused_until": wallet.paused_until(subject_id, now),
        "forms": {**made, **given},
    }


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = {"lang": my_data.language(), "policy": get_policy()}
    return render(request, f"pages/account/{name}.html", {**about, **context}, status=status)
