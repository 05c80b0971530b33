"""One room, as its viewers see it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vasistas.apps.chat import queries as chat
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms import rules
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError
from vasistas.pages import live, showing, tipping
from vasistas.pages.views.shows import in_private

NEXT_LIVE_MAX = 4  # cards below the room


@public("rooms are watched without an account")
@never_cache
@require_safe
@processing("rooms")
def watch(request: HttpRequest, slug: str) -> HttpResponse:
    viewer = Viewer.of(request.user, request.session)
    try:
        room = rooms.get_room_for(viewer, slug)
    except (rooms.AgeUnconfirmed, rooms.InPrivate, rooms.Banned) as refused:
        return _closed(request, refused)
    positions = live.page(_channels(viewer, room), snapshot_url=reverse("pages:snapshot", args=[room.slug]))
    room = rooms.get_room_for(viewer, slug)  # again: what happens after the positions is told by the channels
    with processing("chat"):
        panel = chat.panel_for(room, request.user)
    context = {
        "realtime": positions,
        "room": room,
        "poster": room.thumbnail_url if room.is_on_air else None,
        "chat": panel,
        "tips": tipping.panel_for(room, request),
        "private": showing.panel_for(room, request),
        "is_host": rules.is_host(viewer.member, room),
        "is_following": viewer.member is not None and rooms.is_following(viewer.member, room),
        "followers": rooms.follower_count(room),
        "next_live": rooms.next_live(room, NEXT_LIVE_MAX, viewer),
        "sign_in_next": request.path,
    }
    return render(request, "pages/watch.html", context)


def _closed(request: HttpRequest, refused: DomainError) -> HttpResponse:
    """What stands where a room would, for those who may not see it now."""
    if isinstance(refused, rooms.AgeUnconfirmed):
        return render(request, "rooms/age_interstitial.html", {"next": request.path})
    if isinstance(refused, rooms.InPrivate):
        return in_private(request, refused.room_id)
    return render(request, "pages/banned.html", {"error": refused}, status=refused.status)


@public("rooms are watched without an account")
@never_cache
@require_safe
@processing("rooms")
def snapshot(request: HttpRequest, slug: str) -> JsonResponse:
    """How things stand, for a page that missed events; also where fresh grants come from."""
    viewer = Viewer.of(request.user, request.session)
    room = rooms.get_room_for(viewer, slug)
    channels = live.positions(_channels(viewer, room))
    room = rooms.get_room_for(viewer, slug)  # see watch()
    facts = {"state": room.state, "viewers": room.viewer_count, "title": room.title, "thumbnail": room.thumbnail_url}
    with processing("chat"):
        talk = chat.snapshot(room, request.user)
    return JsonResponse({"channels": channels, "room": facts, "chat": talk, "tips": tipping.snapshot(room)})


def _channels(viewer: Viewer, room: Room) -> list[str]:
    """What this person may hear on the page of a room."""
    names = [f"room:{room.pk}", *rules.lobbies_for(viewer)]
    if viewer.member is not None:
        names.append(f"member:{viewer.member.pk}")
    if rules.is_host(viewer.member, room):
        names.append(f"studio:{room.pk}")
    return names
