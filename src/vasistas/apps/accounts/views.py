"""Pages of accounts that django-allauth has not: another name shown, and the demo's mails."""

import time
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts import operations, outbox, queries
from vasistas.apps.accounts.forms import NameForm
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.guard.views import touches_nothing

if TYPE_CHECKING:
    from vasistas.apps.accounts.models import Member


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
    context = {
        "mails": outbox.latest(),
        "kept_max": outbox.MAILS_KEPT_MAX,
        "staff_code": queries.demo_staff_code(time.time()),
    }
    return render(request, "accounts/demo_mails.html", context)


@require_safe
@public("the demo's mails are its visitors' own; the page does not exist outside the demo")
@touches_nothing("mails of the demo are files")
def demo_mail(request: HttpRequest, name: str) -> HttpResponse:
    _require_demo()
    mail = outbox.get(name)
    if mail is None:
        raise Http404
    return render(request, "accounts/demo_mail.html", {"mail": mail})


def _require_demo() -> None:
    if not settings.DEMO:
        raise Http404
