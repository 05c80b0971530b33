"""Single lines and spans of them, for those who look into a case."""

from datetime import datetime

from vasistas.apps.accounts.models import shown_of
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms.models import Room
from vasistas.guard import sealed

LINES_LOOKED_AT_MAX = 500  # of one look by the support


def shown_line(room: Room, message_id: int) -> Message | None:
    """A line that stands in this room, with its author; None: it was removed, or is another room's."""
    message = Message.objects.for_lines().filter(room=room, pk=message_id).first()
    if message is not None:
        message.room = room
    return message


def said_line(room: Room, message_id: int) -> Message | None:
    """A line said in this room, removed ones too: who removes it does not take it from those who report it."""
    shown = Message.objects.filter(room=room, pk=message_id).select_related("author")
    message = shown.only("text", "said_at", "row_key", "room", *shown_of("author")).first()
    if message is not None:
        message.room = room
    return message


def said_between(*, room_id: int, subject_id: int, span: tuple[datetime, datetime]) -> list[Message]:
    """What one person said in one room in a span, removed lines too, oldest first; LINES_LOOKED_AT_MAX at most. Read it
    under the purpose of the look.
    """
    rows = Message.objects.filter(room=room_id, author__subject=subject_id, said_at__gte=span[0], said_at__lt=span[1])
    shown = rows.only("text", "said_at", "deleted_at", "row_key", "author").order_by("pk")
    return sealed.openable(shown[:LINES_LOOKED_AT_MAX], "text")
