"""Reports, by whoever looks; statements of reasons, to whom they are about. Neither needs an account."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import queries as chat
from vasistas.apps.chat.models import Message
from vasistas.apps.chat.queries import looking
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.safety import operations, queries, rules
from vasistas.apps.safety.forms import AppealForm, ReportForm
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.lib.errors import DomainError
from vasistas.pages import my_data
from vasistas.pages.views.own import subject_id_of

REPORTS_MAX, REPORTS_PER_S = 10, 3600  # of one network address, or one member
ID_DIGITS_MAX = 18
LINES_MAX = 20  # of the chat, to choose from
LINE_SHOWN_CHARS = 80
STATEMENTS_MAX = 100  # of one person on the page


@public("whoever sees something wrong may say so (Regulation (EU) 2022/2065, Art. 16)")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("rooms")
def report_room(request: HttpRequest, slug: str) -> HttpResponse:
    """Report a room, its host, or a line of its chat."""
    room = rooms.get_room_for(Viewer.of(request.user, request.session), slug)
    asked = request.POST.get("line", "")
    with processing("chat"):
        message = looking.said_line(room, int(asked)) if asked.isdecimal() and len(asked) < ID_DIGITS_MAX else None
    form = ReportForm(request.POST or None, lines=_lines(room, message))
    if request.method == "POST":
        member = request.user if isinstance(request.user, Member) else None
        network = limits.network_of(request.META.get("REMOTE_ADDR", ""))
        who = f"member:{member.pk}" if member else f"network:{network}"
        now = timezone.now()
        limits.hit("safety.reports", who, limit=REPORTS_MAX, per_s=REPORTS_PER_S, now=now.timestamp())
        if form.is_valid():
            given = form.cleaned_data
            said = operations.Reported(room, given["ground"], given["words"], message=message)
            with processing("report"):
                made = operations.report(by=member, said=said, at=now)
            return redirect("pages:report_receipt", made.token)
    context = {"room": room, "form": form}
    return render(request, "pages/safety/report.html", context, status=422 if form.errors else 200)


def _lines(room: Room, chosen: Message | None) -> list[tuple[int, str]]:
    """The latest lines, and the one that was chosen, wherever it is by now."""
    with processing("chat"):
        found = [(line.id, f"{line.author}: {line.text}") for line in chat.recent(room, limit=LINES_MAX)[::-1]]
        if chosen is not None and chosen.pk not in dict(found):
            found.append((chosen.pk, f"{chosen.author.display_name}: {chosen.text}"))
    return [(key, words[:LINE_SHOWN_CHARS]) for key, words in found]


@public("the receipt is whose link it is")
@never_cache
@require_safe
@processing("report")
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What became of a report, for whoever made it; nothing about anybody else."""
    return render(request, "pages/safety/receipt.html", {"report": queries.get_receipt(token)})


@public("a statement of reasons is its person's, who may be shut out; the link was mailed to them")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@processing("report")
def statement(request: HttpRequest, token: str) -> HttpResponse:
    decision = queries.get_statement(token)
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.appeal(decision, words=form.cleaned_data["words"], at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("We have it. Somebody else looks at it; the answer comes here and by mail."))
            return redirect("pages:statement", token)
    context = {
        "decision": decision,
        "appeal": queries.appeal_of(decision),
        "can_appeal": timezone.now() <= decision.at + rules.APPEAL_WITHIN,
        "redress": rules.redress(),
        "form": form,
    }
    return render(request, "pages/safety/statement.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
@processing("report")
def my_statements(request: HttpRequest) -> HttpResponse:
    found = list(queries.decisions_of(subject_id_of(request))[:STATEMENTS_MAX])
    return render(request, "pages/safety/mine.html", {"lang": my_data.language(), "decisions": found})
