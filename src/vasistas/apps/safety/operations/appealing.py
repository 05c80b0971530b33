"""The person does not accept a decision; another of the staff decides again (Regulation (EU) 2022/2065, Art. 20)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.safety import rules
from vasistas.apps.safety.events import AppealClosed
from vasistas.apps.safety.models import Appeal, Decision
from vasistas.apps.safety.operations.deciding import lift
from vasistas.lib import events
from vasistas.lib.errors import DomainError


class AppealRefused(DomainError):  # noqa: N818 — refusals read as facts
    code = "safety.appeal_refused"


def appeal(decision: Decision, *, words: str, at: datetime) -> Appeal:
    """Raises: AppealRefused: no words, too late, or there is one. SubjectGone."""
    if not words.strip():
        raise AppealRefused(_("Say why the decision is wrong."))
    if at > decision.at + rules.APPEAL_WITHIN:
        raise AppealRefused(_("The six months for an appeal are over. You can still go to court."))
    try:
        with transaction.atomic():
            return Appeal.objects.create(
                decision=decision,
                subject_id=decision.subject_id,
                words=words.strip(),
                at=at,
                due_at=at + rules.APPEAL_ANSWERED_WITHIN,
            )
    except IntegrityError:
        raise AppealRefused(_("You have appealed already. The answer comes here.")) from None


def close_appeal(found: Appeal, *, by: Member, is_reversed: bool, answer: str, at: datetime) -> None:
    """Decide again. What is reversed is lifted in the same step.

    Raises: AppealRefused: by whoever decided, without reasons, or it is closed. Publishes: AppealClosed.
    """
    if not answer.strip():
        raise AppealRefused(_("Say why: the person reads it."))
    with transaction.atomic():
        locked = Appeal.objects.select_for_update(of=("self",)).select_related("decision").get(pk=found.pk)
        if locked.state != Appeal.State.OPEN:
            raise AppealRefused(_("This appeal is closed."))
        if by.subject_id in {locked.decision.made_by_id, locked.subject_id}:
            raise AppealRefused(_("Who decided does not decide about the appeal. Leave it to somebody else."))
        locked.state = Appeal.State.REVERSED if is_reversed else Appeal.State.UPHELD
        locked.answer, locked.handled_by_id, locked.closed_at = answer.strip(), by.subject_id, at
        locked.save(update_fields=["state", "answer", "handled_by", "closed_at"])
        if is_reversed:
            lift(locked.decision, at=at)
        events.publish(AppealClosed(locked.pk))
