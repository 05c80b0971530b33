"""Coming in and going, while a show is announced or runs. Everyone who comes in stands on the list both sides see."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms import rules as room_rules
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.events import PresenceChanged
from vasistas.apps.shows.models import PAYING, Kind, Role, Seat, Show, State
from vasistas.apps.shows.operations import ending, money, rows
from vasistas.apps.shows.operations.asking import budget_of
from vasistas.apps.shows.rules import ShowNotFound
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import LimitReached, NotAllowed


@dataclass(frozen=True)
class _Entry:
    role: str
    price: int
    amount: int  # to set aside now


def join(*, show: Show, viewer: Member, minutes: int = 0, at: datetime) -> Seat:
    """Join a group show with a budget, or buy the ticket of a ticket show. Who is in it already stays as they are.

    Raises: ShowRefused: over, full, or no such show to join. TermsRefused: the budget. NotAllowed: banned, or the host.
    All of `wallet.hold`. LimitReached. Locks: the show, the room. Publishes: PresenceChanged, BalanceChanged.
    """
    with transaction.atomic():
        locked = rows.lock(show)
        rows.require(locked.kind != Kind.PRIVATE, _("A private session cannot be joined."))
        rows.require(locked.state in {State.ACCEPTED, State.RUNNING}, rows.over())
        if locked.kind == Kind.TICKET:
            entry = _Entry(Role.TICKET, locked.price, locked.price)
        else:
            amount = budget_of(locked.price, minutes, locked.budget_minutes_min)
            entry = _Entry(Role.PARTICIPANT, locked.price, amount)
        return _enter(locked, viewer, entry, at)


def spy(*, show: Show, viewer: Member, minutes: int, at: datetime) -> Seat:
    """Watch a private session that allows spies: listed to both sides at once, without a word and without the talk.

    Raises: ShowRefused: over, or spies are not allowed. Else as `join`.
    """
    with transaction.atomic():
        locked = rows.lock(show)
        rows.require(locked.state == State.RUNNING, rows.over())
        rows.require(locked.kind == Kind.PRIVATE and locked.allows_spies, _("No spies are allowed here."))
        amount = budget_of(locked.spy_price, minutes, 1)
        return _enter(locked, viewer, _Entry(Role.SPY, locked.spy_price, amount), at)


def attend(*, show: Show, staff: Member, at: datetime) -> Seat:
    """Let a member of the staff watch a running show: for nothing, and on the list, like everybody.

    Raises: NotAllowed: no staff. ShowRefused: it does not run. Publishes: PresenceChanged.
    """
    if not staff.acts_as_staff:
        raise NotAllowed(_("Only staff can do that."), code="shows.not_staff")
    with transaction.atomic():
        locked = rows.lock(show)
        rows.require(locked.state == State.RUNNING, rows.over())
        return _enter(locked, staff, _Entry(Role.STAFF, 0, 0), at)


def leave(*, show: Show, viewer: Member, at: datetime) -> None:
    """Leave; a repeat does nothing. The rest of the budget comes back. Whoever pays a private session ends it.

    Raises: ShowNotFound: not in it. Publishes: PresenceChanged, BalanceChanged; or as `end`.
    """
    seat = queries.seat_of(show, viewer)
    if seat is None or seat.role == Role.HOST:
        raise ShowNotFound(_("There is no such show."))
    if seat.role == Role.PAYER and show.kind == Kind.PRIVATE:
        ending.end(show=show, by=viewer, at=at)
        return
    ending.dismiss(show, [seat.pk], at, by_themselves=True)


def extend(*, show: Show, viewer: Member, minutes: int, token: UUID, at: datetime) -> Seat:
    """Add minutes to the budget of a running show.

    Args: token: of the form; the same one twice adds once.
    Raises: ShowRefused: not running, or the seat was left. TermsRefused. All of `wallet.hold`.
    Locks: the show. Publishes: BalanceChanged.
    """
    with transaction.atomic():
        locked = rows.lock(show)
        rows.require(locked.state == State.RUNNING, rows.over())
        seat = next((one for one in rows.seats_of(locked) if one.subject_id == viewer.subject_id), None)
        is_by_minute = seat is not None and seat.role in PAYING and seat.role != Role.TICKET and seat.left_at is None
        if seat is None or not is_by_minute:
            raise rules.ShowRefused(_("There is no budget to add to."))
        amount = budget_of(seat.price, minutes, 1)
        if money.was_set_aside(seat, str(token)):
            return seat
        money.set_aside(seat, amount, at, token=str(token))
        seat.budget += amount
        if (left := rules.seconds_left(seat)) is not None and left > rules.WARNED_LEFT_S:
            seat.warned_at = None
        seat.save(update_fields=["hold", "holds", "budget", "warned_at"])
    return seat


def mark_present(*, show: Show, viewer: Member, at: datetime) -> None:
    """Note that somebody's page is there; the grace after a disconnect counts from the latest such moment."""
    Seat.objects.filter(
        show=show, show__state=State.RUNNING, subject=viewer.subject_id, left_at=None, present_at__lt=at
    ).update(present_at=at)


def _enter(show: Show, person: Member, entry: _Entry, at: datetime) -> Seat:
    """Give somebody a seat, or theirs again; the money first, then the list, then the door. Needs the show locked."""
    rows.require(not room_rules.is_host(person, show.room), _("This is your own room."))
    if room_queries.is_banned(person, show.room, at):
        raise NotAllowed(_("You are banned from this room."), code="rooms.banned")
    subjects.hold(person.subject_id)
    seats = rows.seats_of(show)
    seat = next((one for one in seats if one.subject_id == person.subject_id), None)
    if seat is not None and seat.left_at is None:
        return seat
    if sum(one.left_at is None for one in seats) >= rules.SEATS_MAX:
        raise LimitReached(_("This show is full."))
    if seat is None:
        seat = Seat(show=show, subject_id=person.subject_id, role=entry.role, price=entry.price, accepted_terms_at=at)
    elif seat.role == Role.TICKET and seat.charged_minor:
        entry = _Entry(Role.TICKET, entry.price, 0)  # paid already
    seat.role, seat.price = entry.role, entry.price
    seat.left_at, seat.has_left, seat.warned_at = None, False, None
    if entry.amount:
        seat.budget = seat.charged_minor + entry.amount
        seat.settled_at = None
        money.set_aside(seat, entry.amount, at)
    running = show.state == State.RUNNING
    seat.joined_at = seat.joined_at or (at if running else None)
    seat.present_at = at if running else None
    seat.save()
    if running:
        rooms.admit(room=show.room, subject_id=person.subject_id, role=seat.role, show=show.key, at=at)
    tell_presence(show, seat, person, is_present=True)
    return seat


def tell_presence(show: Show, seat: Seat, person: Member, *, is_present: bool) -> None:
    """Publishes: PresenceChanged."""
    told = queries.audience(rows.seats_of(show))
    ref = queries.ref_for(person, show)
    fact = PresenceChanged(show.key, show.room_id, ref, person.display_name, seat.role, is_present, told)
    events.publish(fact)
