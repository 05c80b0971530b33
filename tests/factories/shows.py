"""Shows of the cast: Ada's live room with an offer, and people who can pay."""

from datetime import datetime

from tests.factories import wallet
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows.models import Show
from vasistas.apps.shows.operations import Asked, Offered

PRICE = 300  # minor units per minute: five in a second
OFFERED = Offered(
    is_open=True,
    private_price=PRICE,
    budget_minutes_min=1,
    group_price=120,
    ticket_price=1_000,
    spy_price=60,
    allows_spies=True,
    allows_cam=True,
)


def give_credits(member: Member, amount: int, at: datetime) -> None:
    """Let a member pay: the switch is on, and `amount` minor units are theirs."""
    wallet.switch_on(member, at)
    wallet.give(member, amount, at)


def open_offer(room: Room, offered: Offered = OFFERED) -> None:
    shows.set_offer(room=room, host=room.host.member, offered=offered)


def ask(
    room: Room, viewer: Member, at: datetime, *, minutes: int = 2, kind: str = "private", keeps_chat: bool = False
) -> Show:
    return shows.request(room=room, viewer=viewer, asked=Asked(kind, minutes, keeps_chat), at=at)
