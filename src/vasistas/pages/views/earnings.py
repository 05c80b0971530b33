"""What a host or the owner of a studio earned, what becomes of it, and papers of each month."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.documents import paper
from vasistas.apps.payouts.forms import ShareForm
from vasistas.apps.payouts.rules import Month
from vasistas.apps.providers import queries as providers
from vasistas.apps.wallet.queries import LINES_PER_PAGE
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import earnings as gathered
from vasistas.pages.views.own import member_of

DIGITS_MAX = 18  # of an id in an address


@never_cache
@require_safe
@processing("payouts")
def earnings(request: HttpRequest) -> HttpResponse:
    """Balance, chart, months and lines of the signed-in member."""
    member, now = member_of(request), timezone.now()
    host = providers.host_of(member)
    if not _is_provider(member):
        return redirect("rooms:become")
    lines = queries.lines_of(member.subject_id, before=_before(request))
    reason, payee = queries.waits_for(member.subject_id, now)
    context = {
        "balance": queries.balance_of(member.subject_id),
        "reason": reason,
        "payee": payee,
        "minimum": settings.PAYOUT_MIN_MINOR,
        "shares": queries.shares_of(host) if host else None,
        "chart": gathered.chart_of(queries.days_of(member.subject_id, now.date())),
        "months": queries.months_of(member.subject_id),
        "payouts": queries.payouts_of(member.subject_id),
        "lines": lines,
        "older": lines[-1].id if len(lines) == LINES_PER_PAGE else None,
        "is_first": _before(request) is None,
    }
    return render(request, "pages/studio/earnings.html", context)


@never_cache
@require_safe
@processing("payouts")
def statement_pdf(request: HttpRequest, month: str) -> HttpResponse:
    member, now = member_of(request), timezone.now()
    found = queries.statement_of(member.subject_id, _month(month))
    if found is None:
        raise _nothing_there()
    written = paper.pdf(gathered.statement_paper(found, queries.payee_of(member.subject_id), now), at=now)
    return HttpResponse(written, content_type="application/pdf", headers=_named(f"statement-{month}.pdf"))


@never_cache
@require_safe
@processing("payouts")
def statement_csv(request: HttpRequest, month: str) -> HttpResponse:
    """Line by line; bounded by STATEMENT_LINES_MAX."""
    member, wanted = member_of(request), _month(month)
    if queries.statement_of(member.subject_id, wanted) is None:
        raise _nothing_there()
    lines = "".join(gathered.statement_csv(queries.statement_lines(member.subject_id, wanted)))
    return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=_named(f"statement-{month}.csv"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("payouts")
def studio_share(request: HttpRequest, slug: str) -> HttpResponse:
    """The owner of a studio sets what its hosts get."""
    member = member_of(request)
    studio = providers.get_studio_for(owner=member, slug=slug)
    form = ShareForm(request.POST or None, initial={"percent": studio.host_share_percent})
    if request.method == "POST" and form.is_valid():
        try:
            percent, at = form.cleaned_data["percent"], timezone.now()
            operations.set_share(studio=studio, owner_subject_id=member.subject_id, percent=percent, at=at)
            return redirect("pages:studio_share", slug)
        except DomainError as error:
            form.add_error("percent", error.message)
    context = {"studio": studio, "form": form, "coming": queries.open_notice(studio), "days": rules.SHARE_NOTICE.days}
    context["platform_percent"] = settings.PLATFORM_SHARE_PERCENT
    return render(request, "pages/studio/share.html", context, status=422 if form.errors else 200)


def _is_provider(member: Member) -> bool:
    return bool(providers.host_of(member) or providers.studios_of(member) or queries.accounts_of(member.subject_id))


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None


def _month(text: str) -> Month:
    try:
        return rules.month_of(text)
    except ValueError:
        raise Http404 from None


def _nothing_there() -> NotFound:
    return NotFound(_("Nothing was entered in this month."))


def _named(name: str) -> dict[str, Any]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
