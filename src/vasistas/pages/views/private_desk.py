"""The host's page of private sessions, and receipts for both sides."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.views import answers
from vasistas.apps.shows import operations, queries
from vasistas.apps.shows.forms import OfferForm
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import live, showing
from vasistas.pages.views.own import member_of

OFFERS_PER_MINUTE = 20


@require_http_methods(["GET", "POST"])
@never_cache
@processing("shows")
def studio_private(request: HttpRequest) -> HttpResponse:
    """Prices and switches, what waits for an answer, and what was."""
    member, room = member_of(request), _own_room(request)
    realtime = live.page([f"studio:{room.pk}", f"member:{member.pk}"], snapshot_url="/studio/snapshot")
    form = OfferForm(request.POST or None, initial=OfferForm.initial_of(queries.offer_of(room)))
    if request.method == "POST":
        answers.limit(request, "shows.offer", OFFERS_PER_MINUTE)
        if form.is_valid() and _saved(form, room, request):
            return redirect("pages:studio_private")
    context: dict[str, Any] = {"room": room, "form": form, "realtime": realtime, "desk": showing.desk_of(room, member)}
    context["past"] = showing.history_of(member, as_host=True)[: showing.DESK_HISTORY_MAX]
    return render(request, "pages/studio_private.html", context, status=422 if form.errors else 200)


def _saved(form: OfferForm, room: Room, request: HttpRequest) -> bool:
    try:
        operations.set_offer(room=room, host=member_of(request), offered=form.offered())
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, _("Saved."))
    return True


@require_safe
@never_cache
@processing("shows")
def private_desk(request: HttpRequest) -> HttpResponse:
    """Requests and the show that runs, as HTML, for a page that stays open."""
    room = _own_room(request)
    context = {"room": room, "desk": showing.desk_of(room, member_of(request))}
    return render(request, "pages/studio/_private_desk.html", context)


@require_POST
@never_cache
@processing("shows")
def announce_show(request: HttpRequest) -> HttpResponse:
    """`kind`: group or ticket."""
    room, is_script = _own_room(request), answers.wants_json(request)
    kind = request.POST.get("kind", "")
    try:
        operations.announce(room=room, host=member_of(request), kind=kind, at=timezone.now())
    except DomainError as error:
        if is_script:
            return answers.refusal(error)
        messages.error(request, error.message)
    return answers.done() if is_script else redirect("pages:studio_private")


def _own_room(request: HttpRequest) -> Room:
    with processing("host"):  # a host's own room comes with what its desk shows
        room = rooms.room_of_host(member_of(request))
    if room is None:
        raise NotFound(_("There is no such page."))
    return room


# -- Receipts ----------------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@processing("shows")
def receipts(request: HttpRequest) -> HttpResponse:
    past = showing.history_of(member_of(request), as_host=False)
    return render(request, "pages/account/receipts.html", {"past": past})


@require_safe
@never_cache
@processing("shows")
def receipt(request: HttpRequest, key: UUID) -> HttpResponse:
    """One receipt as a page; `?as=json` is the signed file."""
    member, show = member_of(request), showing.get_for(request, key)
    text = operations.receipt_for(show=show, member=member, at=timezone.now())
    if request.GET.get("as") == "json":
        name = f'attachment; filename="receipt-{show.key}.json"'
        return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": name})
    return render(request, "pages/account/receipt.html", showing.context_of(show, member, timezone.now()))
