"""What a show costs, who may do what in it, and why something is refused. No queries."""

from datetime import timedelta

from vasistas.apps.shows.models import PAYING, Kind, Role, Seat, Show, State
from vasistas.lib.errors import DomainError, NotFound

REQUEST_LIFE = timedelta(minutes=2)  # an unanswered request expires
ANNOUNCED_LIFE = timedelta(hours=2)  # an announced show that did not begin expires, and all budgets go back
GRACE = timedelta(seconds=30)  # a side whose connection is gone may come back
SEEN = timedelta(seconds=5)  # whoever was seen within this is there; the worker looks every second
WARNED_LEFT_S = 60
TICKET_DELIVERED_S_MIN = 60  # a ticket to whom less was delivered by the end costs nothing
MINUTE_S = 60
PRICE_MINOR_MAX = 1_000_000
BUDGET_MINUTES_MAX = 240
REQUESTS_PER_ROOM_MAX = 20
REQUESTS_PER_MEMBER_MAX = 3
SEATS_MAX = 200  # people of one show, the host among them


class ShowRefused(DomainError):  # noqa: N818 — refusals read as facts
    """What was asked does not fit how things stand; the message says what does."""

    status = 409
    code = "shows.refused"


class TermsRefused(DomainError):  # noqa: N818 — see above
    """An amount, a length or a kind that is not offered."""

    status = 422
    code = "shows.terms"


class ShowNotFound(NotFound):
    """None, or not this person's to know of."""

    code = "shows.not_found"


def charge(*, price: int, delivered_s: int, budget: int) -> int:
    """What so many delivered seconds cost: whole minor units, rounded down, never more than the budget.

    Args: price: minor units per minute.
    """
    return min(budget, price * delivered_s // MINUTE_S)


def due_of(seat: Seat) -> int:
    """What a seat owes by now. A ticket is owed whole from its first delivered second on."""
    if seat.role not in PAYING or seat.delivered_s == 0:
        return 0
    if seat.role == Role.TICKET:
        return min(seat.budget, seat.price)
    return charge(price=seat.price, delivered_s=seat.delivered_s, budget=seat.budget)


def takeable_of(seat: Seat, *, is_over: bool) -> int:
    """What of it may be taken now. A ticket is taken when TICKET_DELIVERED_S_MIN were delivered; whoever left before by
    themselves pays it, and to whom less was delivered by the end of the show does not.
    """
    if seat.role == Role.TICKET and seat.delivered_s < TICKET_DELIVERED_S_MIN and not (is_over and seat.has_left):
        return 0
    return due_of(seat)


def seconds_left(seat: Seat) -> int | None:
    """How much picture the budget still pays for; None: it does not run by the clock."""
    if seat.role not in PAYING or seat.role == Role.TICKET or not seat.price:
        return None
    return max(0, -(-seat.budget * MINUTE_S // seat.price) - seat.delivered_s)


def is_spent(seat: Seat) -> bool:
    return seconds_left(seat) == 0


def is_joinable(show: Show) -> bool:
    """Whether strangers may know of it, because they may come in: for a price, and on the list."""
    if show.kind == Kind.PRIVATE:
        return show.state == State.RUNNING and show.allows_spies
    return show.state in {State.ACCEPTED, State.RUNNING}
