"""The host's side: the desk of a room, and the green room that becomes the page on air."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import queries as chat
from vasistas.apps.providers import queries as providers
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms import rules
from vasistas.apps.rooms.forms import RoomForm
from vasistas.apps.rooms.models import Broadcast, Room
from vasistas.apps.verification import queries as verification
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound
from vasistas.pages import live, showing, studio_words, tipping

CHECKLIST = ("camera", "microphone", "title", "thumbnail", "uplink")  # the items of js/lib/studio-checklist.js
CODECS = ("vp8", "h264")


@never_cache
@require_safe
@processing("host")
def studio(request: HttpRequest) -> HttpResponse:
    """The desk. Every form on it posts to the app that owns the thing, and comes back here."""
    member = _member(request)
    room = rooms.room_of_host(member)
    if room is None:
        return redirect("rooms:become")
    with processing("moderate"):  # each look at who is kept out is noted for them
        bans = rooms.bans_of(room, timezone.now())
    context = {
        "realtime": _realtime(room),
        "room": room,
        "public_url": f"{settings.PUBLIC_URL}{room.get_absolute_url()}",
        "whip_url": f"{settings.PUBLIC_URL}{reverse('rooms:whip_key')}",
        "form": RoomForm(initial=RoomForm.initial_of(room)),
        "followers": rooms.follower_count(room),
        "moderators": rooms.moderators_of(room),
        "bans": bans,
        "broadcasts": [_broadcast(row) for row in rooms.history(room)],
        "open": rooms.open_broadcast(room),
        "standing": verification.standing_of(room.host_id, timezone.now()),
        "studios": providers.studios_of(member),
        "words": studio_words.words(),
    }
    return render(request, "pages/studio.html", context)


@never_cache
@require_safe
@processing("host")
def green_room(request: HttpRequest) -> HttpResponse:
    """Getting ready and being on air are one page: nothing reloads between them."""
    member = _member(request)
    room = rooms.room_of_host(member)
    if room is None:
        return redirect("rooms:become")
    if not rules.can_broadcast(member, room):
        return redirect("pages:studio")  # which says why
    wished = request.GET.get("codec", "")
    realtime = _realtime(room)
    with processing("chat"):
        panel = chat.panel_for(room, member)
    context = {
        "realtime": realtime,
        "room": room,
        "chat": panel,
        "desk": showing.desk_of(room, member),
        "details": RoomForm.initial_of(room),
        "presets": _presets(),
        "checklist": CHECKLIST,
        "codec": wished if wished in CODECS else CODECS[0],
        "words": studio_words.words(),
        "tips": tipping.panel_for(room, request),
    }
    return render(request, "pages/green_room.html", context)


@never_cache
@require_safe
@processing("host")
def snapshot(request: HttpRequest) -> JsonResponse:
    """What both pages read again when they missed events, and when their grants run out."""
    member = _member(request)
    room = rooms.room_of_host(member)
    if room is None:
        raise NotFound(_("You have no room yet."))
    channels = live.positions(_channels(room))  # before the rows: later events are told, and are not in them yet
    room.refresh_from_db(fields=["state", "viewer_count"])
    facts = {"state": room.state, "viewers": room.viewer_count}
    with processing("chat"):
        talk = chat.snapshot(room, member)
    return JsonResponse({"channels": channels, "room": facts, "chat": talk, "tips": tipping.snapshot(room)})


def _member(request: HttpRequest) -> Member:
    if not isinstance(request.user, Member):  # the login middleware let nobody else through
        raise NotFound(_("Sign in first."))
    return request.user


def _presets() -> list[dict[str, str]]:
    """What js/lib/devices.js calls PRESETS, in words."""
    return [
        {"name": "saver", "label": _("Data saver"), "facts": _("480p · 1.1 Mbit/s")},
        {"name": "standard", "label": _("Standard"), "facts": _("720p · 2.8 Mbit/s")},
        {"name": "high", "label": _("High"), "facts": _("1080p · 5.6 Mbit/s")},
    ]


def _broadcast(row: Broadcast) -> dict[str, Any]:
    """One row of the history. length: "h:mm:ss", empty while it lasts."""
    length = row.ended_at - row.started_at if row.ended_at else None
    return {"row": row, "length": str(timedelta(seconds=int(length.total_seconds()))) if length else ""}


def _realtime(room: Room) -> dict[str, Any]:
    return live.page(_channels(room), snapshot_url=reverse("pages:studio_snapshot"))


def _channels(room: Room) -> list[str]:
    """What a host hears on the pages of the studio."""
    return [f"room:{room.pk}", f"studio:{room.pk}", f"member:{room.host.member_id}"]
