"""Lists: open requests, shows that are over, kept lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.shows import rules
from vasistas.apps.shows.models import OPEN_STATES, PAYING, TALKING, Kind, Line, Role, Seat, Show, State
from vasistas.apps.shows.queries.doors import LOADED, people_of, ref_for, seat_of
from vasistas.guard import sealed

HISTORY_PAGE = 50  # shows
LINES_MAX = 200
_SEAT_FIELDS = (*("subject", "role", "delivered_s", "charged_minor"), *(f"show__{name}" for name in LOADED))


@dataclass(frozen=True)
class Request:
    """An open request, as the host sees it. budget: minor units. ref: good in this room alone."""

    key: UUID
    kind: str
    name: str
    ref: str
    budget: int
    minutes: int
    wants_chat_kept: bool
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Past:
    """A show that is over. amount: what the person paid, or the host was paid before the split. with_name: the host, or
    for the host who paid ("" in group and ticket shows).
    """

    key: UUID
    kind: str
    state: str
    slug: str
    with_name: str
    role: str
    at: datetime
    delivered_s: int
    amount: int
    end_reason: str


@dataclass(frozen=True)
class Said:
    """A kept line."""

    ref: str
    name: str
    role: str
    text: str
    at: datetime


def open_requests(room: Room, at: datetime) -> list[Request]:
    """What waits for the host's answer, oldest first. The caller is the host."""
    asked = Show.objects.filter(room=room, state=State.REQUESTED, requested_at__gt=at - rules.REQUEST_LIFE).order_by(
        "pk"
    )
    seats = {seat.show_id: seat for seat in Seat.objects.filter(show__in=asked, role=Role.PAYER)}
    names = people_of(seats.values())
    found = []
    for show in asked[: rules.REQUESTS_PER_ROOM_MAX]:
        seat = seats.get(show.pk)
        if seat is None or seat.subject_id not in names:
            continue
        member = names[seat.subject_id]
        found.append(
            Request(
                key=show.key,
                kind=show.kind,
                name=member.display_name,
                ref=rooms.ref_for(member, room),
                budget=seat.budget,
                minutes=seat.budget // show.price if show.price else 0,
                wants_chat_kept=seat.wants_chat_kept,
                requested_at=show.requested_at,
                expires_at=show.requested_at + rules.REQUEST_LIFE,
            )
        )
    return found


def history_of(member: Member, *, before: int | None = None) -> list[Past]:
    """Shows somebody was in and that are over, newest first, HISTORY_PAGE at most; also as host."""
    seats = Seat.objects.filter(subject=member.subject_id).exclude(show__state__in=OPEN_STATES)
    seats = seats.filter(pk__lt=before) if before is not None else seats
    rows = list(seats.select_related("show__room__host__member").only(*_SEAT_FIELDS).order_by("-pk")[:HISTORY_PAGE])
    takings = _takings_of([seat.show_id for seat in rows if seat.role == Role.HOST])
    return [_past(seat, takings) for seat in rows]


def _past(seat: Seat, takings: "Mapping[int, _Takings]") -> Past:
    show, taken = seat.show, takings.get(seat.show_id, _Takings())
    hosts = seat.role == Role.HOST
    return Past(
        key=show.key,
        kind=show.kind,
        state=show.state,
        slug=show.room.slug,
        with_name=taken.name if hosts else show.room.host.member.display_name,
        role=seat.role,
        at=show.started_at or show.requested_at,
        delivered_s=taken.delivered_s if hosts else seat.delivered_s,
        amount=taken.amount if hosts else seat.charged_minor,
        end_reason=show.end_reason,
    )


@dataclass(frozen=True)
class _Takings:
    amount: int = 0
    delivered_s: int = 0
    name: str = ""


def _takings_of(shows: list[int]) -> Mapping[int, _Takings]:
    seats: dict[int, list[Seat]] = {}
    for seat in Seat.objects.filter(show__in=shows, role__in=PAYING).select_related("show"):
        seats.setdefault(seat.show_id, []).append(seat)
    names = people_of(seat for there in seats.values() for seat in there if seat.role == Role.PAYER)
    return {
        show: _Takings(
            sum(seat.charged_minor for seat in there),
            max(seat.delivered_s for seat in there),
            next(
                (names[seat.subject_id].display_name for seat in there if _is_named(seat) and seat.subject_id in names),
                "",
            ),
        )
        for show, there in seats.items()
    }


def _is_named(seat: Seat) -> bool:
    return seat.role == Role.PAYER and seat.show.kind == Kind.PRIVATE


def lines_of(show: Show, member: Member) -> list[Said]:
    """What was said and kept, oldest first, LINES_MAX at most; to those who took part. [] when nothing is kept."""
    seat = seat_of(show, member)
    if not show.keeps_chat or seat is None or seat.role not in TALKING:
        return []
    rows = list(Line.objects.filter(show=show).order_by("-pk")[:LINES_MAX])[::-1]
    roles = dict(Seat.objects.filter(show=show).values_list("subject_id", "role"))
    names = {one.subject_id: one for one in Member.objects.shown().filter(subject__in={row.author_id for row in rows})}
    return [
        Said(
            ref_for(names[row.author_id], show),
            names[row.author_id].display_name,
            roles[row.author_id],
            row.text,
            row.said_at,
        )
        for row in sealed.openable(rows, "text")
        if row.author_id in names and row.author_id in roles
    ]
