"""From the offer to the start: asking, answering, announcing, beginning."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms import rules as room_rules
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.models import State as RoomState
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.events import ShowEnded, ShowRequested, ShowStarted
from vasistas.apps.shows.models import Kind, Offer, Role, Seat, Show, State
from vasistas.apps.shows.operations import money, rows
from vasistas.apps.shows.rules import ShowNotFound, ShowRefused, TermsRefused
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as wallet_queries
from vasistas.apps.wallet.rules import NotEnough, WalletRefused
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import LimitReached, NotAllowed


@dataclass(frozen=True)
class Offered:
    """What a host offers; prices in minor units, 0: not offered. See models.Offer."""

    is_open: bool = False
    private_price: int = 0
    budget_minutes_min: int = 5
    group_price: int = 0
    ticket_price: int = 0
    spy_price: int = 0
    allows_spies: bool = False
    allows_cam: bool = False


@dataclass(frozen=True)
class Asked:
    """What a viewer asks for. kind: private or group. minutes: of budget. keeps_chat: what is said may be kept."""

    kind: str = Kind.PRIVATE
    minutes: int = 5
    keeps_chat: bool = False


# -- The host's offer --------------------------------------------------------------------------------------------------


def set_offer(*, room: Room, host: Member, offered: Offered) -> Offer:
    """Set what a room offers; open requests and running shows keep the terms they were asked under.

    Raises: NotAllowed: not the host. TermsRefused: a price or a length out of range. SubjectGone.
    """
    _check_host(host, room)
    prices = (offered.private_price, offered.group_price, offered.ticket_price, offered.spy_price)
    if not all(0 <= price <= rules.PRICE_MINOR_MAX for price in prices):
        raise TermsRefused(_("A price is zero or above, and at most %(max)d.") % {"max": rules.PRICE_MINOR_MAX})
    if not 1 <= offered.budget_minutes_min <= rules.BUDGET_MINUTES_MAX:
        raise TermsRefused(_("The least budget is 1 to %(max)d minutes.") % {"max": rules.BUDGET_MINUTES_MAX})
    if offered.allows_spies and not offered.spy_price:
        raise TermsRefused(_("Say what spies pay, or allow none."))
    with transaction.atomic():
        subjects.hold(host.subject_id)
        return Offer.objects.update_or_create(room=room, defaults=vars(offered))[0]


# -- A viewer asks -----------------------------------------------------------------------------------------------------


def request(*, room: Room, viewer: Member, asked: Asked, at: datetime) -> Show:
    """Ask for a private session or a group show. Nothing is set aside until the host accepts.

    Raises: ShowRefused: the room is not live, takes no requests, has a show, or the person has asked already.
    TermsRefused: not offered, or the budget is too small or too large. NotEnough, PayingOff, Paused, OverLimit.
    LimitReached: too many open requests. SubjectGone.
    Locks: the member. Publishes: ShowRequested.
    """
    with transaction.atomic():
        rows.lock_person(viewer)
        subjects.hold(viewer.subject_id)
        here = Room.objects.with_host().get(pk=room.pk)
        offer = queries.offer_of(here)
        _check_can_ask(here, viewer, offer, at)
        price = _price_of(offer, asked.kind)
        budget = budget_of(price, asked.minutes, offer.budget_minutes_min)
        _check_can_pay(viewer, budget, at)
        show = Show.objects.create(**_terms_of(offer, here, asked.kind, price), state=State.REQUESTED, requested_at=at)
        Seat.objects.create(
            show=show,
            subject_id=viewer.subject_id,
            role=Role.PAYER,
            price=price,
            budget=budget,
            wants_chat_kept=asked.keeps_chat,
            accepted_terms_at=at,
        )
        _tell_request(show, at)
    return show


def withdraw(*, show: Show, viewer: Member, at: datetime) -> None:
    """Take a request back; a repeat does nothing. Raises: ShowNotFound: another's. ShowRefused: it was accepted.

    Publishes: ShowRequested, ShowEnded.
    """
    with transaction.atomic():
        locked = rows.lock(show)
        seat = queries.seat_of(locked, viewer)
        if seat is None or seat.role != Role.PAYER:
            raise ShowNotFound(_("There is no such show."))
        if locked.state == State.REQUESTED:
            close_unbegun(locked, State.CANCELLED, at)
        rows.require(locked.state not in {State.RUNNING, State.ACCEPTED}, _("It has begun. You can end it."))


# -- The host answers --------------------------------------------------------------------------------------------------


def accept(*, show: Show, host: Member, keeps_chat: bool = False, at: datetime) -> Show:
    """Accept a request: the budget is set aside, and the show runs. Ends all that others watch in the room.

    Raises: NotAllowed. ShowRefused: answered, withdrawn or expired already, the room is not live or has a show, or the
    viewer cannot pay any more (`shows.unpaid`; the request is then cancelled). NodeUnreachable after the start: sweeps
    try again to end what others watch.
    Locks: the show, the room, accounts. Publishes: ShowStarted, ShowRequested, StateChanged, BalanceChanged.
    """
    try:
        with transaction.atomic():
            locked = rows.lock(show)
            _check_host(host, locked.room)
            is_fresh = locked.state == State.REQUESTED and at < locked.requested_at + rules.REQUEST_LIFE
            rows.require(is_fresh, _("This request is no longer open."))
            payer = next(seat for seat in rows.seats_of(locked) if seat.role == Role.PAYER)
            _check_still_welcome(locked, payer, at)
            locked.accepted_at = at
            locked.keeps_chat = keeps_chat and payer.wants_chat_kept and locked.kind == Kind.PRIVATE
            budget = payer.budget
            money.set_aside(payer, budget, at)
            payer.save(update_fields=["hold", "holds"])
            _start(locked, at)
            _tell_request(locked, at)
    except WalletRefused:
        _cancel_unpaid(show, at)
        raise ShowRefused(_("The viewer cannot pay for it any more."), code="shows.unpaid") from None
    rooms.end_unadmitted(room=locked.room)
    return locked


def decline(*, show: Show, host: Member, at: datetime) -> None:
    """Say no; a repeat does nothing. Raises: NotAllowed. Publishes: ShowRequested, ShowEnded."""
    with transaction.atomic():
        locked = rows.lock(show)
        _check_host(host, locked.room)
        if locked.state == State.REQUESTED:
            close_unbegun(locked, State.DECLINED, at)


def announce(*, room: Room, host: Member, kind: str, at: datetime) -> Show:
    """Announce a group or ticket show: people may join, their budgets are set aside, until `begin`.

    Raises: NotAllowed. ShowRefused: off air, or there is a show already. TermsRefused: no price is set for the kind.
    Publishes: ShowStarted (`accepted`).
    """
    with transaction.atomic():
        here = rows.lock_room(room)
        _check_host(host, here)
        rows.require(here.state == RoomState.LIVE, _("Go on air first."))
        rows.require(queries.current_of(here) is None, _("There is a show in this room already."))
        if kind not in {Kind.GROUP, Kind.TICKET}:
            raise TermsRefused(_("A private session is asked for by a viewer."))
        offer = queries.offer_of(here)
        terms = _terms_of(offer, here, kind, _price_of(offer, kind))
        show = Show.objects.create(**terms, state=State.ACCEPTED, requested_at=at, accepted_at=at)
        show.room = here
        events.publish(ShowStarted(show.key, here.pk, show.kind, show.state, ()))
    return show


def begin(*, show: Show, host: Member, at: datetime) -> Show:
    """Begin an announced show; a repeat does nothing. Ends all that others watch in the room.

    Raises: NotAllowed. ShowRefused: not announced, or the room is not live. Publishes: ShowStarted, StateChanged.
    """
    with transaction.atomic():
        locked = rows.lock(show)
        _check_host(host, locked.room)
        if locked.state == State.RUNNING:
            return locked
        rows.require(locked.state == State.ACCEPTED, rows.over())
        _start(locked, at)
    rooms.end_unadmitted(room=locked.room)
    return locked


# -- Inside ------------------------------------------------------------------------------------------------------------


def budget_of(price: int, minutes: int, minutes_min: int) -> int:
    """Raises: TermsRefused: fewer minutes than the least, or more than BUDGET_MINUTES_MAX."""
    low, high = max(1, minutes_min), rules.BUDGET_MINUTES_MAX
    if not low <= minutes <= high:
        raise TermsRefused(_("Choose a budget of %(low)d to %(high)d minutes.") % {"low": low, "high": high})
    return price * minutes


def close_unbegun(show: Show, state: State, at: datetime, reason: str = "") -> None:
    """End a show that never ran: all budgets go back. Needs the show locked. Publishes: ShowRequested, ShowEnded."""
    was = show.state
    show.state, show.ended_at, show.end_reason = state, at, reason
    show.save(update_fields=["state", "ended_at", "end_reason"])
    seats = rows.seats_of(show)
    told = queries.audience(seats)
    for seat in seats:
        money.give_back(seat, at)
        seat.left_at = seat.left_at or at
        seat.save(update_fields=["left_at"])
    events.publish(ShowEnded(show.key, show.room_id, state, reason, is_known=was == State.ACCEPTED, members=told))
    if was == State.REQUESTED:
        _tell_request(show, at)


def _start(show: Show, at: datetime) -> None:
    """The public stream ends, and the clock may run. Needs the show locked."""
    seats = [seat for seat in rows.seats_of(show) if seat.left_at is None]
    host = show.room.host
    roles = {seat.subject_id: seat.role for seat in seats} | {host.member.subject_id: Role.HOST}
    try:
        rooms.close_public(room=show.room, admit=roles, show=show.key, at=at)
    except rooms.NotOnAir:
        raise ShowRefused(_("The room is not live, or has a show already.")) from None
    other = queries.current_of(show.room)  # the room is locked from here on
    rows.require(other is None or other.pk == show.pk, _("There is a show in this room already."))
    subjects.hold(host.member.subject_id)
    Seat.objects.create(
        show=show,
        subject_id=host.member.subject_id,
        role=Role.HOST,
        accepted_terms_at=at,
        joined_at=at,
        present_at=at,
    )
    Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(joined_at=at, present_at=at)  # grace from here
    show.state, show.started_at = State.RUNNING, at
    show.save(update_fields=["state", "started_at", "accepted_at", "keeps_chat"])
    told = (host.member_id, *queries.audience(seats))
    events.publish(ShowStarted(show.key, show.room_id, show.kind, show.state, told))


def _terms_of(offer: Offer, room: Room, kind: str, price: int) -> dict[str, object]:
    has_spies = offer.allows_spies and kind == Kind.PRIVATE
    return {
        "room": room,
        "kind": kind,
        "price": price,
        "spy_price": offer.spy_price if has_spies else 0,
        "budget_minutes_min": 0 if kind == Kind.TICKET else offer.budget_minutes_min,
        "allows_spies": has_spies,
        "allows_cam": offer.allows_cam and kind == Kind.PRIVATE,
    }


def _price_of(offer: Offer, kind: str) -> int:
    prices = {Kind.PRIVATE: offer.private_price, Kind.GROUP: offer.group_price, Kind.TICKET: offer.ticket_price}
    price = prices.get(Kind(kind), 0) if kind in Kind.values else 0
    if not price:
        raise TermsRefused(_("This is not offered in this room."))
    return price


def _check_host(member: Member, room: Room) -> None:
    if not room_rules.is_host(member, room):
        raise NotAllowed(_("Only the host of this room can do that."), code="rooms.not_host")


def _check_can_ask(room: Room, viewer: Member, offer: Offer, at: datetime) -> None:
    rows.require(not room_rules.is_host(viewer, room), _("This is your own room."))
    if room_queries.is_banned(viewer, room, at):
        raise NotAllowed(_("You are banned from this room."), code="rooms.banned")
    rows.require(offer.is_open, _("This room takes no requests now."))
    is_free = room.state == RoomState.LIVE and not room.host.is_barred
    rows.require(is_free, _("Ask when the room is live."))
    rows.require(queries.current_of(room) is None, _("There is a show in this room already."))
    fresh = Show.objects.filter(state=State.REQUESTED, requested_at__gt=at - rules.REQUEST_LIFE)
    mine = fresh.filter(pk__in=Seat.objects.filter(subject=viewer.subject_id, role=Role.PAYER).values("show"))
    rows.require(not mine.filter(room=room).exists(), _("You have asked already. Wait for the answer."))
    if mine.count() >= rules.REQUESTS_PER_MEMBER_MAX:
        raise LimitReached(_("You have asked in %(count)d rooms.") % {"count": rules.REQUESTS_PER_MEMBER_MAX})
    if fresh.filter(room=room).count() >= rules.REQUESTS_PER_ROOM_MAX:
        raise LimitReached(_("Too many wait for an answer here. Try again in two minutes."))


def _check_can_pay(viewer: Member, budget: int, at: datetime) -> None:
    """So that the host is asked by nobody who cannot pay; what counts is the hold when it begins."""
    wallet.check_may_pay(viewer.subject_id, budget, at)
    if wallet_queries.balance_of(viewer.subject_id) < budget:
        raise NotEnough(_("You have not enough credits for this budget."))


def _check_still_welcome(show: Show, payer: Seat, at: datetime) -> None:
    member = Member.objects.shown().filter(subject=payer.subject_id).first()
    is_here = member is not None and member.is_active and not room_queries.is_banned(member, show.room, at)
    rows.require(is_here, _("This viewer is gone."))


def _cancel_unpaid(show: Show, at: datetime) -> None:
    with transaction.atomic():
        locked = rows.lock(show)
        if locked.state == State.REQUESTED:
            close_unbegun(locked, State.CANCELLED, at)


def _tell_request(show: Show, at: datetime) -> None:
    waiting = Show.objects.filter(room=show.room_id, state=State.REQUESTED, requested_at__gt=at - rules.REQUEST_LIFE)
    events.publish(ShowRequested(show.key, show.room_id, show.kind, show.state, waiting.count()))
