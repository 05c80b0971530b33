"""Writes on members."""

import hashlib
import logging
from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.accounts import queries
from vasistas.apps.accounts.models import KnownBrowser, LoginAlertsOff, Member
from vasistas.apps.privacy import operations as privacy
from vasistas.guard import keyring, subjects
from vasistas.guard.policy import limits
from vasistas.guard.purposes import processing
from vasistas.lib import lookalikes
from vasistas.lib.errors import DomainError, NotFound

FORGET_BATCH_ROWS = 500
BROWSERS_MAX = 20  # known of one member; the one not seen for longest goes

logger = logging.getLogger(__name__)


class NameTaken(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Another member shows this name, or one that reads the same."""

    status = 409
    code = "accounts.name_taken"

    def __init__(self) -> None:
        message = _("This name is taken, or reads like one that is. Choose another.")
        super().__init__(message, fields={"display_name": message})


class AddressTaken(DomainError):  # noqa: N818 — see above
    """Another member has this address. Never shown: the interface answers as if the account were new."""

    status = 409
    code = "accounts.address_taken"


def open_account(*, email: str, display_name: str, password: str | None) -> Member:
    """Create a member who cannot sign in before the address is verified.

    Raises: NameTaken. AddressTaken: tell the owner of the address by mail, and the caller nothing.
    """
    try:
        with transaction.atomic():
            return Member.objects.create_user(email, display_name, password)
    except IntegrityError:
        if queries.is_name_taken(display_name):
            raise NameTaken from None
        raise AddressTaken("This address has an account.") from None


def change_name(*, member: Member, display_name: str) -> None:
    """Show another name from now on; the former one is kept in the member's history.

    Raises: NameTaken: nothing is written.
    """
    before, at = member.display_name, timezone.now()
    member.display_name = display_name
    member.name_key = lookalikes.key(display_name)
    try:
        with transaction.atomic():
            member.save(update_fields=["display_name", "name_key"])
            privacy.note_correction(row=member, field="display_name", before=before, after=display_name, at=at)
    except IntegrityError:
        raise NameTaken from None


def forget_unverified(at: datetime) -> int:
    """Delete accounts whose address nobody verified within the policy's days, with their keys; return how many went.

    They hold a name and somebody's address, perhaps a stranger's. Nobody has signed in to them.
    """
    before = limits.due_before("unproven_account", at)
    if before is None:
        return 0
    stale = Member.objects.filter(date_joined__lte=before, is_staff=False, last_login=None)
    stale = stale.exclude(emailaddress__verified=True).select_related("subject")
    count = 0
    while members := list(stale[:FORGET_BATCH_ROWS]):
        for member in members:
            with transaction.atomic():
                subject = member.subject
                subject.state = subject.State.ERASING  # records of objections go with an erased subject alone
                subject.save(update_fields=["state"])
                member.delete()
                subject.delete()
            keyring.destroy(subject.key_handle)  # not before: what cannot be deleted stays readable
        count += len(members)
    return count


def forget_sessions(at: datetime) -> int:
    """Delete sessions that have ended, and what was noted of their devices; guard/retention.py takes the unseen ones.

    The note holds an address and the browser's name (`usersessions.UserSession`). Returns how many rows went.
    """
    ended, _by_model = Session.objects.filter(expire_date__lt=at).delete()
    gone, _by_model = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return int(ended + gone)


# -- Security ----------------------------------------------------------------------------------------------------------


def remember_browser(*, member: Member, token: str, at: datetime) -> tuple[bool, int]:
    """Note that the browser with this token signed in. Returns whether it is new to this member, and how many new ones
    there were within the hour.

    Raises: SubjectGone.
    """
    with transaction.atomic():
        subjects.hold(member.subject_id)
        known = KnownBrowser.objects.filter(member=member)
        _row, is_new = known.update_or_create(
            member=member,
            token_hash=_browser_hash(member, token),
            defaults={"seen_at": at},
            create_defaults={"made_at": at, "seen_at": at},
        )
        if is_new:
            kept = known.order_by("-seen_at", "-pk").values_list("pk", flat=True)[:BROWSERS_MAX]
            known.exclude(pk__in=list(kept)).delete()
        return is_new, known.filter(made_at__gt=at - timedelta(hours=1)).count()


def _browser_hash(member: Member, token: str) -> str:
    """Of token and member together: the rows of two members with one browser have nothing in common."""
    return hashlib.sha256(f"vasistas.accounts.browser|{member.pk}|{token}".encode()).hexdigest()


def forget_browsers(*, member: Member) -> int:
    """Forget every browser that signed in before; return how many. Each is new when it signs in the next time."""
    return KnownBrowser.objects.filter(member=member).delete()[0]


def set_login_alerts(*, member: Member, on: bool, at: datetime) -> bool:
    """Switch the mails about new browsers on or off; return whether that changed anything.

    Raises: SubjectGone.
    """
    with transaction.atomic():
        subjects.hold(member.subject_id)
        if on:
            return LoginAlertsOff.objects.filter(member=member).delete()[0] > 0
        _row, is_new = LoginAlertsOff.objects.get_or_create(member=member, defaults={"since": at})
        return is_new


def end_session(*, member: Member, session_id: int) -> None:
    """Sign the member out in one browser. Raises: NotFound: no open session of theirs has this number."""
    found = UserSession.objects.filter(user_id=member.pk, pk=session_id).first()
    if found is None:
        raise NotFound("This session is over already.")
    found.end()


def end_sessions(*, member: Member, except_key: str | None) -> int:
    """Sign the member out everywhere but in the session with this key; return how many ended."""
    others = list(UserSession.objects.filter(user_id=member.pk).exclude(session_key=except_key))
    for session in others:
        session.end()
    return len(others)


def end_sessions_of_erased(subject_id: int, _at: datetime) -> None:
    """Sign somebody who is being erased out everywhere. May be repeated."""
    keys = list(UserSession.objects.filter(user__subject=subject_id).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()


@processing("rights")
def mail_rights(*, email: str, rights_url: str) -> None:
    """Send somebody who asked from outside the link that proves their address."""
    get_adapter().send_mail("account/email/rights", email, {"rights_url": rights_url})


@processing("rights", reason="erasure")
def mail_farewell(*, subject_id: int, certificate_url: str) -> None:
    """Say to the address that its account is being erased: the last mail to it, for it goes with the account.

    One that cannot be sent is logged: the erasure goes on, and the page has the same link.
    """
    member = Member.objects.filter(subject_id=subject_id).first()
    if member is None:
        return
    try:
        get_adapter().send_mail("account/email/erased", member.email, {"certificate_url": certificate_url})
    except Exception as error:  # noqa: BLE001 — whatever a mail server answers, nobody waits for their erasure
        logger.error("accounts.farewell_not_sent error=%s", type(error).__name__)  # noqa: TRY400 — a traceback could name an address
