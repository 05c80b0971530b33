"""Someone asks under their rights; the staff answers within the month."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.privacy import rules
from vasistas.apps.privacy.events import RequestDue, RequestMoved
from vasistas.apps.privacy.models import (
    OPEN_REQUESTS_MAX,
    UNANSWERED,
    RequestStep,
    RightsRequest,
    Subject,
    UseObjection,
)
from vasistas.apps.privacy.operations.subjects import create_subject
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import STATES_HELD, SubjectGone
from vasistas.lib import events
from vasistas.lib.errors import DomainError, LimitReached, NotFound

Step = RequestStep.Kind
By = RequestStep.By


class RequestClosed(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """It was answered, refused or withdrawn in the meantime."""

    status = 409
    code = "privacy.request_closed"


class ExtensionRefused(DomainError):  # noqa: N818 — see above
    """The law does not allow this extension."""

    code = "privacy.extension_refused"


@dataclass(frozen=True)
class Asked:
    """What somebody asks. received_at: when it reached us; None: now. address: where to answer who has no account.
    submit_key: of the form. is_verified: we know that it is they who ask.
    """

    kind: str
    via: str
    text: str = ""
    purpose: str = ""
    address: str = ""
    received_at: datetime | None = None
    is_verified: bool = True
    submit_key: uuid.UUID = field(default_factory=uuid.uuid4)


def open_request(*, subject_id: int | None, asked: Asked, at: datetime, by: str = By.PERSON) -> RightsRequest:
    """Enter a request; its clock runs from `asked.received_at`. The same submit_key again returns the same request.

    subject_id None: nobody we know yet; a subject of kind correspondent is made.
    Raises: LimitReached: OPEN_REQUESTS_MAX are open. SubjectGone. Events: RequestMoved.
    Locks: the subject's row (FOR NO KEY UPDATE), so that two forms at once are counted one after the other.
    """
    with transaction.atomic():
        if subject_id is None:
            with processing("rights"):
                subject_id = create_subject(kind=Subject.Kind.CORRESPONDENT, at=at).pk
        _locked(subject_id)
        mine = RightsRequest.objects.filter(subject_id=subject_id)
        if (same := mine.filter(submit_key=asked.submit_key).first()) is not None:
            return same
        if mine.filter(state__in=UNANSWERED).count() >= OPEN_REQUESTS_MAX:
            raise LimitReached(
                _("You have %(count)d open requests. Withdraw one, or wait for an answer.")
                % {"count": OPEN_REQUESTS_MAX},
                code="privacy.too_many_requests",
            )
        received_at = asked.received_at or at
        made = RightsRequest.objects.create(
            subject_id=subject_id,
            kind=asked.kind,
            via=asked.via,
            state=RightsRequest.State.RECEIVED if asked.is_verified else RightsRequest.State.VERIFYING,
            purpose=asked.purpose,
            text=asked.text,
            address=asked.address,
            received_at=received_at,
            due_date=rules.due_date(timezone.localdate(received_at)),
            submit_key=asked.submit_key,
        )
        _add_step(made, Step.RECEIVED, at, by=by)
        if not asked.is_verified:
            _add_step(made, Step.VERIFYING, at, by=By.STAFF)
    return made


def withdraw(*, subject_id: int, request_id: int, at: datetime) -> None:
    """Take one's own request back; an objection ends with it. A second time changes nothing.

    Raises: NotFound: it is another person's. RequestClosed: it was answered. Events: RequestMoved.
    """
    with transaction.atomic():
        found = _locked_request(request_id)
        if found.subject_id != subject_id:
            raise NotFound(_("There is no such request."))
        if found.state == RightsRequest.State.WITHDRAWN:
            return
        _close(found, RightsRequest.State.WITHDRAWN, at)
        if found.kind == RightsRequest.Kind.OBJECTION:
            UseObjection.objects.filter(subject_id=subject_id, purpose=found.purpose).delete()
        _add_step(found, Step.WITHDRAWN, at, by=By.PERSON)


# -- What people switch themselves -------------------------------------------------------------------------------------


def restrict(*, subject_id: int, at: datetime, key: uuid.UUID) -> None:
    """Keep what is there and use it no more (GDPR Art. 18); recorded as a request that is answered at once."""
    _switch(subject_id, Subject.State.RESTRICTED, at, key)


def lift_restriction(*, subject_id: int, at: datetime, key: uuid.UUID) -> None:
    """Let it be used again, because the person says so."""
    _switch(subject_id, Subject.State.ACTIVE, at, key)


def _switch(subject_id: int, state: str, at: datetime, key: uuid.UUID) -> None:
    """Raises: SubjectGone. A switch that stands so already is left alone. Locks: the subject's row."""
    with transaction.atomic():
        subject = _locked(subject_id)
        if subject.state == state:
            return
        Subject.objects.filter(pk=subject_id).update(state=state)
        is_on = state == Subject.State.RESTRICTED
        made = RightsRequest.objects.create(
            subject_id=subject_id,
            kind=RightsRequest.Kind.RESTRICTION,
            via=RightsRequest.Via.ACCOUNT,
            purpose="" if is_on else "lifted",
            answer=_("Switched on at once.") if is_on else _("Switched off at once."),
            received_at=at,
            due_date=rules.due_date(timezone.localdate(at)),
            submit_key=key,
        )
        _add_step(made, Step.RECEIVED, at, by=By.PERSON)
        _close(made, RightsRequest.State.ANSWERED, at)
        _add_step(made, Step.ANSWERED, at, by=By.SITE)


