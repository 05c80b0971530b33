"""Refusals that were told to staff, and how many came by which way. No address is shown: whose it is, is theirs."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations, queries
from vasistas.apps.bulletins.models import ADDRESS_CHARS_MAX
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib.errors import DomainError, NotAllowed
from vasistas.pages import policy_page

COUNTED_DAYS = 30
RECEIVED_DAYS_MAX = 366  # a letter that lay about for longer is entered with the day it has
CAME_BY = {
    "telephone": gettext_lazy("Telephone"),
    "letter": gettext_lazy("Letter"),
    "in person": gettext_lazy("In person"),
    "another way": gettext_lazy("Another way"),
}


class RefusalForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Mail address or telephone number"),
        help_text=gettext_lazy("A number with its country, like +352 621 123 456."),
        max_length=ADDRESS_CHARS_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    came_by = forms.ChoiceField(label=gettext_lazy("Came by"), choices=list(CAME_BY.items()))
    received = forms.DateField(
        label=gettext_lazy("Came on"), initial=timezone.localdate, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_received(self) -> date:
        day: date = self.cleaned_data["received"]
        today = timezone.localdate()
        if not today - timedelta(days=RECEIVED_DAYS_MAX) <= day <= today:
            raise forms.ValidationError(_("Give the day it came: not in the future, and within the last year."))
        return day


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("requests", reason="a refusal told to staff")
def refusals(request: HttpRequest) -> HttpResponse:
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _enter(request, form):
        messages.success(request, _("Written down. Nothing is sent there any more."))
        return redirect("pages:staff_refusals")
    since = timezone.now() - timedelta(days=COUNTED_DAYS)
    context = {"form": form, "ways": queries.refusals_by_way(since=since), "days": COUNTED_DAYS}
    about = policy_page.about(request, get_policy())
    status = 422 if form.errors else 200
    return render(request, "pages/staff/refusals.html", {**about, **context}, status=status)


def _enter(request: HttpRequest, form: RefusalForm) -> bool:
    told: dict[str, Any] = form.cleaned_data
    member = request.user
    if not isinstance(member, Member):  # staff_only let nobody else through
        raise NotAllowed(_("Sign in first."))
    try:
        operations.enter_refusal(**told, staff_id=member.pk, at=timezone.now())
    except DomainError as error:
        form.add_error("address", error.message)
        return False
    return True
