"""Conversations with the support: the form for everyone, and a member's own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vasistas.apps.accounts.models import Member
from vasistas.apps.support import operations, queries, rules
from vasistas.apps.support.forms import ReportForm, SayForm
from vasistas.apps.support.models import Attachment
from vasistas.apps.support.operations.intake import Said
from vasistas.guard.access import public
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.pages import my_data
from vasistas.pages.views.own import subject_id_of

REPORTS_MAX, REPORTS_PER_S = 10, 3600  # of one network address, or one member
SAYS_MAX, SAYS_PER_S = 30, 3600  # of one member
TICKETS_SHOWN_MAX = 100  # on the page; the archive has all


@public("whoever has a problem may say so")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("correspond")
def report_problem(request: HttpRequest) -> HttpResponse:
    """Take a problem report; visitors need no account."""
    member = request.user if isinstance(request.user, Member) else None
    form = ReportForm(request.POST or None, request.FILES or None, is_member=member is not None)
    if request.method != "POST":
        return _report_page(request, form)
    _limit("support.form", member, request, REPORTS_MAX, REPORTS_PER_S)
    if not form.is_valid():
        return _report_page(request, form, status=422)
    given = form.cleaned_data
    said = Said(title=given["title"], text=given["text"], files=tuple(given["attachments"]))
    address = str(member.email) if member else given["address"]
    ticket = operations.report(
        subject_id=member.subject_id if member else None, address=address, said=said, at=timezone.now()
    )
    if member is not None:
        messages.success(request, _("We have it. The answer comes here and by mail."))
        return redirect("pages:my_ticket", ticket.number)
    return render(request, "pages/support/reported.html", {"number": ticket.number, "has_address": bool(address)})


def _report_page(request: HttpRequest, form: ReportForm, status: int = 200) -> HttpResponse:
    days = get_policy().retention["ticket"].days_max or 0
    context = {"form": form, "months": round(days / 30.4), "hours": int(rules.ANSWER_WITHIN.total_seconds() // 3600)}
    return render(request, "pages/support/report.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD"])
@processing("correspond")
def my_tickets(request: HttpRequest) -> HttpResponse:
    found = list(queries.tickets_of(subject_id_of(request))[:TICKETS_SHOWN_MAX])
    return render(request, "pages/support/mine.html", {"lang": my_data.language(), "tickets": found})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("correspond")
def my_ticket(request: HttpRequest, number: str) -> HttpResponse:
    ticket = queries.get_own_ticket(subject_id_of(request), number)
    if ticket.merged_into_id is not None:
        return redirect("pages:my_tickets")
    form = SayForm(request.POST or None)
    if request.method == "POST":
        if request.POST.get("act") == "close":
            operations.close(ticket=ticket, at=timezone.now())
            return redirect("pages:my_ticket", number)
        limits.hit(
            "support.says", str(ticket.subject_id), limit=SAYS_MAX, per_s=SAYS_PER_S, now=timezone.now().timestamp()
        )
        if form.is_valid():
            operations.say_from_form(ticket=ticket, text=form.cleaned_data["text"], at=timezone.now())
            messages.success(request, _("We have it."))
            return redirect("pages:my_ticket", number)
    context = {"ticket": ticket, "thread": queries.thread(ticket, with_notes=False), "form": form}
    status = 422 if form.errors else 200
    return render(request, "pages/support/my_ticket.html", {"lang": my_data.language(), **context}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD"])
@processing("correspond")
def my_attachment(request: HttpRequest, number: str, attachment_id: int) -> HttpResponse:
    ticket = queries.get_own_ticket(subject_id_of(request), number)
    return download(queries.get_attachment(ticket, attachment_id))


def download(attachment: Attachment) -> HttpResponse:
    """A file somebody sent, as a file: no browser shows or runs it from here."""
    answer = HttpResponse(attachment.data, content_type="application/octet-stream")
    ending = {"message/rfc822": "eml", "text/plain": "txt"}.get(attachment.content_type)
    name = str(attachment.name) or f"file-{attachment.pk}.{ending or attachment.content_type.rpartition('/')[2]}"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _limit(name: str, member: Member | None, request: HttpRequest, limit: int, per_s: int) -> None:
    who = f"member:{member.pk}" if member else f"network:{limits.network_of(request.META.get('REMOTE_ADDR', ''))}"
    limits.hit(name, who, limit=limit, per_s=per_s, now=timezone.now().timestamp())