def object_to(*, subject_id: int, asked: Asked, at: datetime) -> RightsRequest:
    """Object to a use that rests on a legitimate interest (GDPR Art. 21(1)). Where the site can, the use stops now, and
    until staff shows compelling grounds; in every case staff answers within the month.

    Raises: LimitReached, SubjectGone: nothing is written. Events: RequestMoved.
    """
    with transaction.atomic():
        made = open_request(subject_id=subject_id, asked=asked, at=at)
        if asked.purpose in rules.STOPS_AT_ONCE and made.is_open:
            UseObjection.objects.get_or_create(subject_id=subject_id, purpose=asked.purpose, defaults={"at": at})
    return made


# -- What staff does ---------------------------------------------------------------------------------------------------


def take(*, request_id: int, staff_id: int, at: datetime) -> None:
    """Take a request in hand: who asks is known. A second time changes nothing. staff_id: their subject.

    Raises: NotFound, RequestClosed.
    """
    with transaction.atomic():
        found = _locked_request(request_id)
        _require_open(found)
        if found.state in {RightsRequest.State.RECEIVED, RightsRequest.State.VERIFYING}:
            RightsRequest.objects.filter(pk=found.pk).update(state=RightsRequest.State.OPEN, handled_by=staff_id)
            _add_step(found, Step.TAKEN, at, by=By.STAFF)


def extend(*, request_id: int, months: int, reason: str, staff_id: int, at: datetime) -> None:
    """Take up to two further months, once, within the first, and say why (GDPR Art. 12(3)).

    Raises: ExtensionRefused, NotFound, RequestClosed. Events: RequestMoved: the person is told.
    """
    with transaction.atomic():
        found = _locked_request(request_id)
        _require_open(found)
        if found.extended_at is not None:
            raise ExtensionRefused(_("This request was extended already. Answer it."))
        if timezone.localdate(at) > found.due_date:
            raise ExtensionRefused(_("The first month is over; the law allows no extension now. Answer today."))
        if not 1 <= months <= rules.EXTENSION_MONTHS_MAX or not reason.strip():
            raise ExtensionRefused(_("Choose one or two months, and say why."))
        due = rules.due_date(timezone.localdate(found.received_at), 1 + months)
        RightsRequest.objects.filter(pk=found.pk).update(
            state=RightsRequest.State.EXTENDED, due_date=due, extended_at=at, handled_by=staff_id, warned=0
        )
        _add_step(found, Step.EXTENDED, at, by=By.STAFF, note=reason)


