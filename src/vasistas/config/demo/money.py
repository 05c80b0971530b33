"""Money in the demo: menus and goals, credits that are a gift, and what one of the cast tips."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.operations import Said
from vasistas.apps.rooms.models import Room
from vasistas.apps.tips import operations as tips
from vasistas.apps.tips import queries
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing

GIFTS = {"Vi": 20_000, "Max": 500_000}  # minor units; Max tips all day
TIPPER = "Max"
MENU = (("Say hello", 100), ("Name a fish after me", 700), ("Turn the light blue", 1_500))
GOAL, TARGET = "Feeding time", 10_000
TIPS = ((100, ""), (200, "for the calm"), (500, "beautiful"), (100, ""), (300, "thank you"))


def furnish(members: Mapping[str, Member], at: datetime) -> None:
    """Give the cast credits, and each room a menu and a goal."""
    with processing("wallet"):
        for name, amount in GIFTS.items():
            _give(members[name].subject_id, amount, at)
    with processing("host"):
        for room in Room.objects.all():
            for title, amount in MENU:
                tips.add_item(room=room, title=title, amount=amount)
            tips.start_goal(room=room, title=GOAL, target=TARGET, at=at)


def _give(subject_id: int, amount: int, at: datetime) -> None:
    text = consents.text_hash(get_policy().consents[wallet.CONSENT], "en")
    privacy.give_consent(subject_id=subject_id, key=wallet.CONSENT, text_hash=text, said=Said(at))
    legs = [Leg(wallet.site_account(Kind.PROMOTIONS).pk, -amount), Leg(wallet.account_of(subject_id).pk, amount)]
    wallet.post(key=f"demo:{subject_id}", kind=TransferKind.GIVEN, legs=legs, at=at)


@processing("wallet")
def tip(room: Room, number: int) -> None:
    """Let one of the cast tip; a goal that was reached begins anew. Raises: DomainError."""
    amount, text = TIPS[number % len(TIPS)]
    giver = Member.objects.shown().get(display_name=TIPPER)
    asked = tips.Asked(secrets.token_hex(16), amount, text=text)
    tips.tip(room=room, giver=giver, asked=asked, at=timezone.now())
    goal = queries.goal_of(room)
    if goal is not None and goal.reached_at is not None:
        tips.start_goal(room=room, title=goal.title, target=goal.target, at=timezone.now())
