"""What was said in the rooms of the cast."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message, Mute
from vasistas.apps.rooms.models import Room


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
