"""The policy changes: two people approve, it is released, and everyone is told."""

from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import NOTICE_LEASE, NOTICE_PAUSE, PolicyApproval, PolicyNotice
from vasistas.guard import subjects
from vasistas.guard.policy import approvals, get_policy, versions
from vasistas.guard.policy.checks import known_checks
from vasistas.guard.policy.model import Policy
from vasistas.guard.policy.versions import Candidate
from vasistas.guard.reads import operations as reads
from vasistas.lib.errors import DomainError


class ApprovedBefore(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """One person approves once; the second approval is another person's."""

    status = 409
    code = "privacy.approved_before"


class FilesChanged(DomainError):  # noqa: N818 — see above
    """What was shown is not what the files are now."""

    status = 409
    code = "privacy.files_changed"


def approve_policy(*, subject_id: int, files_hash: str, is_operator: bool, at: datetime) -> PolicyApproval:
    """Record that one member of staff approves the files of the draft, which must still have the hash they saw.

    Raises: FilesChanged, ApprovedBefore, SubjectGone. PolicyRefused: the draft cannot become a version.
    """
    found = queries.policy_candidate(at)
    if found.files_hash != files_hash:
        raise FilesChanged(_("The files have changed since this page was drawn. Read them again."))
    role = PolicyApproval.Role.OPERATOR if is_operator else PolicyApproval.Role.STAFF
    try:
        with transaction.atomic():
            subjects.hold(subject_id)
            return PolicyApproval.objects.create(
                subject_id=subject_id, version=found.number, files_hash=files_hash, role=role, at=at
            )
    except IntegrityError:
        raise ApprovedBefore(_("You have approved this. The second approval is another person's.")) from None


def release_policy(*, at: datetime, effective: date | None = None, files_hash: str = "") -> Policy:
    """Freeze the draft as the next version, with the approvals it has, signed by the key of the read log.

    Args: files_hash: what was shown; other files are not released. Empty: whatever the files are.

    Raises: FilesChanged. PolicyRefused: see `versions.release`. AuditKeyRefused. OSError: the folder cannot be written.
    """

    def approved(found: Candidate) -> bytes:
        if files_hash and found.files_hash != files_hash:
            raise FilesChanged(_("The files have changed since this page was drawn. Read them again."))
        every = queries.approvals_of_policy(found.files_hash)
        return approvals.signed(
            number=found.number,
            effective=found.effective,
            files=found.files_hash,
            released_at=at,
            given=[approvals.Approval(str(one.reference), one.role, one.at) for one in every],
            key=reads.signing_key(at=at),
        )

    policy = versions.release(
        settings.POLICY, effective=effective, today=at.date(), known_checks=known_checks(), approved=approved
    )
    get_policy.cache_clear()
    return policy


# -- Telling everyone --------------------------------------------------------------------------------------------------


def claim_notice(*, subject_id: int, version: int, at: datetime) -> PolicyNotice | None:
    """Take on the mail to one person about one version for NOTICE_LEASE; None: another has it, or they were told.

    Raises: SubjectGone.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        notice, _made = PolicyNotice.objects.get_or_create(
            subject_id=subject_id, version=version, via=PolicyNotice.Via.MAIL
        )
        mine = queries.waiting_notices(at).filter(pk=notice.pk).update(lease_until=at + NOTICE_LEASE)
    return notice if mine else None


def note_told(*, notice_id: int, at: datetime) -> None:
    """The mail server took the mail."""
    PolicyNotice.objects.filter(pk=notice_id).update(told_at=at, lease_until=None)


def note_refused(*, notice_id: int, at: datetime) -> None:
    """The mail server refused this mail; it is tried again after NOTICE_PAUSE, NOTICE_TRIES_MAX times in all."""
    PolicyNotice.objects.filter(pk=notice_id).update(refusals=F("refusals") + 1, lease_until=at + NOTICE_PAUSE)


def give_notice_back(*, notice_id: int, at: datetime) -> None:
    """There is no mail server just now: whoever comes next may try."""
    PolicyNotice.objects.filter(pk=notice_id, told_at=None).update(lease_until=at)


def put_notice_away(*, subject_id: int, version: int, at: datetime) -> None:
    """The person has read the notice on the site; a repeat changes nothing.

    Raises: SubjectGone.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        PolicyNotice.objects.get_or_create(
            subject_id=subject_id, version=version, via=PolicyNotice.Via.SITE, defaults={"told_at": at}
        )
