"""What was sent by SMS: for staff, and in the demo for everyone. Whoever looks may answer as a telephone."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.guard.access import public
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.pages import policy_page, sms
from vasistas.sms.outbox import KEPT_MAX, KEPT_S


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("subscriptions")
def staff_sms(request: HttpRequest) -> HttpResponse:
    """The outbox; or, where a provider sends, which one, and the addresses it must know."""
    if request.method == "POST":
        return _answered(request, "pages:staff_sms")
    context = policy_page.about(request, get_policy())
    context |= _shown() | {"provider": settings.SMS_PROVIDER, "addresses": sms.addresses()}
    return render(request, "pages/staff/sms.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public("the demo's telephones are nobody's; the page does not exist outside the demo")
@processing("subscriptions")
def demo_sms(request: HttpRequest) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    if request.method == "POST":
        return _answered(request, "pages:demo_sms")
    return render(request, "pages/demo_sms.html", _shown())


def _shown() -> dict[str, object]:
    return {
        "phones": sms.phones(),
        "kept_max": KEPT_MAX,
        "kept_hours": KEPT_S // 3600,
        "chars_max": sms.ANSWER_CHARS_MAX,
    }


def _answered(request: HttpRequest, back: str) -> HttpResponse:
    form = sms.AnswerForm(request.POST)
    if form.is_valid():
        sms.answer(message=form.cleaned_data["message"], text=form.cleaned_data["text"])
        messages.success(request, _("The telephone has answered."))
    else:
        messages.error(request, _("Write what the telephone answers, like STOP."))
    return redirect(back)
