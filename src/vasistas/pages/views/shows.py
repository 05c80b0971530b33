"""Pages of private, group and ticket shows, for whoever pays and for the host."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.rooms.views import answers
from vasistas.apps.shows import operations, queries, rules
from vasistas.apps.shows.models import Kind, Show, State
from vasistas.apps.shows.operations import Asked
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound
from vasistas.lib.numbers import whole
from vasistas.pages import live, showing, tipping
from vasistas.pages.views.own import member_of

REQUESTS_PER_MINUTE = 10
ACTS_PER_MINUTE = 60
LINES_PER_MINUTE = 60
MINUTES_DIGITS_MAX = 4


@public("who is not signed in is led to sign in and back")
@require_POST
@never_cache
@processing("shows")
def request_show(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a private session or a group show: `kind`, `minutes`, `keeps_chat`."""
    room = rooms.get_room_for(Viewer.of(request.user, request.session), slug)
    if not isinstance(request.user, Member):
        return redirect_to_login(room.get_absolute_url())
    answers.limit(request, "shows.request", REQUESTS_PER_MINUTE)
    kind = Kind.GROUP if request.POST.get("kind") == Kind.GROUP else Kind.PRIVATE
    asked = Asked(kind, _minutes(request.POST), keeps_chat=request.POST.get("keeps_chat") == "1")
    try:
        show = operations.request(room=room, viewer=request.user, asked=asked, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(tipping.way_out(error.code) or f"{room.get_absolute_url()}#private")
    return redirect("pages:show", show.key)


@require_safe
@never_cache
@processing("shows")
def show(request: HttpRequest, key: UUID) -> HttpResponse:
    member, found = member_of(request), showing.get_for(request, key)
    realtime = showing.realtime_of(found, member)
    found = showing.get_for(request, key)  # again: what happens after the positions is told by the channels
    context = showing.context_of(found, member, timezone.now())
    context |= {"realtime": realtime, "room": found.room, "lines": queries.lines_of(found, member)}
    return render(request, "pages/show.html", context)


@require_safe
@never_cache
@processing("shows")
def show_state(request: HttpRequest, key: UUID) -> HttpResponse:
    """The part of the page that changes while it is open, as HTML."""
    member, found = member_of(request), showing.get_for(request, key)
    return render(request, "pages/show/_state.html", showing.context_of(found, member, timezone.now()))


@require_safe
@never_cache
@processing("shows")
def show_snapshot(request: HttpRequest, key: UUID) -> JsonResponse:
    """For a page that missed events: where its channels stand. What changed is read as HTML by `show_state`."""
    member, found = member_of(request), showing.get_for(request, key)
    return JsonResponse({"channels": live.positions(showing.channels(found, member)), "show": str(found.key)})


@require_safe
@never_cache
@processing("shows")
def show_beside(request: HttpRequest, key: UUID) -> HttpResponse:
    """Talk and camera, for the host's desk."""
    member, found = member_of(request), showing.get_for(request, key)
    context = showing.context_of(found, member, timezone.now()) | {"lines": queries.lines_of(found, member)}
    return render(request, "pages/show/_beside.html", context)


# -- Acts: one address each show, one word each act --------------------------------------------------------------------

type Act = Callable[[Show, Member, QueryDict, datetime], object]


def _extend(found: Show, member: Member, form: QueryDict, at: datetime) -> object:
    try:
        token = UUID(form.get("token", ""))
    except ValueError:
        raise NotFound(_("This form is damaged. Load the page again.")) from None
    return operations.extend(show=found, viewer=member, minutes=showing.EXTEND_MINUTES, token=token, at=at)


ACTS: Mapping[str, Act] = {
    "withdraw": lambda found, member, _form, at: operations.withdraw(show=found, viewer=member, at=at),
    "join": lambda found, member, form, at: operations.join(show=found, viewer=member, minutes=_minutes(form), at=at),
    "spy": lambda found, member, form, at: operations.spy(show=found, viewer=member, minutes=_minutes(form), at=at),
    "leave": lambda found, member, _form, at: operations.leave(show=found, viewer=member, at=at),
    "end": lambda found, member, _form, at: operations.end(show=found, by=member, at=at),
    "extend": _extend,
    "accept": lambda found, member, form, at: operations.accept(
        show=found, host=member, keeps_chat=form.get("keeps_chat") == "1", at=at
    ),
    "decline": lambda found, member, _form, at: operations.decline(show=found, host=member, at=at),
    "begin": lambda found, member, _form, at: operations.begin(show=found, host=member, at=at),
}
HOSTS = {"accept", "decline", "begin"}  # lead back to the desk


@require_POST
@never_cache
@processing("shows")
def act_on_show(request: HttpRequest, key: UUID) -> HttpResponse:
    """`act`: one of ACTS. Answers scripts in JSON, forms with a page."""
    member, found = member_of(request), showing.get_for(request, key)
    word = request.POST.get("act", "")
    act, is_script = ACTS.get(word), answers.wants_json(request)
    try:
        answers.limit(request, "shows.act", ACTS_PER_MINUTE)
        if act is None:
            raise NotFound(_("This form is damaged. Load the page again."))
        act(found, member, request.POST, timezone.now())
    except DomainError as error:
        if is_script:
            return answers.refusal(error)
        messages.error(request, error.message)
        return redirect(tipping.way_out(error.code) or _back(word, found))
    return JsonResponse({}) if is_script else redirect(_back(word, found))


def _back(word: str, found: Show) -> str:
    return "/studio/private/" if word in HOSTS else f"/shows/{found.key}/"


@require_POST
@never_cache
@answers.for_scripts
@processing("shows")
def say_in_show(request: HttpRequest, key: UUID) -> HttpResponse:
    member, found = member_of(request), showing.get_for(request, key)
    answers.limit(request, "shows.line", LINES_PER_MINUTE)
    operations.say(show=found, author=member, text=request.POST.get("text", ""), at=timezone.now())
    return JsonResponse({}) if answers.wants_json(request) else redirect("pages:show", key)


# -- A room that is closed to the public -------------------------------------------------------------------------------


@processing("shows")
def in_private(request: HttpRequest, room_id: int) -> HttpResponse:
    """Say kindly that the room is in private, and offer a way in where there is one; 404, as for scripts."""
    room = Room.objects.with_host().get(pk=room_id)
    viewer = Viewer.of(request.user, request.session)
    rooms.check_entry(viewer, room)
    current = queries.current_of(room)
    joinable = current if current is not None and rules.is_joinable(current) else None
    names = [f"room:{room.pk}"] + ([f"member:{viewer.member.pk}"] if viewer.member else [])
    realtime = live.page(names, snapshot_url=f"/rooms/{room.slug}/snapshot")
    is_staff = viewer.member is not None and viewer.member.acts_as_staff
    can_attend = is_staff and current is not None and current.state == State.RUNNING
    context = {"room": room, "joinable": joinable, "realtime": realtime, "can_attend": can_attend}
    return render(request, "pages/in_private.html", context, status=404)


@require_POST
@never_cache
@processing("shows")
def attend_show(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a member of the staff a seat, on the list, in what runs in a room; 404 for everybody else."""
    member, room = member_of(request), Room.objects.with_host().filter(slug=slug).first()
    current = queries.current_of(room) if room is not None and member.acts_as_staff else None
    if current is None:
        raise NotFound(_("There is no such page."))
    try:
        operations.attend(show=current, staff=member, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(current.room.get_absolute_url())
    return redirect("pages:show", current.key)


def _minutes(form: QueryDict) -> int:
    return whole(form.get("minutes", ""), digits_max=MINUTES_DIGITS_MAX) or 0
