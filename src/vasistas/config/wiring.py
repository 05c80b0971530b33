"""Every reaction to every event of the product, on one page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vasistas.apps.accounts import handlers as accounts_handlers
from vasistas.apps.accounts import operations as accounts_operations
from vasistas.apps.chat import events as chat
from vasistas.apps.chat import handlers as chat_handlers
from vasistas.apps.privacy import events as privacy
from vasistas.apps.rooms import events as rooms
from vasistas.apps.rooms import handlers as rooms_handlers
from vasistas.apps.rooms import operations as rooms_operations
from vasistas.guard import erasure
from vasistas.lib import events

type Reactions = Mapping[type, Sequence[Callable[[Any], None]]]

IN_TRANSACTION: Reactions = {}
AFTER_COMMIT: Reactions = {
    chat.MessageSaid: [chat_handlers.push_message],
    chat.MessageDeleted: [chat_handlers.push_deletion],
    chat.AuthorCleared: [chat_handlers.push_cleared_author],
    chat.SlowModeChanged: [chat_handlers.push_slow_mode],
    chat.MemberMuted: [chat_handlers.push_mute],
    rooms.StateChanged: [rooms_handlers.push_state],
    rooms.DetailsChanged: [rooms_handlers.push_details],
    rooms.ViewersCounted: [rooms_handlers.push_viewers],
    rooms.ThumbnailChanged: [rooms_handlers.push_thumbnail],
    rooms.MemberBanned: [rooms_handlers.push_ban],
    rooms.HealthMeasured: [rooms_handlers.push_health],
    privacy.RequestMoved: [accounts_handlers.write_of_request],
    privacy.RequestDue: [accounts_handlers.warn_operator],
}

# When somebody is erased (guard/erasure.py): each may run many times, and rows wait until it did not fail.
STOP_OF_THE_ERASED: Mapping[str, erasure.Stop] = {
    "rooms": rooms_operations.leave_everything,
    "accounts": accounts_operations.end_sessions_of_erased,
}


def connect() -> None:
    events.wire(in_transaction=IN_TRANSACTION, after_commit=AFTER_COMMIT)
    erasure.wire(stop=STOP_OF_THE_ERASED)
