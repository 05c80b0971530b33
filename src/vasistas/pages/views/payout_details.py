"""How a host is paid. Whoever sits there proves that it is them before anything is shown or taken."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.forms import DetailsForm
from vasistas.apps.payouts.models import Payee
from vasistas.apps.providers import queries as providers
from vasistas.guard.purposes import processing
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, has_second_factor
from vasistas.pages.views.own import is_to_confirm, member_of, send_to_confirm

TYPING_TIME = timedelta(minutes=30)  # from the proof to the form that is sent; numbers are looked up meanwhile
SALT = "pages.payout_details"
IBAN_SHOWN = 4  # last letters of the account number, to know it again


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("payouts")
def payout_details(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    if not (providers.host_of(member) or providers.studios_of(member)):
        return redirect("rooms:become")
    payee = queries.payee_of(member.subject_id)
    if request.method != "POST":
        return _ask_who(request, member) or _shown(request, member, DetailsForm(payee=payee, initial=_known(payee)))
    if not _is_proven(request, member):  # what was typed is dropped rather than kept in a session
        messages.warning(request, _("It took long: confirm that it is you, and enter the details again."))
        return redirect("pages:payout_details")
    form = DetailsForm(request.POST, payee=payee)
    if not form.is_valid():
        return _shown(request, member, form, status=422)
    operations.set_details(subject_id=member.subject_id, details=form.details(), at=timezone.now())
    messages.success(request, _("Saved. We sent you a mail about it."))
    return redirect("pages:earnings")


def _ask_who(request: HttpRequest, member: Member) -> HttpResponse | None:
    """Send to the second factor, or to the password of who has none; None: it was used just now."""
    if has_second_factor(member):
        return None if has_fresh_second_factor(request) else ask_for_second_factor(request)
    with processing("account"):
        return send_to_confirm(request) if is_to_confirm(request) else None


def _is_proven(request: HttpRequest, member: Member) -> bool:
    """Whether the form was opened by somebody who had just proven who they are, in this session."""
    try:
        said = signing.loads(request.POST.get("proof", ""), salt=SALT, max_age=TYPING_TIME)
    except signing.BadSignature:
        return False
    return bool(said == _who(request, member))


def _who(request: HttpRequest, member: Member) -> list[Any]:
    return [member.pk, request.session.session_key]


def _known(payee: Payee | None) -> dict[str, Any]:
    return DetailsForm.initial_of(payee) if payee else {}


def _shown(request: HttpRequest, member: Member, form: DetailsForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "ending": form.payee.iban[-IBAN_SHOWN:] if form.payee else "",
        "hours": int(rules.IBAN_HOLD.total_seconds() // 3600),
        "proof": signing.dumps(_who(request, member), salt=SALT),
    }
    return render(request, "pages/studio/payout_details.html", context, status=status)
