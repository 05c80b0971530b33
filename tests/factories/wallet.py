"""Credits for members of the cast."""

from datetime import UTC, datetime
from uuid import uuid4

from tests.factories import consents
from vasistas.apps.accounts.models import Member
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def switch_on(member: Member, at: datetime = AT) -> None:
    """Consent to paying, as by the switch in My Account."""
    consents.give(member.subject_id, "payments", at=at)


def give(member: Member, amount: int, at: datetime = AT) -> None:
    """Credit `amount` minor units at the site's cost."""
    legs = [Leg(wallet.site_account(Kind.PROMOTIONS).pk, -amount), Leg(wallet.account_of(member.subject_id).pk, amount)]
    wallet.post(key=f"gift:{uuid4()}", kind=TransferKind.GIVEN, legs=legs, at=at)
