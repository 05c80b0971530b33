"""What was said in the rooms of the cast."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message, Mute
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Cast:
    """Ada's live room with its people: Bo moderates, Vi watches, Max is a stranger, Sam is staff."""

    room: Room
    ada: Member
    bo: Member
    vi: Member
    max: Member
    sam: Member


def make_cast() -> Cast:
    """Make them without passwords: tests sign in by `client.force_login`, and hashing five takes its time."""
    ada, bo, vi, max_ = (make_member(name, password=None) for name in ("Ada", "Bo", "Vi", "Max"))
    sam = make_member("Sam", password=None, is_staff=True)
    room = make_room(make_host(ada), state="live")
    rooms.add_moderator(room=room, member=bo, at=NOW)
    return Cast(room, ada, bo, vi, max_, sam)


def make_message(room: Room, author: Member, text: str = "hello", **over: Any) -> Message:
    """Make one line of `author`, past all limits; said an hour ago unless `said_at` tells."""
    fields = {"role": "member", "said_at": timezone.now() - timedelta(hours=1), **over}
    return Message.objects.create(room=room, author=author, text=text, **fields)


def make_messages(room: Room, author: Member, count: int, *, from_at: datetime | None = None) -> list[Message]:
    """Make `count` lines a second apart, "line 1" first."""
    start = from_at or timezone.now() - timedelta(hours=1)
    return [
        make_message(room, author, f"line {number}", said_at=start + timedelta(seconds=number))
        for number in range(1, count + 1)
    ]


def make_mute(room: Room, member: Member, *, minutes: int = 10, **over: Any) -> Mute:
    """Mute `member` from now on."""
    at = over.pop("at", timezone.now())
    return Mute.objects.create(room=room, member=member, at=at, until=at + timedelta(minutes=minutes), **over)
