"""Mails about payouts. Best effort, after the commit; none says an amount or a number of an account."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import queries
from vasistas.apps.payouts.events import DetailsChanged, PayoutReturned, ShareAnnounced
from vasistas.apps.payouts.models import Payout, ShareNotice
from vasistas.apps.payouts.rules import IBAN_HOLD
from vasistas.apps.providers.events import StudioJoined
from vasistas.apps.providers.models import Host
from vasistas.guard.purposes import processing


def tell_of_details(changed: DetailsChanged) -> None:
    """Tell the person, so that a change they did not make is noticed before a payout."""
    hours = int(IBAN_HOLD.total_seconds() // 3600) if changed.has_new_iban else 0
    with processing("payouts"):
        _send(_of(changed.subject_id), _("Your payout details were changed"), "details", {"hours": hours})


def tell_of_return(returned: PayoutReturned) -> None:
    with processing("payouts"):
        payout = Payout.objects.select_related("account").get(pk=returned.payout_id)
        subject_id = queries.subject_of_number(payout.account.number)
        if subject_id is not None:
            reason = payout.get_reason_display()
            _send(_of(subject_id), _("A payment to you came back"), "returned", {"reason": reason})


def tell_of_share(announced: ShareAnnounced) -> None:
    with processing("payouts"):
        notice = queries.notice_for(announced.notice_id)
        for host in queries.hosts_to_tell(notice.studio) if notice else ():
            _tell_share(host, notice)


def tell_of_coming_share(joined: StudioJoined) -> None:
    """Who joins while a change is announced is told of it too."""
    with processing("payouts"):
        host = Host.objects.select_related("studio").filter(pk=joined.host_id).first()
        notice = queries.open_notice(host.studio) if host and host.studio else None
        if host and notice:
            told = [one for one in queries.hosts_to_tell(notice.studio) if one.pk == host.member_id]
            _tell_share(told[0] if told else None, notice)


def _tell_share(host: Member | None, notice: ShareNotice | None) -> None:
    _send(host, _("Your share as a host changes"), "share", {"notice": notice})


def _of(subject_id: int) -> Member | None:
    there = Member.objects.filter(subject_id=subject_id, emailaddress__verified=True)
    return there.only("email", "email_sealed", "row_key", "subject").first()


def _send(member: Member | None, subject: str, name: str, context: dict[str, object]) -> None:
    if member is None:
        return
    site = {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "public_url": settings.PUBLIC_URL}
    page = f"{settings.PUBLIC_URL}{reverse('pages:earnings')}"
    text = render_to_string(f"payouts/mail/{name}.txt", {**site, "page": page, **context}).strip()
    EmailMessage(subject, text, to=[str(member.email)]).send()
