"""Who may tip where, and what may be asked for. No queries."""

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room

AMOUNT_MIN = 10  # minor units of one tip
AMOUNT_MAX = 1_000_000
TARGET_MAX = 100_000_000  # minor units of a goal
MENU_ITEMS_MAX = 20
QUICK = (100, 500, 1_000, 5_000)  # amounts offered beside the menu, minor units


def can_tip(member: Member | None, room: Room) -> bool:
    """Somebody signed in, to a room on air that is not their own."""
    return member is not None and room.is_on_air and room.host.member_id != member.pk