def answer(*, request_id: int, text: str, staff_id: int, at: datetime) -> None:
    """Answer, and close it. Raises: NotFound, RequestClosed. Events: RequestMoved: the person is told."""
    with transaction.atomic():
        found = _locked_request(request_id)
        _close(found, RightsRequest.State.ANSWERED, at, text=text, staff_id=staff_id)
        _add_step(found, Step.ANSWERED, at, by=By.STAFF)


def refuse(*, request_id: int, ground: str, redress: str, staff_id: int, at: datetime) -> None:
    """Refuse, with the ground and where to complain (GDPR Art. 12(4)). A refused objection ends: staff has shown
    compelling grounds.

    Raises: NotFound, RequestClosed. Events: RequestMoved: the person is told.
    """
    with transaction.atomic():
        found = _locked_request(request_id)
        text = f"{ground.strip()}\n\n{redress}"
        _close(found, RightsRequest.State.REFUSED, at, text=text, staff_id=staff_id)
        if found.kind == RightsRequest.Kind.OBJECTION:
            UseObjection.objects.filter(subject_id=found.subject_id, purpose=found.purpose).delete()
        _add_step(found, Step.REFUSED, at, by=By.STAFF)


# -- By the clock ------------------------------------------------------------------------------------------------------


def warn_of_due(at: datetime) -> int:
    """Tell the operator of requests with 7 days left, 1 day, or none: once each, however often it runs. Returns how
    many were told.

    Reads no personal column. Events: RequestDue.
    """
    today = timezone.localdate(at)
    told = 0
    with processing("requests", reason="the clock of requests"):
        near = RightsRequest.objects.filter(
            state__in=UNANSWERED, due_date__lte=today + timedelta(days=rules.WARN_DAYS[0])
        )
        for pk, due, warned in list(near.values_list("pk", "due_date", "warned")):
            told += _warn(pk, due, warned, today)
    return told


def _warn(request_id: int, due: date, warned: int, today: date) -> int:
    count = rules.warnings_due(due, today)
    if count <= warned:
        return 0
    with transaction.atomic():
        mine = RightsRequest.objects.filter(pk=request_id, state__in=UNANSWERED, warned=warned)
        moved = mine.update(warned=count)  # of two workers one wins
        if moved:
            events.publish(RequestDue(request_id=request_id, days_left=(due - today).days))
    return moved


# -- Shared ------------------------------------------------------------------------------------------------------------


def _locked(subject_id: int) -> Subject:
    """Raises: SubjectGone. Locks: the row, so that it neither ends nor changes until commit."""
    rows = Subject.objects.select_for_update(no_key=True).only("pk", "state")
    found = rows.filter(pk=subject_id, state__in=STATES_HELD).first()
    if found is None:
        raise SubjectGone
    return found


def _locked_request(request_id: int) -> RightsRequest:
    found = RightsRequest.objects.select_for_update(no_key=True).filter(pk=request_id).first()
    if found is None:
        raise NotFound(_("There is no such request."))
    return found


def _require_open(found: RightsRequest) -> None:
    if not found.is_open:
        raise RequestClosed(_("This request is closed. Open a new one if something is missing."))


def _close(found: RightsRequest, state: str, at: datetime, *, text: str = "", staff_id: int | None = None) -> None:
    _require_open(found)
    found.state, found.closed_at = state, at
    changed = ["state", "closed_at"]
    if text:
        found.answer = text
        changed.append("answer")
    if staff_id is not None:
        found.handled_by_id = staff_id
        changed.append("handled_by")
    found.save(update_fields=changed)


def _add_step(found: RightsRequest, kind: str, at: datetime, *, by: str, note: str = "") -> None:
    RequestStep.objects.create(request=found, kind=kind, by=by, note=note, at=at)
    events.publish(RequestMoved(request_id=found.pk, step=kind))
