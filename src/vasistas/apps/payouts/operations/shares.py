"""What a studio leaves to its hosts."""

from datetime import datetime

from django.db import transaction

from vasistas.apps.payouts import rules
from vasistas.apps.payouts.events import ShareAnnounced
from vasistas.apps.payouts.models import ShareNotice
from vasistas.apps.providers.models import Studio
from vasistas.guard import subjects
from vasistas.lib import events


def set_share(*, studio: Studio, owner_subject_id: int, percent: int, at: datetime) -> ShareNotice | None:
    """Set what hosts get of what the platform leaves. Less counts SHARE_NOTICE after they are told, more at once; a
    change that was announced and does not count yet is replaced. None: nothing changes.

    Raises: ShareRefused, SubjectGone. Locks: the studio. Publishes: ShareAnnounced.
    """
    rules.check_percent(percent)
    with transaction.atomic():
        subjects.hold(owner_subject_id)
        now = (
            Studio.objects.select_for_update(no_key=True).values_list("host_share_percent", flat=True).get(pk=studio.pk)
        )
        is_replacing = ShareNotice.objects.filter(studio=studio, applied_at=None).delete()[0] > 0
        if percent == now and not is_replacing:
            return None
        is_less = percent < now
        notice = ShareNotice.objects.create(
            studio=studio,
            percent=percent,
            made_at=at,
            from_at=at + rules.SHARE_NOTICE if is_less else at,
            applied_at=None if is_less else at,
        )
        if not is_less:
            Studio.objects.filter(pk=studio.pk).update(host_share_percent=percent)
        events.publish(ShareAnnounced(notice_id=notice.pk))
    return notice


def apply_share_notices(*, at: datetime) -> int:
    """Let count what was announced for now; return how many did. A repeat changes nothing."""
    applied = 0
    for notice_id in ShareNotice.objects.filter(applied_at=None, from_at__lte=at).values_list("pk", flat=True):
        with transaction.atomic():
            due = ShareNotice.objects.select_for_update().filter(pk=notice_id, applied_at=None).first()
            if due is not None:
                Studio.objects.filter(pk=due.studio_id).update(host_share_percent=due.percent)
                ShareNotice.objects.filter(pk=notice_id).update(applied_at=at)
                applied += 1
    return applied
