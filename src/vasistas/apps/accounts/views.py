"""Pages of accounts that django-allauth has not: another name shown, and the demo's mails."""

import re
import time
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts import operations, outbox, queries
from vasistas.apps.accounts.forms import NameForm
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.guard.views import touches_nothing

if TYPE_CHECKING:
    from collections.abc import Collection

    from vasistas.apps.accounts.models import Member

SETTLE_S = 2.0  # how long the page waits for mails that are on their way to the demo's mail server
MAIL_SANDBOX = "allow-top-navigation-by-user-activation"  # its links open; nothing in it runs
SITE_CSP = cast("dict[str, Collection[str]]", settings.SECURE_CSP)
FRAMING_CSP = {**SITE_CSP, "frame-src": [CSP.SELF]}
MAIL_CSP: "dict[str, Collection[str]]" = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],  # as every mail program allows
    "img-src": ["data:"],  # as those do that load nothing from outside
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": [MAIL_SANDBOX],
}


@require_http_methods(["GET", "POST"])
@processing("account")
def change_name(request: HttpRequest) -> HttpResponse:
    member = cast("Member", request.user)
    form = NameForm(request.POST or None, member=member)
    if request.method == "POST" and form.is_valid():
        operations.change_name(member=member, display_name=form.cleaned_data["display_name"])
        messages.success(request, _("Others see your new name from now on."))
        return redirect("accounts:name")
    return render(request, "accounts/name.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@public("the demo's mails are its visitors' own; the page does not exist outside the demo")
@touches_nothing("mails of the demo are files")
def demo_mails(request: HttpRequest) -> HttpResponse:
    _require_demo()
    outbox.settle(SETTLE_S)
    context = {
        "mails": outbox.latest(),
        "kept_max": outbox.MAILS_KEPT_MAX,
        "staff_code": queries.demo_staff_code(time.time()),
    }
    return render(request, "accounts/demo_mails.html", context)


@require_safe
@csp_override(FRAMING_CSP)
@public("the demo's mails are its visitors' own; the page does not exist outside the demo")
@touches_nothing("mails of the demo are files")
def demo_mail(request: HttpRequest, name: str) -> HttpResponse:
    context = {"mail": _demo_mail(name), "sandbox": MAIL_SANDBOX}
    return render(request, "accounts/demo_mail.html", context)


@require_safe
@xframe_options_sameorigin
@csp_override(MAIL_CSP)
@public("the demo's mails are its visitors' own; the page does not exist outside the demo")
@touches_nothing("mails of the demo are files")
def demo_mail_html(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 — Django's signature
    """One mail as a mail program shows it, for a frame in which nothing runs; its links open in the whole window."""
    html = _demo_mail(name).html
    if not html:
        raise Http404
    head = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
    at = head.end() if head else 0
    return HttpResponse(html[:at] + '<base target="_top">' + html[at:])


def _demo_mail(name: str) -> outbox.Mail:
    _require_demo()
    mail = outbox.get(name)
    if mail is None:
        raise Http404
    return mail


def _require_demo() -> None:
    if not settings.DEMO:
        raise Http404
