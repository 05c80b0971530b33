"""Writes on hosts and studios."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers import queries, rules
from vasistas.apps.providers.events import HostJoined, StudioJoined, StudioLeft
from vasistas.apps.providers.models import Host, Studio, StudioInvitation
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import DomainError, LimitReached, NotAllowed

INVITATION_TOKEN_BYTES = 32


class TermsNotAgreed(DomainError):  # noqa: N818 — refusals read as facts
    code = "providers.terms_not_agreed"


class SlugTaken(DomainError):  # noqa: N818 — see above
    status = 409
    code = "providers.slug_taken"


class InAStudioAlready(DomainError):  # noqa: N818 — see above
    status = 409
    code = "providers.in_a_studio"


def become_host(*, member: Member, at: datetime, agreed: bool) -> Host:
    """Make the member a host. A repeat returns the same host.

    Raises: TermsNotAgreed, SubjectGone. Publishes: HostJoined.
    """
    if not agreed:
        needed = _("Agree to the terms for hosts to go on.")
        raise TermsNotAgreed(needed, fields={"agreed": needed})
    with transaction.atomic():
        subjects.hold(member.subject_id)
        host, is_new = Host.objects.get_or_create(member=member, defaults={"agreed_at": at})
        host.member = member
        if is_new:
            events.publish(HostJoined(host_id=host.pk))
    return host


def create_studio(*, owner: Member, name: str, slug: str, at: datetime) -> Studio:
    """Raises: SlugTaken, SubjectGone; LimitReached: the member owns STUDIOS_OWNED_MAX already."""
    if Studio.objects.filter(owner=owner).count() >= rules.STUDIOS_OWNED_MAX:
        raise LimitReached(_("You own %(count)s studios; that is the limit.") % {"count": rules.STUDIOS_OWNED_MAX})
    try:
        with transaction.atomic():
            subjects.hold(owner.subject_id)
            return Studio.objects.create(owner=owner, name=name, slug=slug, created_at=at)
    except IntegrityError:
        taken = _("This address is taken. Choose another.")
        raise SlugTaken(taken, fields={"slug": taken}) from None


def invite_host(*, studio: Studio, at: datetime) -> str:
    """Make a one-time link's token, good for INVITATION_TTL; only its hash is stored, so it is shown once.

    Raises: LimitReached: INVITATIONS_OPEN_MAX are open.
    """
    with transaction.atomic():
        studio.invitations.filter(expires_at__lte=at).delete()
        if queries.open_invitations(studio, at) >= rules.INVITATIONS_OPEN_MAX:
            raise LimitReached(_("Too many invitations are open. Wait until some are used or have expired."))
        token = secrets.token_urlsafe(INVITATION_TOKEN_BYTES)
        StudioInvitation.objects.create(
            studio=studio, token_hash=queries.hash_token(token), expires_at=at + rules.INVITATION_TTL
        )
    return token


def accept_invitation(*, host: Host, token: str, at: datetime) -> Studio:
    """Have a host join the studio that invited them.

    Raises: InvitationSpent; InAStudioAlready: they must leave theirs first. Locks: the invitation.
    """
    with transaction.atomic():
        invitation = queries.get_invitation(token=token, at=at)
        locked = Host.objects.select_for_update(no_key=True).get(pk=host.pk)
        if locked.studio_id not in {None, invitation.studio_id}:
            raise InAStudioAlready(_("You are in another studio. Leave it first."))
        # One statement decides who of two who hold the same link is first.
        if not StudioInvitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=at):
            raise queries.InvitationSpent(_("This invitation has been used. Ask the studio for a new one."))
        Host.objects.filter(pk=host.pk).update(studio=invitation.studio)
        events.publish(StudioJoined(studio_id=invitation.studio_id, host_id=host.pk))
    return invitation.studio


def leave_studio(*, host: Host) -> None:
    """Take a host out of their studio; without one nothing happens."""
    with transaction.atomic():
        locked = Host.objects.select_for_update(no_key=True).get(pk=host.pk)
        if locked.studio_id is not None:
            Host.objects.filter(pk=host.pk).update(studio=None)
            events.publish(StudioLeft(studio_id=locked.studio_id, host_id=host.pk))


def release_host(*, studio: Studio, host_id: int) -> None:
    """Have the owner let a host go.

    Raises: NotAllowed: the host is not in this studio.
    """
    host = Host.objects.filter(pk=host_id, studio=studio).first()
    if host is None:
        raise NotAllowed(_("This host is not in your studio."), code="providers.not_in_studio")
    leave_studio(host=host)


def earning_legs(host: Host, amount: int) -> list[Leg]:
    """Who earns how much of a payment to a host: the platform, the studio's owner, the host; for the ledger.

    Args: host: loaded with its member, its studio and the studio's owner.
    """
    split = rules.split_of(host, amount)
    legs = [Leg(wallet.account_of(host.member.subject_id, Kind.HOST).pk, split.host)]
    if split.platform:
        legs.append(Leg(wallet.site_account(Kind.REVENUE).pk, split.platform))
    if split.studio and host.studio:
        owner = host.studio.owner.subject_id
        legs.append(Leg(wallet.account_of(owner, Kind.STUDIO, str(host.studio_id)).pk, split.studio))
    return [leg for leg in legs if leg.amount]
