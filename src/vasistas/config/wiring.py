"""Every reaction to every event of the product, on one page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vasistas.apps.rooms import events as rooms
from vasistas.apps.rooms import handlers as rooms_handlers
from vasistas.lib import events

type Reactions = Mapping[type, Sequence[Callable[[Any], None]]]

IN_TRANSACTION: Reactions = {}
AFTER_COMMIT: Reactions = {
    rooms.StateChanged: [rooms_handlers.push_state],
    rooms.DetailsChanged: [rooms_handlers.push_details],
    rooms.ViewersCounted: [rooms_handlers.push_viewers],
    rooms.ThumbnailChanged: [rooms_handlers.push_thumbnail],
    rooms.MemberBanned: [rooms_handlers.push_ban],
    rooms.HealthMeasured: [rooms_handlers.push_health],
}


def connect() -> None:
    events.wire(in_transaction=IN_TRANSACTION, after_commit=AFTER_COMMIT)
