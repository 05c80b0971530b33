"""What is on air, who watches, and who may while a room is closed."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import FETCH_RAISE, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.rooms.models import (
    Admission,
    Broadcast,
    Room,
    State,
    WatchSession,
)
from vasistas.guard.purposes import processing
from vasistas.media.port import MediaError, SessionStats, SessionUnknown

HISTORY_SHOWN_MAX = 50


def open_broadcast(room: Room) -> Broadcast | None:
    """The broadcast that is on air or may come back."""
    return Broadcast.objects.filter(room=room, ended_at=None).exclude(joined_at=None).order_by("-joined_at").first()


def history(room: Room) -> list[Broadcast]:
    """Broadcasts that had a picture, newest first."""
    rows = Broadcast.objects.filter(room=room).exclude(joined_at=None).order_by("-started_at")
    return list(rows.fetch_mode(FETCH_RAISE)[:HISTORY_SHOWN_MAX])


def broadcast_stats(broadcast: Broadcast) -> SessionStats | None:
    """What the node measures of a publisher; None when it is gone or the node does not answer."""
    try:
        return media.get_port().session_stats(broadcast.session)
    except MediaError:
        return None


def probe_stats(session: str) -> SessionStats:
    """Raises: SessionUnknown: it is no uplink test, or ended; NodeUnreachable."""
    stats = media.get_port().session_stats(session)
    if stats.kind != "probe":
        raise SessionUnknown(_("This uplink test has ended."))
    return stats


# -- Closed rooms ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Watched:
    """One player in a room, of somebody with an account. is_open: as far as our rows know."""

    subject_id: int
    session: str
    delivered_s: int
    is_open: bool


def watching_since(room_id: int, at: datetime) -> list[Watched]:
    """Sessions that members opened in a room since a moment, over or not, oldest first."""
    with processing("rooms"):
        rows = WatchSession.objects.filter(room=room_id, started_at__gte=at, subject__isnull=False).order_by("pk")
        found = rows.values_list("subject_id", "session", "delivered_s", "ended_at")
        return [Watched(subject_id, name, seconds, ended is None) for subject_id, name, seconds, ended in found]


def unadmitted_sessions(room_id: int | None = None) -> list[str]:
    """Open sessions in closed rooms of nobody admitted, or from before the room was closed; of one room, or of all."""
    rows = WatchSession.objects.filter(ended_at=None, room__state=State.PRIVATE)
    rows = rows.filter(room=room_id) if room_id is not None else rows
    admitted = Admission.objects.filter(room=OuterRef("room"), subject=OuterRef("subject"))
    stays = Exists(admitted) & Q(started_at__gte=F("room__state_at"))
    return list(rows.exclude(stays).values_list("session", flat=True))


def publishing_session(room_id: int) -> str | None:
    """The session of the publisher who is connected, as far as our rows know."""
    rows = Broadcast.objects.filter(room=room_id, ended_at=None, lost_at=None).exclude(joined_at=None)
    return rows.values_list("session", flat=True).first()


def private_rooms() -> list[Room]:
    return list(Room.objects.with_host().filter(state=State.PRIVATE))
