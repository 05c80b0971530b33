"""The moderation's side: reports by their clock, decisions with reasons, appeals, the wall of rooms, duty."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.queries import looking
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.safety import operations, queries
from vasistas.apps.safety.forms import CloseAppealForm, DecideForm
from vasistas.apps.safety.models import Ground, Report
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.staff import staff_only
from vasistas.lib.errors import DomainError
from vasistas.media.port import NodeUnreachable
from vasistas.pages import policy_page
from vasistas.pages.views.own import member_of, subject_id_of

REPORTS_PER_PAGE = 30
EARLIER_MAX = 10  # decisions about the same person beside a report
ROOMS_ON_THE_WALL_MAX = 100


@staff_only
@never_cache
@require_safe
@processing("safety")
def desk(request: HttpRequest) -> HttpResponse:
    now, view = timezone.now(), request.GET.get("view", "open")
    view = view if view in queries.VIEWS else "open"
    rows = queries.queue(view, staff=subject_id_of(request), at=now)
    page = Paginator(rows, REPORTS_PER_PAGE).get_page(request.GET.get("page"))
    names = (_("All open"), _("Mine"), _("Urgent"), _("Overdue"), _("Closed"))
    views = list(zip(queries.VIEWS, names, strict=True))
    _show_life(request, now)
    return _shown(request, "desk", {"page": page, "view": view, "views": views, **_duty(request, now)})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("safety")
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One report: what was said, about whom, what was decided before; decide or dismiss."""
    report, now = queries.get_report(number), timezone.now()
    if report.about_id == subject_id_of(request):
        raise queries.NotThere  # nobody looks into a report about themselves
    act = request.POST.get("act", "")
    if act == "take":
        operations.take(report, by=subject_id_of(request))
    elif act == "dismiss":
        operations.dismiss(report, by=subject_id_of(request), at=now)
        messages.success(request, _("Closed. Whoever reported sees it on their receipt."))
    if act in {"take", "dismiss"}:
        return redirect("pages:staff_case", number)
    form = DecideForm(request.POST or None, initial={"ground": report.ground})
    if act == "decide" and form.is_valid() and _decided(request, form, report=report, room=report.room):
        return redirect("pages:staff_case", number)
    about = Member.objects.shown().filter(subject=report.about_id).first() if report.about_id else None
    return _shown(request, "case", {"report": report, "form": form, "now": now, **_known_of(about, now)})


def _known_of(about: Member | None, now: datetime) -> dict[str, Any]:
    if about is None:
        return {"about": None}
    return {
        "about": about,
        "strikes": queries.strikes_of(about.subject_id, now),
        "earlier": list(queries.decisions_of(about.subject_id)[:EARLIER_MAX]),
        "reports": queries.reports_about(about.subject_id),
    }


def _decided(request: HttpRequest, form: DecideForm, *, room: Room | None, report: Report | None = None) -> bool:
    """Carry out what the form says, about the reported person, else the room's host."""
    now = timezone.now()
    subject_id = report.about_id if report else room.host.member.subject_id if room else None
    about = Member.objects.shown().filter(subject=subject_id).first() if subject_id else None
    if about is None:
        form.add_error(None, _("The person is not here any more."))
        return False
    order = _order(request, form, about, _with_host(room), report)
    try:
        operations.decide(order, at=now)
    except NodeUnreachable:
        messages.warning(request, _("It is decided, and the broadcast is over here; the media server does not answer."))
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, _("Done. The person got the statement of reasons."))
    return True


def _order(
    request: HttpRequest, form: DecideForm, about: Member, room: Room | None, report: Report | None
) -> operations.Order:
    given = form.cleaned_data
    return operations.Order(
        by=member_of(request),
        about=about,
        action=given["action"],
        ground=given["ground"],
        facts=given["facts"],
        is_legal=given["is_legal"],
        reference=given["reference"],
        room=room,
        message=_line_of(report),
        until=form.until(timezone.now()),
        report=report,
    )


