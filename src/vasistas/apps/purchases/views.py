"""The doors of buying: start, come back, the provider's messages, give back, forget."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.purchases import forms, operations, queries
from vasistas.apps.purchases.models import Purchase, Refund
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, NotAllowed
from vasistas.payments.port import PEER, QUERY, HintForged

HINT_BYTES_MAX = 262_144  # of one message of a provider
BUYS_PER_HOUR = 30
RETURNS_PER_MINUTE = 40  # the page asks again every few seconds
ASK_AGAIN_S = 4
FORGED = "This message was not understood. Nothing was done.\n"


@never_cache
@require_POST
@processing("wallet")
def buy(request: HttpRequest) -> HttpResponse:
    """Start a checkout, and send the browser to the provider's own page."""
    subject_id = _subject_id(request)
    form = forms.BuyForm(request.POST, methods=list(queries.methods_of(subject_id)))
    if not form.is_valid():
        return _back(request, _said(form), "buy")
    try:
        _limit("buy", subject_id, BUYS_PER_HOUR, 3600)
        purchase = operations.buy(subject_id=subject_id, wanted=form.wanted(), at=timezone.now())
    except DomainError as error:
        return _back(request, error.message, "buy")
    if purchase.state == Purchase.State.OPEN and purchase.checkout_url:
        return _go(purchase.checkout_url)
    return redirect("purchases:returned", purchase.reference)


@never_cache
@require_safe
@processing("wallet")
def returned(request: HttpRequest, reference: UUID) -> HttpResponse:
    """How a purchase stands, asked of the provider itself: the address one comes back by proves nothing."""
    subject_id = _subject_id(request)
    purchase = queries.get_purchase_for(subject_id=subject_id, reference=reference)
    is_unread = False
    if purchase.state not in queries.FINAL:
        try:
            _limit("returned", subject_id, RETURNS_PER_MINUTE, 60)
            purchase = operations.look(purchase_id=purchase.pk, at=timezone.now())
        except DomainError:  # asked too often, or the provider is away: the worker goes on
            is_unread = True
    is_open = purchase.state == Purchase.State.OPEN
    context = {"purchase": purchase, "is_open": is_open, "is_unread": is_unread, "ask_again_s": ASK_AGAIN_S}
    return render(request, "purchases/returned.html", context)


@public("payment providers call it; what they say is verified, and believed in one thing: look again")
@csrf_exempt
@never_cache
@require_POST
@processing("wallet")
def hint(request: HttpRequest, provider: str) -> HttpResponse:
    """Keep a message whose signature is right; the same again is answered alike and does nothing."""
    beside = {QUERY: request.META.get("QUERY_STRING", ""), PEER: request.META.get("REMOTE_ADDR", "")}
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > HINT_BYTES_MAX:
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    try:
        told = operations.verify(name=provider, headers={**request.headers, **beside}, body=request.body)
    except HintForged:
        return _plain(FORGED, HTTPStatus.BAD_REQUEST)
    operations.store(name=provider, hint=told, at=timezone.now())
    return _plain("", HTTPStatus.OK)


@never_cache
@require_POST
@processing("wallet")
def refund(request: HttpRequest) -> HttpResponse:
    """Give unused credits back to where they were paid from."""
    subject_id, now = _subject_id(request), timezone.now()
    form = forms.RefundForm(request.POST, most=0)
    if not form.is_valid():
        return _back(request, _said(form), "refund")
    given = form.cleaned_data
    try:
        asked = operations.ask_refund(subject_id=subject_id, amount=given["amount"], key=given["key"], at=now)
    except DomainError as error:
        return _back(request, error.message, "refund")
    states = {operations.run_refund(refund_id=one.pk, at=now).state for one in asked}
    if Refund.State.REFUSED in states:
        return _back(request, _("The provider refused it. Your credits are back; write to us."), "purchases")
    is_done = states == {Refund.State.DONE}
    done = _("It goes back to where you paid from. Banks take some days to show it.")
    messages.success(request, done if is_done else _("It is set aside, and goes back as soon as the provider answers."))
    return redirect(reverse("pages:money") + "#purchases")


@never_cache
@require_POST
@processing("wallet")
def forget_method(request: HttpRequest, method_id: int) -> HttpResponse:
    is_gone = operations.forget_method(subject_id=_subject_id(request), method_id=method_id, at=timezone.now())
    done = _("Forgotten, at the provider too.")
    messages.success(request, done if is_gone else _("Forgotten here; the provider forgets it as soon as it answers."))
    return redirect(reverse("pages:money") + "#methods")


def _subject_id(request: HttpRequest) -> int:
    if not isinstance(request.user, Member):  # the login middleware lets nobody else through
        raise NotAllowed(_("Sign in first."))
    return request.user.subject_id


def _limit(name: str, subject_id: int, limit: int, per_s: int) -> None:
    now = timezone.now().timestamp()
    limits.hit(f"purchases.{name}", str(subject_id), limit=limit, per_s=per_s, now=now)


def _said(form: Form) -> str:
    return " ".join(str(words) for errors in form.errors.values() for words in errors)


def _back(request: HttpRequest, words: str, anchor: str) -> HttpResponse:
    """To the page the form stands on, with what was wrong. Nothing was bought or given back."""
    messages.error(request, words)
    return _go(f"{reverse('pages:money')}#{anchor}")


def _go(address: str) -> HttpResponse:
    """303: by GET, whatever the browser sent before (RFC 9110, section 15.4.4)."""
    return HttpResponseRedirect(address, status=HTTPStatus.SEE_OTHER)


def _plain(words: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
