"""Reads on changes of the policy: the draft, who approved it, who was told."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from vasistas.apps.privacy.models import NOTICE_TRIES_MAX, PolicyApproval, PolicyNotice
from vasistas.guard.policy import versions
from vasistas.guard.policy.checks import known_checks
from vasistas.guard.policy.versions import Candidate


def policy_candidate(at: datetime) -> Candidate:
    """Return the files as the next version they would become.

    Raises: PolicyRefused: they are none yet; every fault says why.
    """
    return versions.candidate(settings.POLICY, effective=None, today=at.date(), known_checks=known_checks())


def approvals_of_policy(files_hash: str) -> "QuerySet[PolicyApproval]":
    """The approvals of exactly these files, earliest first; those of members who have left the staff stay."""
    return PolicyApproval.objects.filter(files_hash=files_hash).order_by("at", "pk")


def waiting_notices(at: datetime) -> "QuerySet[PolicyNotice]":
    """Mails that have not left, are in nobody's hands, and were not refused too often."""
    is_free = Q(lease_until=None) | Q(lease_until__lte=at)
    mails = PolicyNotice.objects.filter(is_free, via=PolicyNotice.Via.MAIL, told_at=None)
    return mails.filter(refusals__lt=NOTICE_TRIES_MAX)


def settled_notices(version: int, at: datetime) -> "QuerySet[PolicyNotice]":
    """Mails about a version that need nothing now: told, on their way, or refused too often."""
    mails = PolicyNotice.objects.filter(version=version, via=PolicyNotice.Via.MAIL)
    return mails.exclude(pk__in=waiting_notices(at).values("pk"))


def told_by(version: int, moment: datetime) -> "QuerySet[PolicyNotice]":
    """Notices of those who were told of a version by a moment, in either way. Where a provider refused the mail
    NOTICE_TRIES_MAX times, My Account has told since then.
    """
    is_told = Q(told_at__lte=moment) | Q(refusals__gte=NOTICE_TRIES_MAX)
    return PolicyNotice.objects.filter(is_told, version=version)


def notices_of(subject_id: int) -> "QuerySet[PolicyNotice]":
    """What one person was told, latest version first."""
    return PolicyNotice.objects.filter(subject_id=subject_id).order_by("-version", "via")


def has_put_away(subject_id: int, version: int) -> bool:
    return notices_of(subject_id).filter(version=version, via=PolicyNotice.Via.SITE).exists()
