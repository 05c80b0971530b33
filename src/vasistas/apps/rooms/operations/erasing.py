"""Someone is erased: what runs for them in rooms ends."""

import contextlib
from datetime import datetime

from vasistas import media, realtime
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room, WatchSession
from vasistas.apps.rooms.operations import broadcasts, pictures
from vasistas.media.port import NodeUnreachable


def leave_everything(subject_id: int, at: datetime) -> None:
    """Cut the person's room, take its picture away, end what they watch, and close their channels. May be repeated.

    Raises: NodeUnreachable: media may still flow; call again.
    """
    member_id = Member.objects.filter(subject_id=subject_id).values_list("pk", flat=True).first()
    for room in Room.objects.with_host().filter(host__member__subject=subject_id):
        if room.broadcasts.filter(ended_at=None).exists() or room.is_on_air:
            broadcasts.cut(room=room, at=at)
        pictures.clear_thumbnail(room=Room.objects.with_host().get(pk=room.pk))
        if member_id is not None:
            realtime.revoke(f"studio:{room.pk}", f"member:{member_id}", now=at.timestamp())
    with contextlib.suppress(NodeUnreachable):  # a viewer sends nothing, and the node knows them by a random word alone
        for session in WatchSession.objects.filter(subject=subject_id, ended_at=None).values_list("session", flat=True):
            media.get_port().close_session(session)
    if member_id is not None:
        realtime.revoke(f"member:{member_id}", f"member:{member_id}", now=at.timestamp())
