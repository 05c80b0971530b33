"""Rights without signing in: for people without an account, and for members who cannot get into theirs."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts import operations as accounts
from vasistas.apps.accounts import queries as known
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations, queries
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.guard.rights import archive
from vasistas.lib import limits
from vasistas.lib.errors import LimitReached, NotAllowed
from vasistas.pages import erasing, my_data

ASKED_MAX, ASKED_PER_S = 10, 3600  # of one network address
MAILS_MAX, MAILS_PER_S = 3, 3600  # to one mail address; beyond it the answer is the same, and no mail leaves


@public("a right of everyone")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def rights_by_mail(request: HttpRequest) -> HttpResponse:
    """Take an address, and answer the same whether it is known or not."""
    is_wrong = False
    if request.method == "POST":
        email = request.POST.get("email", "").strip()
        limits.hit("rights.asked", _network(request), limit=ASKED_MAX, per_s=ASKED_PER_S, now=_now_s())
        try:
            validate_email(email)
        except ValidationError:
            is_wrong = True
        else:
            _mail(email)
    context = {"is_sent": request.method == "POST" and not is_wrong, "is_wrong": is_wrong}
    return _shown(request, "by_mail", context, HTTPStatus.BAD_REQUEST if is_wrong else HTTPStatus.OK)


@public("whoever has the link reads the mails of the address it was sent to")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rights")
def rights_page(request: HttpRequest, token: str) -> HttpResponse | StreamingHttpResponse:
    """Show what is held under the address; let its owner take it along or erase it, by one act of the link."""
    link = queries.get_rights_link_for(token=token, at=timezone.now())
    member = Member.objects.filter(subject=link.subject_id).first() if link.subject_id else None
    # The mail address alone must not open what a second factor closes; who is suspended has no other way.
    may_act = member is not None and not (member.is_active and known.has_second_factor(member))
    is_wrong = request.POST.get("act") == "erase" and not erasing.is_confirmed(request.POST.get("word", ""))
    if request.method == "POST" and not is_wrong:
        if not may_act:
            raise NotAllowed(_("Sign in to do this."))
        return _act(request, token)
    held = erasing.what_goes(member.subject_id) if member else []
    context = {"member": member, "may_act": may_act, "held": held, "word": erasing.word(), "is_wrong": is_wrong}
    return _shown(request, "by_mail_page", context, HTTPStatus.BAD_REQUEST if is_wrong else HTTPStatus.OK)


def _act(request: HttpRequest, token: str) -> HttpResponse | StreamingHttpResponse:
    now = timezone.now()
    subject_id = operations.use_rights_link(token=token, at=now)
    if subject_id is None:
        raise NotAllowed(_("Nothing is held under this address."))
    if request.POST.get("act") != "erase":
        pieces = archive.stream(subject_id, at=now, language=my_data.language())
        return my_data.archive_answer(request, pieces, now)
    certificate = operations.ask_erasure(subject_id=subject_id, at=now)
    address = reverse("pages:certificate", args=[certificate])
    accounts.mail_farewell(subject_id=subject_id, certificate_url=f"{settings.PUBLIC_URL}{address}")
    operations.finish(subject_id=subject_id, at=timezone.now())
    return redirect(address)


def _mail(email: str) -> None:
    try:
        limits.hit("rights.mailed", email.casefold(), limit=MAILS_MAX, per_s=MAILS_PER_S, now=_now_s())
    except LimitReached:
        return
    token = operations.make_rights_link(subject_id=known.subject_of_address(email), at=timezone.now())
    address = reverse("pages:rights_page", args=[token])
    accounts.mail_rights(email=email, rights_url=f"{settings.PUBLIC_URL}{address}")


def _network(request: HttpRequest) -> str:
    return limits.network_of(str(request.META.get("REMOTE_ADDR", "")))


def _now_s() -> float:
    return timezone.now().timestamp()


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    return render(request, f"pages/account/{name}.html", {"lang": my_data.language(), **context}, status=status)
