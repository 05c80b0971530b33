"""Carrying a decision out: at the node, at the sockets, in the rows; not on the page alone."""

import contextlib
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vasistas import media, realtime
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import operations as chat
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Broadcast, Room
from vasistas.apps.safety.models import Decision
from vasistas.apps.shows import operations as shows
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotAllowed
from vasistas.media.port import NodeUnreachable

if TYPE_CHECKING:
    from vasistas.apps.safety.operations.deciding import Order

Action = Decision.Action


class CutOff(NotAllowed):
    code = "rooms.cut_off"


def silence(room: Room) -> None:
    """End all media of a room at the node. Its broadcast ends with `carry_out`, which tries again what failed here."""
    with contextlib.suppress(NodeUnreachable), processing("rooms"):
        media.get_port().close_room(str(room.pk))


def carry_out(decision: Decision, order: "Order", at: datetime) -> None:
    """Raises: NodeUnreachable: of a cut; the broadcast is over here, and nobody new is let in."""
    reason = str(decision.get_ground_display())[:120]
    match decision.action:
        case Action.REMOVE if order.message is not None and order.by is not None:
            with processing("moderate"):
                chat.delete(message=order.message, by=order.by, at=at, reason=reason)
        case Action.MUTE if order.room is not None and order.by is not None and decision.until is not None:
            minutes = ceil((decision.until - at).total_seconds() / 60)
            with processing("moderate"):
                chat.mute(room=order.room, member=order.about, by=order.by, at=at, minutes=minutes, reason=reason)
        case Action.CUT if order.room is not None:
            with processing("rooms"):
                rooms.cut(room=order.room, at=at, reason=Broadcast.EndReason.STAFF)
        case Action.SUSPEND | Action.BAN:
            _shut_out(order.about, decision, at)


def _shut_out(member: Member, decision: Decision, at: datetime) -> None:
    """A suspended host may not broadcast; who is no host, or is banned, is a visitor with the rights to their data."""
    is_host = Host.objects.filter(member=member).update(is_suspended=True)
    if decision.action == Action.BAN or not is_host:
        Member.objects.filter(pk=member.pk).update(is_active=False)
        own = f"member:{member.pk}"
        realtime.revoke(own, own, now=at.timestamp())
    with contextlib.suppress(NodeUnreachable):  # the rooms of the barred are ended by the sweep, within 10 s
        shows.end_all_of(member.subject_id, at)
    with contextlib.suppress(NodeUnreachable), processing("rooms"):
        rooms.leave_everything(member.subject_id, at)


def give_back(decision: Decision, at: datetime) -> None:
    """What a decision withheld, unless another one still withholds it."""
    about = Member.objects.shown().filter(subject=decision.subject_id).first()
    if about is None:
        return
    standing = Decision.objects.filter(subject=decision.subject_id, lifted_at=None).exclude(pk=decision.pk)
    is_still_muted = standing.filter(action=Action.MUTE, room=decision.room_id, until__gt=at).exists()
    if decision.action == Action.MUTE and decision.room_id is not None and not is_still_muted:
        with processing("moderate"):
            chat.end_mute(room_id=decision.room_id, member=about, at=at)
    if decision.action in {Action.SUSPEND, Action.BAN}:
        is_banned = standing.filter(action=Action.BAN).exists()
        is_suspended = standing.filter(action=Action.SUSPEND, until__gt=at).exists()
        if not (is_banned or is_suspended):
            Host.objects.filter(member=about).update(is_suspended=False)
            Member.objects.filter(pk=about.pk).update(is_active=True)
        elif not is_banned and Host.objects.filter(member=about).exists():
            Member.objects.filter(pk=about.pk).update(is_active=True)


def check_not_cut(room: Room, at: datetime) -> None:
    """Raises: CutOff: the moderation ended a broadcast of this room, and its time is not over."""
    cuts = Decision.objects.filter(room=room, action=Action.CUT, lifted_at=None, until__gt=at)
    until = cuts.order_by("-until").values_list("until", flat=True).first()
    if until is not None:
        when = date_format(timezone.localtime(until), "DATETIME_FORMAT")
        raise CutOff(
            _("The moderation ended your broadcast. You may go live again from %(when)s. Why stands in My Account.")
            % {"when": when}
        )
