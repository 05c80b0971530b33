"""Hosts who earn, and how they are paid."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from tests.factories.wallet import give
from vasistas.apps.accounts.models import Member
from vasistas.apps.payouts import operations as payouts
from vasistas.apps.payouts.models import Payee
from vasistas.apps.payouts.operations import Details
from vasistas.apps.payouts.rules import IBAN_HOLD
from vasistas.apps.providers import operations as providers
from vasistas.apps.providers.models import Host
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import TransferKind
from vasistas.apps.wallet.rules import Leg

AT = datetime(2026, 7, 15, 12, tzinfo=UTC)
BEFORE = AT - IBAN_HOLD - timedelta(hours=1)  # details typed then hold nothing at AT
IBAN = "DE89370400440532013000"
OTHER_IBAN = "FR1420041010050500013M02606"
SITE_IBAN = "LU280019400644750000"


def details(**over: Any) -> Details:
    """A private person in Germany."""
    given = {
        "kind": Payee.Kind.PRIVATE,
        "country": "DE",
        "legal_name": "Ada Müller-Łęcka",
        "address": "Gasse 1\n10115 Berlin",
        "tax_number": "12 345 678 901",
        "vat": Payee.Vat.SMALL,
        "iban": IBAN,
        "born_on": datetime(1990, 2, 3, tzinfo=UTC).date(),
    }
    return Details(**given | over)


def make_payee(member: Member, at: datetime = BEFORE, **over: Any) -> Payee:
    return payouts.set_details(subject_id=member.subject_id, details=details(**over), at=at)


def earn(host: Host, amount: int, *, payer: Member, at: datetime = AT, kind: str = TransferKind.TIP) -> None:
    """Let `payer`, whose credits are given to them, pay a host `amount` minor units."""
    give(payer, amount, at=at)
    legs = providers.earning_legs(host, amount)
    with transaction.atomic():
        paying = Leg(wallet.account_of(payer.subject_id).pk, -amount)
        wallet.post(key=f"earned:{uuid4()}", kind=kind, legs=[paying, *legs], at=at)
