"""Writes on rooms."""

from vasistas.apps.rooms.operations.broadcasts import (
    OnAirAlready,
    cut,
    end_broadcast,
    end_session,
    go_live,
    leave,
    mark_away,
    mark_live,
    set_away,
    start_broadcast,
    watch,
)
from vasistas.apps.rooms.operations.counts import (
    apply_node_event,
    apply_node_events,
    count_viewers,
    measure_health,
    reconcile,
    sweep,
)
from vasistas.apps.rooms.operations.desk import (
    RoomDetails,
    SlugTaken,
    change_room,
    create_room,
    rotate_stream_key,
)
from vasistas.apps.rooms.operations.people import (
    add_moderator,
    ban,
    follow,
    remove_moderator,
    unban,
    unfollow,
)
from vasistas.apps.rooms.operations.pictures import clear_thumbnail, save_thumbnail

__all__ = [
    "OnAirAlready",
    "RoomDetails",
    "SlugTaken",
    "add_moderator",
    "apply_node_event",
    "apply_node_events",
    "ban",
    "change_room",
    "clear_thumbnail",
    "count_viewers",
    "create_room",
    "cut",
    "end_broadcast",
    "end_session",
    "follow",
    "go_live",
    "leave",
    "mark_away",
    "mark_live",
    "measure_health",
    "reconcile",
    "remove_moderator",
    "rotate_stream_key",
    "save_thumbnail",
    "set_away",
    "start_broadcast",
    "sweep",
    "unban",
    "unfollow",
    "watch",
]
