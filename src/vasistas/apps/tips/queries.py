"""What a room's page shows of tips. Run under `rooms` (menu, goal) and `wallet` (tips)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.tips.models import Goal, MenuItem, Tip
from vasistas.guard import sealed
from vasistas.lib.errors import NotFound

LATEST = 5  # tips shown on the page of a room
DAY = timedelta(hours=24)
DESK_TIPS_MAX = 100  # rows of the host's list


@dataclass(frozen=True)
class Given:
    """One tip as the room sees it; name and ref are empty for one given as nobody. amount: minor units."""

    id: int
    name: str
    ref: str
    amount: int
    item: str
    text: str
    at: datetime

    def wire(self) -> dict[str, Any]:
        """The data of the realtime event that told of it."""
        plain = {key: getattr(self, key) for key in ("id", "name", "ref", "item", "text")}
        return {**plain, "amount_minor": self.amount, "at": self.at.timestamp()}


def menu_of(room: Room) -> list[MenuItem]:
    return list(MenuItem.objects.filter(room=room))


def goal_of(room: Room) -> Goal | None:
    return Goal.objects.filter(room=room, ended_at=None).first()


def goal_as_wire(goal: Goal | None) -> dict[str, Any]:
    """The data of the realtime event `tips.goal.moved`."""
    if goal is None:
        return {"goal_id": None, "title": "", "target_minor": 0, "reached_minor": 0, "is_first": False}
    known = {"goal_id": goal.pk, "title": goal.title, "target_minor": goal.target, "reached_minor": goal.reached}
    return {**known, "is_first": False}


def latest(room: Room, since: datetime, *, limit: int = LATEST) -> list[Given]:
    """The newest tips of a room, newest first."""
    rows = list(Tip.objects.filter(room=room, at__gt=since).order_by("-pk")[:limit])
    return given(room, rows)


def given(room: Room, rows: list[Tip]) -> list[Given]:
    """As the room sees them: without names of those who gave as nobody, or words whose key is gone."""
    named = {row.subject_id for row in rows if not row.is_anonymous}
    people = {member.subject_id: member for member in Member.objects.shown().filter(subject__in=named)}
    spoken = {row.pk for row in sealed.openable(rows, "text")}
    return [_given(room, row, people.get(row.subject_id), can_read=row.pk in spoken) for row in rows]


def _given(room: Room, row: Tip, person: Member | None, *, can_read: bool) -> Given:
    is_named = person is not None and not row.is_anonymous
    return Given(
        row.pk,
        person.display_name if person and is_named else "",
        rooms.ref_for(person, room) if person and is_named else "",
        row.amount,
        row.item,
        row.text if can_read and not row.is_silenced else "",
        row.at,
    )


def get_tip(room: Room, tip_id: int) -> Tip:
    """Raises: NotFound: none in this room."""
    found = Tip.objects.filter(room=room, pk=tip_id).first()
    if found is None:
        raise NotFound("There is no such tip.")
    return found
