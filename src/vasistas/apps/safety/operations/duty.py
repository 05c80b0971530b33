"""Somebody watches over the rooms, or nobody does."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.rooms.models import Broadcast, Room
from vasistas.apps.safety import queries, rules
from vasistas.apps.safety.models import Shift
from vasistas.lib.errors import NotAllowed


class NobodyOnDuty(NotAllowed):
    code = "rooms.nobody_on_duty"


def begin_shift(*, by: int, at: datetime) -> Shift:
    """by: the staff's subject. Twice is once. Raises: SubjectGone."""
    with transaction.atomic():
        Shift.objects.filter(staff=by, ended_at=None, seen_at__lte=at - rules.SHIFT_SILENT).update(ended_at=at)
        shift, _made = Shift.objects.get_or_create(staff_id=by, ended_at=None, defaults={"began_at": at, "seen_at": at})
    show_life(by=by, at=at)
    return shift


def end_shift(*, by: int, at: datetime) -> None:
    Shift.objects.filter(staff=by, ended_at=None).update(ended_at=at)


def show_life(*, by: int, at: datetime) -> None:
    """A page of the moderation was opened: the shift goes on. One that is over does not come back by itself."""
    running = Shift.objects.filter(staff=by, ended_at=None, seen_at__gt=at - rules.SHIFT_SILENT)
    running.update(seen_at=at)


def check_duty(room: Room, at: datetime) -> None:
    """Raises: NobodyOnDuty: nobody watches over the rooms, and the settings let this host not begin alone."""
    if settings.NOBODY_ON_DUTY == "open" or queries.is_somebody_on_duty(at):
        return
    if settings.NOBODY_ON_DUTY == "restricted" and _is_trusted(room, at):
        return
    raise NobodyOnDuty(_("Nobody of the moderation is on duty now, so no broadcast can begin. Try again later."))


def _is_trusted(room: Room, at: datetime) -> bool:
    earlier = Broadcast.objects.filter(room=room, ended_at__isnull=False, joined_at__isnull=False)
    is_known = earlier[: rules.TRUSTED_BROADCASTS].count() >= rules.TRUSTED_BROADCASTS
    return is_known and queries.strikes_of(room.host.member.subject_id, at) == 0
