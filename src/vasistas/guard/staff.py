"""The staff's window: open only to staff who sign in with a second factor, and only onto what staff may see."""

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.account import app_settings as account_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows import reauthentication
from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas.guard.purposes import processing

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry
    from django.db.models import QuerySet

SECOND_FACTORS = ["totp", "webauthn"]
# Their rows are keys: of sessions, of second factors, of addresses. Nobody browses them, staff neither.
CLOSED_APPS = {"account", "mfa", "usersessions"}


type View = Callable[..., HttpResponseBase]


def staff_only(view: View) -> View:
    """Open a view to active staff who have a second factor. Others learn nothing: to members it is no page at all."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (request.user.is_active and request.user.is_staff):
            raise Http404
        if not has_second_factor(request.user):
            return _set_one_up(request)
        return view(request, *args, **kwargs)

    return guarded


def has_second_factor(user: Any) -> bool:
    with processing("account"):
        return bool(get_adapter().is_mfa_enabled(user, SECOND_FACTORS))


def _set_one_up(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("The staff desk needs a second factor. Set up an authenticator app or a passkey."))
    return redirect("mfa_index")


def has_fresh_second_factor(request: HttpRequest) -> bool:
    """Whether whoever sits there used their second factor within ACCOUNT_REAUTHENTICATION_TIMEOUT; signing in counts.
    A password alone does not, nor does a recovery code.
    """
    records = [
        one
        for one in get_authentication_records(request, request.user)
        if one.get("method") == "mfa" and one.get("type") in SECOND_FACTORS
    ]
    age_s = time.time() - max((float(one["at"]) for one in records), default=0.0)
    return bool(age_s < account_settings.REAUTHENTICATION_TIMEOUT)


def ask_for_second_factor(request: HttpRequest) -> HttpResponse:
    """Send to the page that asks for it; it comes back here with what was posted."""
    answer: HttpResponse = reauthentication.suspend_request(request, reverse("mfa_reauthenticate"))
    return answer


class _WithoutSecrets:
    """The journal of one row, without what its authors sign in with; and no filters but those the page offers, for
    an address like `?password__startswith=a` would ask for letters of what staff may not see.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Of addresses: filters the page offers, and rows by number. Others are answered with 400."""
        window: Any = super()
        filters = [one[0] if isinstance(one, list | tuple) else one for one in window.get_list_filter(request)]
        offered = {getattr(one, "parameter_name", one) for one in filters} | {window.date_hierarchy, "pk", "id"}
        is_offered = any(lookup == one or lookup.startswith(f"{one}__") for one in offered - {None})
        return is_offered and window.lookup_allowed(lookup, value, request)

    def get_paginator(self, request: HttpRequest, queryset: "QuerySet[Any]", *args: Any, **options: Any) -> Any:
        if queryset.model._meta.label == "admin.LogEntry":
            queryset = _without_secrets(queryset)
        return super().get_paginator(request, queryset, *args, **options)  # type: ignore[misc]  # ModelAdmin's


def _without_secrets(entries: "QuerySet[LogEntry]") -> "QuerySet[LogEntry]":
    return entries.defer("user__password")


class StaffSite(AdminSite):
    site_title = site_header = gettext_lazy("Staff desk")
    index_title = gettext_lazy("Overview")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        for model in models:
            if model._meta.app_label not in CLOSED_APPS:
                window = type("Window", (_WithoutSecrets, admin_class or ModelAdmin), {})
                super().register(model, window, **options)

    def get_log_entries(self, request: HttpRequest) -> "QuerySet[LogEntry]":
        return _without_secrets(super().get_log_entries(request))

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and has_second_factor(request.user)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 — Django's signature
        """Send to the site's own sign-in (limits, second factor); staff without a second factor, to its set-up."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or request.path.removesuffix("login/"))
        if not super().has_permission(request):
            raise PermissionDenied
        if self.has_permission(request):
            return redirect("admin:index")
        return _set_one_up(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:  # noqa: ARG002 — Django's signature
        """Lead to the site's own page, with its limits and its mail."""
        return redirect("account_change_password")
