"""The staff's side of bulletins: write, look, count, test, send, watch how far it is.

All of it under the purpose "bulletins": it shows numbers, and never who they are.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vasistas.apps.bulletins import letters
from vasistas.apps.bulletins.models import Campaign
from vasistas.apps.bulletins.operations import campaigns as operations
from vasistas.apps.bulletins.operations import sending
from vasistas.apps.bulletins.queries import audience, refusals
from vasistas.apps.bulletins.queries import campaigns as queries
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, staff_only
from vasistas.lib.errors import DomainError, NotFound
from vasistas.lib.numbers import whole
from vasistas.pages import bulletins, policy_page
from vasistas.pages.views.own import member_of, subject_id_of

type Directives = dict[str, Any]

BULLETINS_PER_PAGE = 25
WORST, WORST_KEPT_S = "bulletins.worst_delay", 60
MOVING = frozenset({Campaign.State.SCHEDULED, Campaign.State.SENDING})  # the page asks for itself again
WITH_FRAME: Directives = {**settings.SECURE_CSP, "frame-src": [CSP.SELF]}  # of the preview, and of nothing else
LETTER_ALONE: Directives = {  # a letter runs nothing, asks for nothing, sends nothing, and is nobody's origin
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "sandbox": True,
}


@staff_only
@never_cache
@require_safe
@processing("bulletins", reason="the list of bulletins")
def staff_bulletins(request: HttpRequest) -> HttpResponse:
    page = Paginator(queries.campaigns(), BULLETINS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [{"row": one, "progress": queries.progress_of(one)} for one in page]
    return _shown(request, "bulletins", {"page": page, "rows": rows, "worst_s": _worst_s()})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_FRAME)
@processing("bulletins", reason="writing a bulletin")
def new(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _written(request, None)
    copied = whole(request.GET.get("from", ""))
    initial = bulletins.initial_of(queries.get_campaign(copied)) if copied else None
    return _composer(request, bulletins.CampaignForm(initial=initial), None)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(WITH_FRAME)
@processing("bulletins", reason="writing a bulletin")
def edit(request: HttpRequest, campaign_id: int) -> HttpResponse:
    campaign = queries.get_campaign(campaign_id)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("pages:staff_bulletin", campaign_id)
    if request.method == "POST":
        return _written(request, campaign)
    return _composer(request, bulletins.CampaignForm(initial=bulletins.initial_of(campaign)), campaign)


@staff_only
@never_cache
@require_POST
@xframe_options_sameorigin
@csp_override(LETTER_ALONE)
@processing("bulletins", reason="looking at a letter")
def preview(request: HttpRequest) -> HttpResponse:
    """What is being written, as it would arrive; or what is wrong with it. Saves nothing."""
    form = bulletins.CampaignForm(request.POST)
    try:
        html, text = letters.preview(operations.unsaved(form.glimpse()))
    except DomainError as error:
        html, text = "", " ".join([error.message, *error.fields.values()])
    if html and request.POST.get("shown") != "text":
        return HttpResponse(html)
    return render(request, "pages/staff/bulletin_text.html", {"text": text})


@staff_only
@never_cache
@require_safe
@csp_override(WITH_FRAME)
@processing("bulletins", reason="a bulletin")
def staff_bulletin(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _opened(request, campaign_id)


@staff_only
@never_cache
@require_POST
@csp_override(WITH_FRAME)
@processing("bulletins", reason="a bulletin")
def act(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Count, test, schedule, start, pause, resume, cancel. What sends asks for the second factor."""
    done = _ACTS.get(request.POST.get("act", ""))
    if done is None:
        raise Http404
    if request.POST["act"] in _SENDING and not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    try:
        return done(request, campaign_id) or redirect("pages:staff_bulletin", campaign_id)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, " ".join([error.message, *error.fields.values()]))
        return redirect("pages:staff_bulletin", campaign_id)


# -- Acts: each answers with a page, or nothing: then back to the bulletin ---------------------------------------------


def _count(request: HttpRequest, campaign_id: int) -> HttpResponse:
    counted = audience.count(queries.get_campaign(campaign_id), timezone.now())
    return _opened(request, campaign_id, counted=counted)


def _test(request: HttpRequest, campaign_id: int) -> None:
    member = member_of(request)
    to = {"subject_id": member.subject_id, "address": member.email, "language": get_language() or "en"}
    operations.send_test(campaign_id=campaign_id, **to)
    messages.success(request, _("Sent to yourself alone. Look at it there."))