def _with_host(room: Room | None) -> Room | None:
    with processing("rooms"):
        return Room.objects.with_host().filter(pk=room.pk).first() if room else None


def _line_of(report: Report | None) -> Any:
    if report is None or report.message_id is None or report.room is None:
        return None
    with processing("moderate"):
        return looking.shown_line(report.room, report.message_id)


@staff_only
@never_cache
@require_safe
@processing("safety")
def wall(request: HttpRequest) -> HttpResponse:
    """All public rooms on air: the most reported first, then the newest. Private shows are not among them: nobody
    watches those unseen.
    """
    now, counts = timezone.now(), queries.open_reports_by_room()
    _show_life(request, now)
    with processing("rooms"):
        live = list(Room.objects.with_host().on_air().order_by("-state_at")[:ROOMS_ON_THE_WALL_MAX])
    live.sort(key=lambda room: -counts.get(room.pk, 0))
    tiles = [{"room": room, "reports": counts.get(room.pk, 0)} for room in live]
    with processing("rooms"):
        return _shown(request, "wall", {"tiles": tiles, "grounds": Ground.choices, "now": now, **_duty(request, now)})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("safety")
def decide_room(request: HttpRequest, slug: str) -> HttpResponse:
    """Decide about a room's host without a report: from the wall."""
    with processing("rooms"):
        room = Room.objects.with_host().get(pk=rooms.room_id_of(slug))
    form = DecideForm(request.POST or None, initial={"action": "cut", "ground": "rules"})
    if request.method == "POST" and form.is_valid() and _decided(request, form, room=room):
        return redirect("pages:staff_wall")
    now = timezone.now()
    return _shown(request, "room", {"room": room, "form": form, "now": now, **_known_of(room.host.member, now)})


@staff_only
@never_cache
@require_safe
@processing("safety")
def appeals(request: HttpRequest) -> HttpResponse:
    found: Any = Paginator(queries.open_appeals(), REPORTS_PER_PAGE).get_page(request.GET.get("page"))
    return _shown(request, "appeals", {"page": found, "now": timezone.now(), "own": subject_id_of(request)})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("safety")
def appeal(request: HttpRequest, appeal_id: int) -> HttpResponse:
    found = queries.get_appeal(appeal_id)
    form = CloseAppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        is_reversed = request.POST.get("act") == "reverse"
        try:
            operations.close_appeal(
                found,
                by=member_of(request),
                is_reversed=is_reversed,
                answer=form.cleaned_data["answer"],
                at=timezone.now(),
            )
            return redirect("pages:staff_appeals")
        except DomainError as error:
            form.add_error(None, error.message)
    name = accounts.name_of_subject(found.subject_id)
    context = {"appeal": found, "decision": found.decision, "form": form, "name": name}
    return _shown(request, "appeal", {**context, "is_own": found.decision.made_by_id == subject_id_of(request)})


@staff_only
@require_POST
@processing("safety")
def duty(request: HttpRequest) -> HttpResponse:
    """Begin or end one's shift."""
    now, staff = timezone.now(), subject_id_of(request)
    if request.POST.get("act") == "end":
        operations.end_shift(by=staff, at=now)
    else:
        operations.begin_shift(by=staff, at=now)
    return redirect("pages:staff_safety")


def _show_life(request: HttpRequest, now: datetime) -> None:
    """Somebody opened a page: one that refreshes itself on a forgotten screen is no sign of life."""
    if request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        operations.show_life(by=subject_id_of(request), at=now)


def _duty(request: HttpRequest, now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "is_on_duty": queries.is_on_duty(subject_id_of(request), now),
        "is_somebody_on_duty": queries.is_somebody_on_duty(now),
        "without_duty": settings.NOBODY_ON_DUTY,
        "counts": queries.counts(now),
    }


def _shown(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    about = policy_page.about(request, get_policy())
    form = context.get("form")
    status = 422 if form is not None and form.errors else 200
    return render(request, f"pages/safety/{name}.html", {**about, **context}, status=status)
