"""A room closed to the public for a while: only those admitted watch it; staff and moderators are nobody special.

Nobody slips through between two writes: whoever watches writes a row, then asks whether the room is closed, and asks
again when the node has opened the session (`broadcasts.watch`); whoever closes the room writes that, then ends the
sessions of all rows. One of the two sees the other.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.rooms import queries
from vasistas.apps.rooms.models import Admission, Broadcast, Room, State
from vasistas.apps.rooms.operations import broadcasts
from vasistas.apps.rooms.operations.pictures import NotOnAir
from vasistas.guard import subjects
from vasistas.guard.purposes import processing
from vasistas.media.port import MediaError

logger = logging.getLogger(__name__)


def close_public(*, room: Room, admit: Mapping[int, str], show: UUID, at: datetime) -> None:
    """End the public stream: only `admit` (subject id -> role) may watch from now on. Then call `end_unadmitted`.

    Raises: NotOnAir: the room is not live, or closed already. SubjectGone.
    Locks: the room, until commit. Publishes: StateChanged.
    """
    with transaction.atomic():
        locked = broadcasts.lock(room.pk)
        if locked.state != State.LIVE:
            raise NotOnAir(_("This room is not live."))
        Admission.objects.filter(room=locked).delete()  # of a show that a crash left
        for subject_id in sorted(admit):
            subjects.hold(subject_id)
        Admission.objects.bulk_create(
            Admission(room=locked, subject_id=subject_id, role=role, show=show, at=at)
            for subject_id, role in sorted(admit.items())
        )
        broadcasts.change_state(locked, State.PRIVATE, at)
        room.state, room.state_at = locked.state, locked.state_at


def admit(*, room: Room, subject_id: int, role: str, show: UUID, at: datetime) -> None:
    """Let one more watch a closed room; a repeat changes the role.

    Raises: NotOnAir: it is not closed for this show. SubjectGone. Locks: the room.
    """
    with transaction.atomic():
        locked = broadcasts.lock(room.pk)
        if locked.state != State.PRIVATE or not Admission.objects.filter(room=locked, show=show).exists():
            raise NotOnAir(_("This room is not live."))
        subjects.hold(subject_id)
        Admission.objects.update_or_create(
            room=locked, subject_id=subject_id, defaults={"role": role, "show": show, "at": at}
        )


def dismiss(*, room: Room, subject_id: int, show: UUID) -> None:
    """Take an admission back. Call `end_unadmitted` after commit."""
    Admission.objects.filter(room=room, subject_id=subject_id, show=show).delete()


def reopen(*, room: Room, show: UUID | None, at: datetime) -> None:
    """Open a closed room to everybody again: live if its publisher is there, away if they may come back, else offline.

    Args: show: the one that is over; None: whichever it was. A room closed for another show stays closed.
    Locks: the room. Publishes: StateChanged.
    """
    with transaction.atomic():
        locked = broadcasts.lock(room.pk)
        rows = Admission.objects.filter(room=locked)
        (rows.filter(show=show) if show is not None else rows).delete()
        if locked.state != State.PRIVATE or Admission.objects.filter(room=locked).exists():
            return
        there = Broadcast.objects.filter(room=locked, ended_at=None)
        if there.filter(lost_at=None).exclude(joined_at=None).exists():
            state = State.LIVE
        else:
            state = State.AWAY if there.exclude(joined_at=None).exists() else State.OFFLINE
        broadcasts.change_state(locked, state, at)


def end_unadmitted(*, room: Room) -> None:
    """End, at the node, what is watched in a closed room by anybody not admitted; what began before it was closed, too.

    Network. What the node does not hear now, `sweep` tells it again.
    """
    with processing("rooms"):
        for session in queries.unadmitted_sessions(room.pk):
            try:
                media.get_port().close_session(session)
            except MediaError:
                logger.warning("A closed room is still watched; the sweep tries again.", extra={"room_id": room.pk})
                return
