"""My Account: what protects the account, where it is signed in, and the mails that tell of a stranger."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.accounts import operations, queries
from vasistas.guard.purposes import processing
from vasistas.pages.views.own import is_to_confirm, member_of, send_to_confirm


@never_cache
@require_safe
@processing("account")
def security(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    context = {"security": queries.security_of(member), "sessions": queries.sessions_of(member)}
    return render(request, "pages/account/security.html", context)


@never_cache
@require_POST
@processing("account")
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    operations.end_session(member=member_of(request), session_id=session_id)
    messages.success(request, _("This session is over."))
    return redirect("pages:security")


@never_cache
@require_POST
@processing("account")
def end_sessions(request: HttpRequest) -> HttpResponse:
    count = operations.end_sessions(member=member_of(request), except_key=request.session.session_key)
    messages.success(request, ngettext("%d session is over.", "%d sessions are over.", count) % count)
    return redirect("pages:security")


@never_cache
@require_POST
@processing("account")
def forget_browsers(request: HttpRequest) -> HttpResponse:
    operations.forget_browsers(member=member_of(request))
    messages.success(request, _("Forgotten. Each browser is new when it signs in the next time."))
    return redirect("pages:security")


@never_cache
@require_POST
@processing("account")
def alerts(request: HttpRequest) -> HttpResponse:
    """Switch the mails about new browsers on; or off, which a stranger at an open screen must not do unnoticed."""
    member, on = member_of(request), request.POST.get("on") == "1"
    if not on and is_to_confirm(request):
        return send_to_confirm(request)
    if operations.set_login_alerts(member=member, on=on, at=timezone.now()) and not on:
        get_adapter(request).send_notification_mail("accounts/email/alerts_off", member)
    messages.success(request, _("Sign-in alerts are on.") if on else _("Sign-in alerts are off. A mail tells so."))
    return redirect("pages:security")
