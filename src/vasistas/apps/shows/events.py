"""Past facts about shows: ids and plain values."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ShowRequested:
    """A request came, or is gone again. Told to the host's studio. open: how many wait in the room now."""

    show: UUID
    room_id: int
    kind: str
    state: str
    open: int


@dataclass(frozen=True)
class ShowStarted:
    """Announced (`accepted`) or begun (`running`). members: who is told besides the room and its studio."""

    show: UUID
    room_id: int
    kind: str
    state: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class ShowTicked:
    """The clock of one paying seat, told to whoever pays and to the host. Amounts in minor units.

    seconds_left: of the budget at the show's price; None for a ticket.
    """

    show: UUID
    room_id: int
    member_id: int
    ref: str
    delivered_s: int
    spent: int
    seconds_left: int | None


@dataclass(frozen=True)
class ShowWarned:
    """The budget of a seat ends in `seconds_left`."""

    show: UUID
    room_id: int
    member_id: int
    seconds_left: int


@dataclass(frozen=True)
class PresenceChanged:
    """Somebody came or left: told to everyone present. ref: good in this show only. members: who is told."""

    show: UUID
    room_id: int
    ref: str
    name: str
    role: str
    is_present: bool
    members: tuple[int, ...]


@dataclass(frozen=True)
class ShowEnded:
    """Ended, declined, expired or cancelled. reason: see Show.EndReason, "" when it never ran. is_known: the room was
    told that it was announced or ran.
    """

    show: UUID
    room_id: int
    state: str
    reason: str
    is_known: bool
    members: tuple[int, ...]


@dataclass(frozen=True)
class LineSaid:
    """A line of the talk of a show, told to those who take part and to nobody else; spies do not hear it."""

    show: UUID
    ref: str
    name: str
    role: str
    text: str
    at: float
    members: tuple[int, ...]
