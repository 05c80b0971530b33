"""HTTP of rooms."""

from vasistas.apps.rooms.views.desk import become, details, moderators, stream_key, thumbnail
from vasistas.apps.rooms.views.front import confirm_age, follow, thumbnail_file
from vasistas.apps.rooms.views.media import (
    away,
    cut,
    health,
    probe,
    probe_session,
    whep,
    whep_session,
    whip,
    whip_key,
    whip_key_session,
    whip_session,
)

__all__ = [
    "away",
    "become",
    "confirm_age",
    "cut",
    "details",
    "follow",
    "health",
    "moderators",
    "probe",
    "probe_session",
    "stream_key",
    "thumbnail",
    "thumbnail_file",
    "whep",
    "whep_session",
    "whip",
    "whip_key",
    "whip_key_session",
    "whip_session",
]
