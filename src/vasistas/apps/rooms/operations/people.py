"""Followers, moderators and bans."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries, rules
from vasistas.apps.rooms.events import MemberBanned, MemberUnbanned
from vasistas.apps.rooms.models import Ban, Follow, Moderator, Room, WatchSession
from vasistas.guard import subjects
from vasistas.guard.purposes import processing
from vasistas.lib import events
from vasistas.lib.errors import DomainError, LimitReached, NotAllowed
from vasistas.media.port import MediaError

MODERATORS_MAX = 50  # per room
FOLLOWS_MAX = 2_000  # per member

logger = logging.getLogger(__name__)


class NotAModerator(DomainError):  # noqa: N818 — refusals read as facts
    """The host moderates already, and who is banned cannot."""

    status = 409
    code = "rooms.cannot_moderate"


def follow(*, room: Room, member: Member, at: datetime) -> None:
    """Raises: LimitReached: the member follows FOLLOWS_MAX rooms. SubjectGone."""
    if Follow.objects.filter(member=member).count() >= FOLLOWS_MAX:
        raise LimitReached(_("You follow %(count)s rooms; that is the limit.") % {"count": FOLLOWS_MAX})
    with transaction.atomic():
        subjects.hold(member.subject_id)
        Follow.objects.get_or_create(room=room, member=member, defaults={"at": at})


def unfollow(*, room: Room, member: Member) -> None:
    Follow.objects.filter(room=room, member=member).delete()


def add_moderator(*, room: Room, member: Member, at: datetime) -> None:
    """Raises: NotAModerator, LimitReached, SubjectGone."""
    if rules.is_host(member, room):
        raise NotAModerator(_("The host of a room moderates it already."))
    if queries.is_banned(member, room, at):
        raise NotAModerator(_("This person is banned from the room. Lift the ban first."))
    if Moderator.objects.filter(room=room).count() >= MODERATORS_MAX:
        raise LimitReached(_("A room has at most %(count)s moderators.") % {"count": MODERATORS_MAX})
    with transaction.atomic():
        subjects.hold(member.subject_id)
        Moderator.objects.get_or_create(room=room, member=member, defaults={"at": at})


def remove_moderator(*, room: Room, member: Member) -> None:
    Moderator.objects.filter(room=room, member=member).delete()


def ban(
    *, room: Room, member: Member, by: Member, reason: str = "", at: datetime, until: datetime | None = None
) -> None:
    """Keep a member out, and end what they watch at once. A repeat replaces reason and end.

    Raises: NotAllowed: `by` may not ban this person. SubjectGone. Publishes: MemberBanned.
    """
    if not rules.can_ban(queries.role_of(by, room), queries.role_of(member, room)):
        raise NotAllowed(_("You cannot ban this person from this room."), code="rooms.cannot_ban")
    with transaction.atomic():
        subjects.hold(member.subject_id)
        Ban.objects.update_or_create(
            room=room, member=member, defaults={"by": by, "reason": reason, "at": at, "until": until}
        )
        Moderator.objects.filter(room=room, member=member).delete()
        Follow.objects.filter(room=room, member=member).delete()
        events.publish(MemberBanned(room_id=room.pk, member_id=member.pk))
    with processing("rooms"):  # who watches what is delivery's to know, and no moderator's
        close_sessions_of(room=room, member=member)


def close_sessions_of(*, room: Room, member: Member) -> None:
    """End what a member watches in a room. What the node does not hear now, `sweep` tells it again."""
    sessions = WatchSession.objects.filter(room=room, subject=member.subject_id, ended_at=None)
    for session in sessions.values_list("session", flat=True):
        try:
            media.get_port().close_session(session)
        except MediaError:
            logger.warning("A banned session could not be closed; the sweep tries again.", extra={"room_id": room.pk})


def unban(*, room: Room, member: Member, by: Member) -> None:
    """Raises: NotAllowed: `by` does not moderate this room."""
    if not rules.can_moderate(queries.role_of(by, room)):
        raise NotAllowed(_("Only the host and moderators can lift a ban."), code="rooms.cannot_ban")
    with transaction.atomic():
        if Ban.objects.filter(room=room, member=member).delete()[0]:
            events.publish(MemberUnbanned(room_id=room.pk, member_id=member.pk))
