"""What both sides see of a show: `view_for`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vasistas.apps.accounts.models import Member
from vasistas.apps.shows import rules
from vasistas.apps.shows.models import PAYING, TALKING, Kind, Role, Seat, Show, State
from vasistas.apps.shows.queries.doors import is_host, people_of, ref_for


@dataclass(frozen=True)
class Terms:
    """What both sides agree to, word by word the same for both. Amounts in minor units of the site's currency.

    price: per minute (`is_per_minute`), or for the whole show. minimum: least budget, minutes. ticket_s_min: whom less
    was delivered pays no ticket. keeps_chat: what is said is kept, since both sides chose so.
    """

    kind: str
    price: int
    is_per_minute: bool
    minimum: int
    spy_price: int | None
    allows_cam: bool
    is_recorded: bool
    keeps_chat: bool
    grace_s: int
    warned_s: int
    ticket_s_min: int


@dataclass(frozen=True)
class Present:
    """Somebody in the show. ref: a reference good in this show alone. is_connected: picture reaches them, or comes from
    them, now. left_at: None while they are in it.
    """

    ref: str
    name: str
    role: str
    joined_at: datetime | None
    left_at: datetime | None
    is_connected: bool
    is_you: bool


@dataclass(frozen=True)
class ShowView:
    """One show as one of its people sees it. The terms, the list of everyone and the clock are the same for both sides.

    running_s: since the start. delivered_s, spent, budget, left_s: of the one who pays; of the viewer's own seat in a
    group or ticket show; for the host there, sums over all seats. left_s: None while nothing runs by the clock.
    earned: what the host was paid by all, None for others. warnings: "ending" (60 s left), "payer_gone", "host_gone"
    (each ends the show after 30 s), "no_picture" (nothing is delivered now, so nothing is charged).
    recorder: always "" — nothing records; it is said all the same. role: the viewer's own, "" for who may still join.
    """

    key: UUID
    kind: str
    state: str
    end_reason: str
    slug: str
    title: str
    host_name: str
    role: str
    terms: Terms
    people: tuple[Present, ...]
    recorder: str
    requested_at: datetime
    expires_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    running_s: int
    delivered_s: int
    left_s: int | None
    spent: int
    budget: int
    earned: int | None
    wants_chat_kept: bool
    warnings: tuple[str, ...]
    can_end: bool
    can_leave: bool
    can_extend: bool
    can_talk: bool
    can_show_cam: bool
    can_see_cam: bool
    can_join: bool
    can_spy: bool


def view_for(show: Show, member: Member, at: datetime) -> ShowView:
    """What one of its people, or somebody who may join, sees of a show. Needs `show.room.host` loaded.

    Who is not in it, or left while it goes on, sees the terms, and of its people nobody but themselves.
    """
    hosts = is_host(member, show)
    seats, mine, is_outside = _seats_for(show, member, is_host=hosts)
    clock = clock_of(show, seats, mine, is_host=hosts)
    running = show.state == State.RUNNING
    is_in = mine is not None and mine.left_at is None
    may_join = running and not is_in and not hosts and rules.is_joinable(show)
    announced = show.state == State.ACCEPTED and not is_in and not hosts
    role = mine.role if mine is not None else ""
    payer = next((seat for seat in seats if seat.role == Role.PAYER), None)
    is_payer = is_in and role == Role.PAYER
    has_cam = running and show.allows_cam
    return ShowView(
        key=show.key,
        kind=show.kind,
        state=show.state,
        end_reason=show.end_reason,
        slug=show.room.slug,
        title=show.room.title,
        host_name=show.room.host.member.display_name,
        role=Role.HOST if hosts else role,
        terms=terms_of(show),
        people=_people(seats, show, member, at),
        recorder="",
        requested_at=show.requested_at,
        expires_at=show.requested_at + rules.REQUEST_LIFE if show.state == State.REQUESTED else None,
        started_at=show.started_at,
        ended_at=show.ended_at,
        running_s=running_s(show, at),
        delivered_s=clock.delivered_s,
        left_s=clock.left_s,
        spent=clock.spent,
        budget=clock.budget,
        earned=sum(seat.charged_minor for seat in seats) if hosts else None,
        wants_chat_kept=bool(payer and payer.wants_chat_kept),
        warnings=warnings_of(show, seats, mine or payer, at) if running and not is_outside else (),
        can_end=running and (hosts or (show.kind == Kind.PRIVATE and is_payer)),
        can_leave=is_in and show.state in {State.ACCEPTED, State.RUNNING} and not hosts,
        can_extend=running and is_in and role in PAYING and role != Role.TICKET,
        can_talk=running and is_in and role in TALKING,
        can_show_cam=has_cam and is_payer,
        can_see_cam=has_cam and hosts,
        can_join=show.kind != Kind.PRIVATE and (may_join or announced),
        can_spy=may_join and show.allows_spies and show.kind == Kind.PRIVATE,
    )


def _seats_for(show: Show, member: Member, *, is_host: bool) -> tuple[list[Seat], Seat | None, bool]:
    """The seats somebody may see, their own, and whether they stand outside."""
    every = list(Seat.objects.filter(show=show).order_by("pk"))
    mine = next((seat for seat in every if seat.subject_id == member.subject_id), None)
    was_in = mine is not None and mine.joined_at is not None and show.state == State.ENDED
    is_outside = not is_host and not was_in and (mine is None or mine.left_at is not None)
    return [seat for seat in every if seat is mine] if is_outside else every, mine, is_outside


def terms_of(show: Show) -> Terms:
    return Terms(
        kind=show.kind,
        price=show.price,
        is_per_minute=show.kind != Kind.TICKET,
        minimum=show.budget_minutes_min,
        spy_price=show.spy_price if show.allows_spies else None,
        allows_cam=show.allows_cam,
        is_recorded=show.is_recorded,
        keeps_chat=show.keeps_chat,
        grace_s=int(rules.GRACE.total_seconds()),
        warned_s=rules.WARNED_LEFT_S,
        ticket_s_min=rules.TICKET_DELIVERED_S_MIN,
    )


@dataclass(frozen=True)
class Clock:
    delivered_s: int
    left_s: int | None
    spent: int
    budget: int


def clock_of(show: Show, seats: list[Seat], mine: Seat | None, *, is_host: bool) -> Clock:
    """The clock somebody sees: of their own seat; in a private session the payer's, for the host too; in other shows
    the host sees sums.
    """
    own = next((seat for seat in seats if seat.role == Role.PAYER), None) if is_host or mine is None else mine
    if show.kind == Kind.PRIVATE and own is not None:
        return Clock(own.delivered_s, rules.seconds_left(own), rules.due_of(own), own.budget)
    if is_host:
        paying = [seat for seat in seats if seat.role in PAYING]
        return Clock(
            max((seat.delivered_s for seat in paying), default=0),
            None,
            sum(rules.due_of(seat) for seat in paying),
            sum(seat.budget for seat in paying),
        )
    if mine is None:
        return Clock(0, None, 0, 0)
    return Clock(mine.delivered_s, rules.seconds_left(mine), rules.due_of(mine), mine.budget)


def running_s(show: Show, at: datetime) -> int:
    if show.started_at is None:
        return 0
    return max(0, int(((show.ended_at or at) - show.started_at).total_seconds()))


def warnings_of(show: Show, seats: list[Seat], own: Seat | None, at: datetime) -> tuple[str, ...]:
    """What ends the show soon, or keeps it from being charged. own: whose clock counts."""
    host = next((seat for seat in seats if seat.role == Role.HOST), None)
    payer = next((seat for seat in seats if seat.role == Role.PAYER), None)
    left = rules.seconds_left(own) if own is not None else None
    told = {
        "ending": left is not None and left <= rules.WARNED_LEFT_S,
        "host_gone": host is None or not is_connected(host, at),
        "payer_gone": show.kind == Kind.PRIVATE and payer is not None and not is_connected(payer, at),
        "no_picture": own is not None and not is_connected(own, at),
    }
    return tuple(name for name, holds in told.items() if holds)


def is_connected(seat: Seat, at: datetime) -> bool:
    """Whether their media was seen within the last SEEN."""
    return seat.left_at is None and seat.present_at is not None and at - seat.present_at < rules.SEEN


def _people(seats: list[Seat], show: Show, viewer: Member, at: datetime) -> tuple[Present, ...]:
    names = people_of(seats)
    return tuple(_present(seat, names[seat.subject_id], show, viewer, at) for seat in seats if seat.subject_id in names)


def _present(seat: Seat, person: Member, show: Show, viewer: Member, at: datetime) -> Present:
    return Present(
        ref=ref_for(person, show),
        name=person.display_name,
        role=seat.role,
        joined_at=seat.joined_at,
        left_at=seat.left_at,
        is_connected=show.state == State.RUNNING and is_connected(seat, at),
        is_you=person.pk == viewer.pk,
    )
