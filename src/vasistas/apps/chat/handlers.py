"""Carries what happened in chats to the pages that are open."""

from vasistas import realtime
from vasistas.apps.chat import events
from vasistas.realtime import events as wire


def push_message(event: events.MessageSaid) -> None:
    role: wire.Role = "host" if event.role == "host" else "moderator" if event.role == "moderator" else "member"
    realtime.publish(
        f"room:{event.room_id}",
        wire.Said(event.message_id, event.author_name, event.author_ref, role, event.text, event.at),
    )


def push_deletion(event: events.MessageDeleted) -> None:
    realtime.publish(f"room:{event.room_id}", wire.MessageDeleted(event.message_id))


def push_cleared_author(event: events.AuthorCleared) -> None:
    realtime.publish(f"room:{event.room_id}", wire.AuthorCleared(event.author_ref))


def push_slow_mode(event: events.SlowModeChanged) -> None:
    realtime.publish(f"room:{event.room_id}", wire.SlowModeChanged(event.seconds))


def push_mute(event: events.MemberMuted) -> None:
    realtime.publish(f"member:{event.member_id}", wire.MemberMuted(event.room_id, event.until))
