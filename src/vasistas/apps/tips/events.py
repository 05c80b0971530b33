"""What has happened with tips: references and plain values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tipped:
    """id: of the tip. name, ref: as the room sees the giver; both empty when they gave as nobody. amount: minor units.
    at: unix seconds.
    """

    room_id: int
    id: int
    name: str
    ref: str
    amount: int
    item: str
    text: str
    at: float


@dataclass(frozen=True)
class TipSilenced:
    """Its words are shown no more."""

    room_id: int
    id: int


@dataclass(frozen=True)
class GoalMoved:
    """goal_id: None when there is none any more. target, reached: minor units. is_first: the tip that reached it."""

    room_id: int
    goal_id: int | None
    title: str = ""
    target: int = 0
    reached: int = 0
    is_first: bool = False
