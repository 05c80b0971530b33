"""Rooms of the cast, in any state, with what hangs on them."""

import secrets
from typing import Any

from django.utils import timezone

from tests.factories.providers import make_host
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms.models import Broadcast, Category, Room, State, Tag, WatchSession


def make_room(host: Host | None = None, state: str = "offline", **over: Any) -> Room:
    """Make the room of Ada, or of `host`. A live or away room has its open broadcast; `tags`: a list of words."""
    now = timezone.now()
    host = host or make_host()
    tags = over.pop("tags", [])
    fields = {
        "slug": host.member.display_name.lower().replace(" ", "-"),
        "title": f"{host.member.display_name} plays the piano",
        "category": Category.MUSIC,
        "state": state,
        "state_at": now,
        "created_at": now,
        **over,
    }
    room = Room.objects.create(host=host, **fields)
    room.tags.set([Tag.objects.get_or_create(name=name)[0] for name in tags])
    if state in {State.LIVE, State.AWAY}:
        make_broadcast(room, joined_at=now, lost_at=now if state == State.AWAY else None)
    return room


def make_broadcast(room: Room, **over: Any) -> Broadcast:
    fields = {"session": secrets.token_hex(16), "ingest": "browser", "started_at": timezone.now(), **over}
    return Broadcast.objects.create(room=room, **fields)


def make_watch_session(room: Room, **over: Any) -> WatchSession:
    fields = {"session": secrets.token_hex(16), "started_at": timezone.now(), **over}
    return WatchSession.objects.create(room=room, **fields)
