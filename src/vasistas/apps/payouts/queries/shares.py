"""What studios leave to their hosts, and whom to tell of a change."""

from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts.models import ShareNotice
from vasistas.apps.providers.models import Studio


def open_notice(studio: Studio) -> ShareNotice | None:
    """The change that was announced and does not count yet."""
    return ShareNotice.objects.filter(studio=studio, applied_at=None).first()


def notice_for(notice_id: int) -> ShareNotice | None:
    return ShareNotice.objects.select_related("studio").filter(pk=notice_id).first()


def hosts_to_tell(studio: Studio) -> list[Member]:
    """The hosts of a studio who can be reached by mail."""
    there = Member.objects.filter(host__studio=studio, emailaddress__verified=True)
    return list(there.only("pk", "subject", "row_key", "email", "email_sealed").order_by("pk"))
