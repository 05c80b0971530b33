"""A decision: first the statement of reasons stands, then it is carried out, at once."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms.models import Room
from vasistas.apps.safety import rules
from vasistas.apps.safety.events import Decided
from vasistas.apps.safety.models import Decision, Report
from vasistas.apps.safety.operations import enforcing
from vasistas.lib import events
from vasistas.lib.errors import DomainError

Action = Decision.Action
LIFTED_AT_ONCE = 200  # suspensions that one run of the worker ends


class DecisionRefused(DomainError):  # noqa: N818 — refusals read as facts
    code = "safety.decision_refused"


@dataclass(frozen=True)
class Order:
    """What is decided about whom, and why. by: None: a machine did, and the statement says so. room: of a cut or mute.
    message: of a removed line. until: of a mute or suspension; of a cut, before when the room does not come back.
    """

    by: Member | None
    about: Member
    action: str
    ground: str
    facts: str
    is_legal: bool = False
    reference: str = ""
    room: Room | None = None
    message: Message | None = None
    until: datetime | None = None
    report: Report | None = None


def decide(order: Order, *, at: datetime) -> Decision:
    """Write the statement of reasons, and carry the decision out. Of a cut the media end first: no database is waited
    for.

    Raises: DecisionRefused: something is missing, or it is about oneself or other staff. SubjectGone. Publishes:
    Decided, which mails the statement. NodeUnreachable: it stands, and a cut is tried again by the sweep.
    """
    _check(order, at)
    if order.action == Action.CUT and order.room is not None:
        enforcing.silence(order.room)
    until = order.until or (at + rules.CUT_FOR if order.action == Action.CUT else None)
    with transaction.atomic():
        made = Decision.objects.create(
            subject_id=order.about.subject_id,
            report=order.report,
            room=order.room,
            action=order.action,
            ground=order.ground,
            is_legal=order.is_legal,
            reference=order.reference,
            facts=order.facts.strip(),
            is_automated=order.by is None,
            made_by_id=order.by.subject_id if order.by else None,
            at=at,
            until=until,
        )
        if order.report is not None:
            decided = {"state": Report.State.DECIDED, "decided_at": at}
            if not Report.objects.filter(pk=order.report.pk, decided_at=None).update(**decided):
                raise DecisionRefused(_("This report was decided in the meantime. Look at it again."))
        if order.action in {
            Action.REMOVE,
            Action.MUTE,
        }:  # rows alone: with the statement, or not at all
            enforcing.carry_out(made, order, at)
        events.publish(Decided(made.pk))
    if order.action not in {Action.REMOVE, Action.MUTE}:
        enforcing.carry_out(made, order, at)
    return made


def _check(order: Order, at: datetime) -> None:
    if not order.facts.strip():
        raise DecisionRefused(_("Say what happened: the person reads it, and may appeal."))
    if order.by is not None and order.by.pk == order.about.pk:
        raise DecisionRefused(_("Nobody decides about themselves."))
    if order.about.is_staff and order.action in {Action.BAN, Action.SUSPEND}:
        raise DecisionRefused(_("Staff are not suspended here. Take their role away first, in the administration."))
    if order.action in {Action.CUT, Action.MUTE} and order.room is None:
        raise DecisionRefused(_("Choose the room."))
    if order.action == Action.CUT and order.room is not None and order.room.host.member_id != order.about.pk:
        raise DecisionRefused(_("A cut is decided about the host: from the wall, or a report about the room."))
    if order.action == Action.REMOVE and order.message is None:
        raise DecisionRefused(_("Choose the line that is removed."))
    if order.action in {Action.MUTE, Action.SUSPEND} and order.until is None:
        raise DecisionRefused(_("Say until when."))
    if order.until is not None and order.until <= at:
        raise DecisionRefused(_("The end has to be later than now."))
    if order.action == Action.MUTE and order.until is not None and order.until > at + rules.MUTE_MAX:
        raise DecisionRefused(_("A mute lasts at most 7 days. Suspend for longer."))


def lift(decision: Decision, *, at: datetime) -> None:
    """End a decision; what it withheld is given back. A removed line and an ended broadcast stay so. Twice is once."""
    with transaction.atomic():
        found = Decision.objects.select_for_update().filter(pk=decision.pk, lifted_at=None).first()
        if found is None:
            return
        found.lifted_at = at
        found.save(update_fields=["lifted_at"])
        enforcing.give_back(found, at)


def lift_ended(at: datetime) -> int:
    """Let those in again whose suspension is over; return how many. The decision stays on record."""
    ended = Decision.objects.filter(action=Action.SUSPEND, lifted_at=None, until__lte=at).order_by("pk")
    found = list(ended[:LIFTED_AT_ONCE])
    for decision in found:
        with transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(lifted_at=decision.until)
            enforcing.give_back(decision, at)
    return len(found)
