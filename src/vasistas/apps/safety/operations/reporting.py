"""Somebody says that something is wrong here; with or without an account."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Subject
from vasistas.apps.rooms.models import Room
from vasistas.apps.safety import rules
from vasistas.apps.safety.models import LINE_CHARS_MAX, Evidence, Report
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone


@dataclass(frozen=True)
class Reported:
    """room: where. message: the line, if it is about one. about: the person; None: the room's host."""

    room: Room
    ground: str
    words: str
    message: Message | None = None
    about: Member | None = None


def report(*, by: Member | None, said: Reported, at: datetime) -> Report:
    """Take a report; its clock runs from now. A reported line is copied, sealed for its author.

    Raises: SubjectGone: the reporter is being erased.
    """
    target = Report.Target.MESSAGE if said.message else Report.Target.PERSON if said.about else Report.Target.ROOM
    about = said.message.author if said.message else said.about or said.room.host.member
    line = None
    if said.message is not None:
        with processing("chat"):
            line = said.message.text[:LINE_CHARS_MAX]
    with transaction.atomic():
        reporter = by.subject if by else privacy.create_subject(kind=Subject.Kind.VISITOR, at=at)
        made = Report.objects.create(
            subject=reporter,
            about_id=about.subject_id,
            room=said.room,
            target=target,
            message_id=said.message.pk if said.message else None,
            ground=said.ground,
            words=said.words,
            received_at=at,
            due_at=rules.due(said.ground, at),
        )
        if said.message is not None and line is not None:
            _keep(made, said.message, line)
    return made


def _keep(made: Report, message: Message, line: str) -> None:
    try:
        with transaction.atomic():
            author = message.author.subject_id
            Evidence.objects.create(report=made, subject_id=author, text=line, said_at=message.said_at)
    except SubjectGone:
        pass  # the line goes with its author


def take(report_: Report, *, by: int) -> None:
    """Look at it oneself. by: the staff's subject."""
    Report.objects.filter(pk=report_.pk, decided_at=None).update(assigned_to=by, state=Report.State.OPEN)


def dismiss(report_: Report, *, by: int, at: datetime) -> None:
    """Nothing is to be done. by: the staff's subject, which is kept."""
    closed = {"state": Report.State.DISMISSED, "decided_at": at, "assigned_to": by}
    Report.objects.filter(pk=report_.pk, decided_at=None).update(**closed)
