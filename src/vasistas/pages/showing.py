"""Private, group and ticket shows on pages: what the watch page offers, what both sides see, the host's desk."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.models import Kind, Offer, Show, State
from vasistas.apps.shows.queries import Past, Request, ShowView
from vasistas.guard.purposes import processing
from vasistas.pages import live

MINUTES = (5, 10, 20, 30, 60)  # budgets offered; whatever the host's least is stands first
EXTEND_MINUTES = 5
DESK_HISTORY_MAX = 20  # shows


@dataclass(frozen=True)
class Choice:
    """A budget to choose. amount: minor units."""

    minutes: int
    amount: int


@dataclass(frozen=True)
class Panel:
    """What the watch page offers. current: the show that may be joined; asked: one's own open request."""

    offer: Offer
    private: list[Choice]
    group: list[Choice]
    current: Show | None
    asked: Show | None

    @property
    def is_shown(self) -> bool:
        return bool(self.asked or self.current or (self.offer.is_open and (self.private or self.group)))


def choices(price: int, minutes_min: int) -> list[Choice]:
    """Budgets from the least on; none where nothing is offered."""
    if not price:
        return []
    low = max(1, minutes_min)
    return [Choice(minutes, price * minutes) for minutes in sorted({low, *(one for one in MINUTES if one > low)})]


@processing("shows")
def panel_for(room: Room, request: HttpRequest) -> Panel | None:
    """What somebody who watches may ask for; None for the host, and where the room is off air."""
    member = request.user if isinstance(request.user, Member) else None
    if not room.is_on_air or (member is not None and member.pk == room.host.member_id):
        return None
    offer, current = queries.offer_of(room), queries.current_of(room)
    return Panel(
        offer=offer,
        private=choices(offer.private_price, offer.budget_minutes_min),
        group=choices(offer.group_price, offer.budget_minutes_min),
        current=current if current is not None and rules.is_joinable(current) else None,
        asked=queries.request_of(member, room) if member is not None else None,
    )


def context_of(show: Show, member: Member, at: datetime) -> dict[str, Any]:
    """What the page of a show and its fragment share."""
    view = queries.view_for(show, member, at)
    return {
        "show": view,
        "phase": phase_of(view),
        "is_in": is_in(view),
        "token": str(uuid.uuid4()),  # of the form that adds to the budget
        "ref": queries.ref_for(member, show),
        "join_choices": choices(view.terms.price, view.terms.minimum) if view.can_join else [],
        "spy_choices": choices(view.terms.spy_price or 0, 1) if view.can_spy else [],
        "extend": Choice(EXTEND_MINUTES, view.terms.price * EXTEND_MINUTES) if view.can_extend else None,
    }


def phase_of(view: ShowView) -> str:
    """What the page is laid out for; it is loaded anew when this changes."""
    return f"{view.state} {view.role if is_in(view) else 'outside'}"


def is_in(view: ShowView) -> bool:
    return view.can_leave or view.can_end or view.role == "host"


def realtime_of(show: Show, member: Member) -> dict[str, Any]:
    return live.page(channels(show, member), snapshot_url=reverse("pages:show_snapshot", args=[show.key]))


def channels(show: Show, member: Member) -> list[str]:
    """What somebody hears on the page of a show: their own channel, and the studio for the host."""
    names = [f"member:{member.pk}"]
    return [*names, f"studio:{show.room_id}"] if queries.is_host(member, show) else names


@dataclass(frozen=True)
class Desk:
    """What the host sees of shows beside the picture."""

    requests: list[Request]
    current: ShowView | None
    can_announce: tuple[tuple[str, str], ...]
    is_offered: bool

    @property
    def key(self) -> str:
        """The show whose talk and camera stand beside the desk, or ""."""
        return str(self.current.key) if self.current and self.current.state == State.RUNNING else ""


@processing("shows")
def desk_of(room: Room, host: Member) -> Desk:
    at = timezone.now()
    offer, current = queries.offer_of(room), queries.current_of(room)
    prices = {Kind.GROUP: offer.group_price, Kind.TICKET: offer.ticket_price}
    may_announce = current is None and room.state == "live"
    return Desk(
        requests=queries.open_requests(room, at),
        current=queries.view_for(current, host, at) if current is not None else None,
        can_announce=tuple((kind.value, str(kind.label)) for kind, price in prices.items() if price and may_announce),
        is_offered=offer.is_open,
    )


@processing("shows")
def history_of(member: Member, *, as_host: bool, before: int | None = None) -> list[Past]:
    """Shows that ran and are over: those one hosted, or those one paid for."""
    past = queries.history_of(member, before=before)
    return [one for one in past if one.state == State.ENDED and (one.role == "host") == as_host]


def get_for(request: HttpRequest, key: Any) -> Show:
    """Raises: ShowNotFound, Banned, AgeUnconfirmed: as queries.get_show_for."""
    return queries.get_show_for(Viewer.of(request.user, request.session), key)
