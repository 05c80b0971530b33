"""Tips: give one, take its words off the page, and the host's page of menu, goal and tips."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.rooms.views import answers
from vasistas.apps.tips import operations, queries
from vasistas.apps.tips.forms import GiveForm, GoalForm, ItemForm
from vasistas.apps.tips.models import Goal
from vasistas.apps.tips.operations import Asked
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotAllowed, NotFound
from vasistas.lib.numbers import whole
from vasistas.pages import live, tipping
from vasistas.pages.views.own import member_of

TIPS_PER_MINUTE = 60
DESK_PER_MINUTE = 30
ITEM_ACTS, GOAL_ACTS = {"add_item"}, {"start_goal", "change_goal"}


@public("who is not signed in is led to sign in and back")
@require_POST
@never_cache
@processing("rooms")
def tip(request: HttpRequest, slug: str) -> HttpResponse:
    room = rooms.get_room_for(Viewer.of(request.user, request.session), slug)
    if not isinstance(request.user, Member):
        return _sign_in(request, room)
    try:
        answers.limit(request, "tips.tip", TIPS_PER_MINUTE)
        given = _give(request, room, request.user)
    except DomainError as error:
        return _refused(request, room, error)
    if answers.wants_json(request):
        return JsonResponse({"tip": given}, status=201)
    messages.success(request, _("Thank you: your tip has arrived."))
    return redirect(f"{room.get_absolute_url()}#tips")


def _give(request: HttpRequest, room: Room, giver: Member) -> dict[str, object]:
    at = timezone.now()
    asked = GiveForm(request.POST).asked(queries.menu_of(room))
    words = tipping.words_beside(room, giver, asked.text, at)
    with processing("wallet"):
        given = operations.tip(
            room=room, giver=giver, asked=Asked(asked.key, asked.amount, asked.item, words, asked.is_anonymous), at=at
        )
        return queries.given(room, [given])[0].wire()


def _sign_in(request: HttpRequest, room: Room) -> HttpResponse:
    if answers.wants_json(request):
        raise answers.NotSignedIn(_("Sign in to tip."))
    return redirect_to_login(room.get_absolute_url())


def _refused(request: HttpRequest, room: Room, error: DomainError) -> HttpResponse:
    way = tipping.way_out(error.code)
    if answers.wants_json(request):
        body = {"code": error.code, "message": error.message, "way": way}
        return JsonResponse(body, status=error.status)
    messages.error(request, error.message)
    return redirect(way or f"{room.get_absolute_url()}#tips")


@require_POST
@processing("rooms")
def silence(request: HttpRequest, slug: str, tip_id: int) -> HttpResponse:
    """Take the words of a tip off the page: host, moderators and staff."""
    room = rooms.get_room_for(Viewer.of(request.user, request.session), slug)
    if not tipping.has_desk(room, member_of(request), timezone.now()):
        raise NotAllowed(_("Only the host and the moderators of this room can do that."), code="chat.not_moderator")
    with processing("wallet"):
        operations.silence(room=room, tip_id=tip_id)
    if answers.wants_json(request):
        return JsonResponse({})
    return redirect(f"{room.get_absolute_url()}#tips")


# -- The host's page ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@processing("host")
def studio_tips(request: HttpRequest) -> HttpResponse:
    room = _own_room(request)
    item, goal = ItemForm(auto_id="item-%s"), GoalForm(auto_id="goal-%s", initial=_as_typed(queries.goal_of(room)))
    if request.method == "POST":
        answers.limit(request, "tips.desk", DESK_PER_MINUTE)
        item.is_bound, goal.is_bound = (request.POST.get("act") in acts for acts in (ITEM_ACTS, GOAL_ACTS))
        item.data = goal.data = request.POST
        if _changed(request, room, item, goal):
            messages.success(request, _("Saved."))
            return redirect("pages:studio_tips")
    realtime = live.page(_channels(room), snapshot_url=reverse("pages:studio_snapshot"))
    tips = tipping.panel_for(room, request, is_desk=True)
    context = {"realtime": realtime, "room": room, "tips": tips, "item_form": item, "goal_form": goal}
    wrong = item.errors or goal.errors
    return render(request, "pages/studio_tips.html", context, status=422 if wrong else 200)


def _channels(room: Room) -> list[str]:
    return [
        f"room:{room.pk}",
        f"studio:{room.pk}",
        f"member:{room.host.member_id}",
    ]  # as the studio's snapshot has them


def _as_typed(goal: Goal | None) -> dict[str, object]:
    """The goal that runs, to be changed; nothing once it is reached."""
    if goal is None or goal.reached_at:
        return {}
    return {"title": goal.title, "credits": goal.target // settings.CREDIT_MINOR}


def _own_room(request: HttpRequest) -> Room:
    room = rooms.room_of_host(member_of(request))
    if room is None:
        raise NotFound(_("There is no such page."))
    return room


def _changed(request: HttpRequest, room: Room, item: ItemForm, goal: GoalForm) -> bool:
    """Do what one of the forms asks for; a refusal is shown in it."""
    act, at = request.POST.get("act"), timezone.now()
    if act == "end_goal":
        operations.end_goal(room=room, at=at)
        return True
    if act == "remove_item":
        operations.remove_item(room=room, item_id=whole(request.POST.get("item", "")) or 0)
        return True
    form = item if act == "add_item" else goal
    if not form.is_valid():
        return False
    title, amount = form.cleaned_data["title"], form.minor()
    try:
        if form is item:
            operations.add_item(room=room, title=title, amount=amount)
        elif act == "change_goal":
            operations.change_goal(room=room, title=title, target=amount, at=at)
        else:
            operations.start_goal(room=room, title=title, target=amount, at=at)
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    return True
