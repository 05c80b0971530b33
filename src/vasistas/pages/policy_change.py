"""A change of the policy on its way: what a member is told of it, by mail and in My Account."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas.apps.accounts import outbox
from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.differences import Change, Difference
from vasistas.guard.policy.model import Policy
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone
from vasistas.pages import policy_page, policy_words

if TYPE_CHECKING:
    from django.db.models import QuerySet

MAILS_AT_ONCE = 200  # of one run; the worker starts the next a minute later
REFUSED_IN_A_ROW_MAX = 10  # mails the server refused one after another: it is the server, not the addresses

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """One run: mails that left, and those the server refused."""

    sent: int = 0
    refused: int = 0


def shown_to(request: HttpRequest) -> Policy | None:
    """The version to announce on this page: everyone sees it on the policy, a member in My Account until put away."""
    coming = get_policy.to_come()
    if not coming:
        return None
    if request.path == reverse("pages:privacy"):
        return coming[-1]
    if not request.path.startswith(reverse("pages:my_account")) or not isinstance(request.user, Member):
        return None
    with processing("rights"):
        return None if queries.has_put_away(request.user.subject_id, coming[-1].version) else coming[-1]


# -- By mail -----------------------------------------------------------------------------------------------------------


def tell_members(at: datetime) -> Told:
    """Mail every member about each version whose day is still to come: MAILS_AT_ONCE, then the next run goes on.

    Who was told is noted mail by mail, so an interrupted run is taken up where it ended. A mail that was under way then
    is sent again after NOTICE_LEASE, with the same Message-ID: mailboxes show it once. Stops when no mail leaves.
    """
    get_policy.notice_releases()
    sent = refused = 0
    for policy in get_policy.to_come():
        with processing("notices"):
            told = _tell_of(policy, at, MAILS_AT_ONCE - sent - refused)
        sent, refused = sent + told.sent, refused + told.refused
    if sent or refused:
        logger.info("policy.notices_sent sent=%d refused=%d", sent, refused)
    return Told(sent, refused)


def _tell_of(policy: Policy, at: datetime, mails_max: int) -> Told:
    difference = policy_page.difference(policy.version, language_of(policy))
    members = waiting(policy, at)[:mails_max]
    sent = refused = in_a_row = 0
    for member in members:
        try:
            notice = privacy.claim_notice(subject_id=member.subject_id, version=policy.version, at=at)
        except SubjectGone:
            continue
        if notice is None:
            continue
        try:
            outbox.send_and_wait(mail_about(difference, member))
        except TransferRefused:
            raise
        except outbox.MailRefused:
            privacy.note_refused(notice_id=notice.pk, at=at)
            refused, in_a_row = refused + 1, in_a_row + 1
            logger.warning("policy.notice_refused")
            if in_a_row >= REFUSED_IN_A_ROW_MAX:
                break
        except OSError as error:  # no server: this mail and the others wait for it
            privacy.give_notice_back(notice_id=notice.pk, at=at)
            logger.warning("policy.notices_wait error=%s", type(error).__name__)
            break
        else:
            privacy.note_told(notice_id=notice.pk, at=at)
            sent, in_a_row = sent + 1, 0
    return Told(sent, refused)


def waiting(policy: Policy, at: datetime) -> "QuerySet[Member]":
    """Members who are still to be told of a version by mail; those who join after its day read it when they do."""
    settled = queries.settled_notices(policy.version, at).values("subject_id")
    begins = datetime.combine(policy.effective, time.min, UTC)
    return accounts.reachable_members(joined_before=begins).exclude(subject_id__in=settled)


def mail_about(difference: Difference, member: Member) -> EmailMultiAlternatives:
    """The mail: subject and sender tell nothing of the site's content, the text what changes and where to read it."""
    policy = difference.after
    context = {**summary(difference), "operator": settings.OPERATOR, "site_name": settings.SITE_NAME}
    context |= {"public_url": settings.PUBLIC_URL, "lang": language_of(policy)}
    mail = EmailMultiAlternatives(
        subject=_("Our terms for your data are changing"),
        body=render_to_string("pages/mail/policy_change.txt", context),
        to=[member.email],
        headers={"Message-ID": _message_id(policy, member), "Auto-Submitted": "auto-generated"},  # RFC 3834
    )
    mail.attach_alternative(render_to_string("pages/mail/policy_change.html", context), "text/html")
    return mail


def summary(difference: Difference) -> dict[str, Any]:
    """A change in a few lines: what widens, which clauses read differently, how much else."""
    language = difference.language

    def named(part: Any) -> str:
        colon = policy_words.face_words("colon", language)
        title = policy_words.said(part.title, language) or part.key
        return f"{policy_words.face_words(f'section_{part.section}', language)}{colon} {title}"

    widenings = difference.widenings
    return {
        "version": difference.after.version,
        "effective": difference.after.effective,
        "widenings": [named(part) for part in widenings],
        "others": [named(part) for part in difference.parts if part not in widenings],
        "clauses": [f"{one.number}. {one.title}" for one in difference.clauses if one.change is not Change.SAME],
        "diff_url": f"{settings.PUBLIC_URL}{reverse('pages:version_diff', args=[difference.after.version])}",
    }


def language_of(policy: Policy) -> str:
    """The language of the site, if the policy is written in it."""
    return settings.LANGUAGE_CODE if settings.LANGUAGE_CODE in policy.languages else policy.languages[0]


def _message_id(policy: Policy, member: Member) -> str:
    """The same for a repeat, and no number of anybody's: RFC 5322, 3.6.4."""
    said = f"{settings.SECRET_KEY}|notice|{policy.version}|{policy.digest}|{member.row_key}"
    return f"<{hashlib.sha256(said.encode()).hexdigest()[:32]}@{urlsplit(settings.PUBLIC_URL).hostname}>"