def _schedule(request: HttpRequest, campaign_id: int) -> HttpResponse | None:
    form = bulletins.ScheduleForm(request.POST)
    if form.is_valid():
        try:
            campaign = operations.schedule(campaign_id=campaign_id, when=form.cleaned_data["when"], at=timezone.now())
        except DomainError as error:
            form.add_error("when" if "when" in error.fields else None, error.message)
        else:
            when = date_format(timezone.localtime(campaign.scheduled_at), "DATETIME_FORMAT")
            zone = timezone.get_current_timezone_name()
            messages.success(request, _("It goes out from %(when)s (%(zone)s) on.") % {"when": when, "zone": zone})
            return None
    return _opened(request, campaign_id, schedule_form=form)


def _start(request: HttpRequest, campaign_id: int) -> None:
    form = bulletins.StartForm(request.POST)
    if not form.is_valid():
        raise DomainError(_("Count the audience first, then send."))
    now = timezone.now()
    now_counted = audience.count(queries.get_campaign(campaign_id), now)
    operations.start(campaign_id=campaign_id, counted=form.cleaned_data["counted"], now_counted=now_counted, at=now)
    messages.success(request, _("It goes out now. You can pause it at any time."))


def _unschedule(request: HttpRequest, campaign_id: int) -> None:
    operations.unschedule(campaign_id=campaign_id)
    messages.success(request, _("It is a draft again."))


def _unclear(request: HttpRequest, campaign_id: int) -> None:
    count = sending.send_unclear_again(campaign_id=campaign_id, at=timezone.now())
    words = ngettext("%(count)d message goes out once more.", "%(count)d messages go out once more.", count)
    messages.success(request, words % {"count": count})


def _pause(request: HttpRequest, campaign_id: int) -> None:
    operations.pause(campaign_id=campaign_id)
    messages.success(request, _("Paused: nothing more goes out until you go on."))


def _resume(request: HttpRequest, campaign_id: int) -> None:
    operations.resume(campaign_id=campaign_id)
    messages.success(request, _("It goes on, to those who still want it."))


def _cancel(request: HttpRequest, campaign_id: int) -> None:
    operations.cancel(campaign_id=campaign_id, at=timezone.now())
    messages.success(request, _("Cancelled for good. What has left cannot be taken back."))


_ACTS: dict[str, Callable[[HttpRequest, int], HttpResponse | None]] = {
    "count": _count,
    "test": _test,
    "schedule": _schedule,
    "start": _start,
    "unschedule": _unschedule,
    "unclear": _unclear,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
}
_SENDING = frozenset({"schedule", "start", "resume", "unclear"})

# -- What is shown -----------------------------------------------------------------------------------------------------


def _worst_s() -> float | None:
    """Seconds; asked of all objections, so not with each look at figures that move."""
    found: float | None = cache.get_or_set(WORST, refusals.worst_delay, WORST_KEPT_S)
    return found


def _written(request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
    """Save what was written, or show what is wrong with it."""
    form = bulletins.CampaignForm(request.POST)
    if form.is_valid():
        try:
            draft = form.draft()
            letters.preview(operations.unsaved(draft))  # refuses what could not be sent
            if campaign is None:
                by, now = subject_id_of(request), timezone.now()
                campaign = operations.make_draft(draft=draft, made_by=by, at=now)
            else:
                operations.change_draft(campaign_id=campaign.pk, draft=draft)
        except DomainError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. Nothing is sent yet."))
            return redirect("pages:staff_bulletin", campaign.pk)
    return _composer(request, form, campaign, status=422)


def _composer(
    request: HttpRequest, form: bulletins.CampaignForm, campaign: Campaign | None, status: int = 200
) -> HttpResponse:
    return _shown(request, "bulletin_write", {"form": form, "campaign": campaign}, status=status)


def _opened(request: HttpRequest, campaign_id: int, **more: Any) -> HttpResponse:
    with processing("bulletins", reason=f"bulletin {campaign_id}"):
        campaign = queries.get_campaign(campaign_id)
        form = more.get("schedule_form")
        context = {
            "campaign": campaign,
            "progress": queries.progress_of(campaign),
            "audience": bulletins.audience_in_words(campaign),
            "schedule_form": form or bulletins.ScheduleForm(),
            "is_moving": campaign.state in MOVING and not more,  # what was counted stays on the page
            "worst_s": _worst_s(),
            "written": [(name, getattr(campaign, name)) for name in bulletins.TEXTS],
            "zone": timezone.get_current_timezone_name(),
        }
        status = 422 if form is not None and form.errors else 200
        return _shown(
            request, "bulletin", {**context, **more, "schedule_form": context["schedule_form"]}, status=status
        )


def _shown(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    return render(request, f"pages/staff/{name}.html", {**about, **context}, status=status)
