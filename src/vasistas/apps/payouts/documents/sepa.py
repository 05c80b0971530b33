"""The payment file of a run: ISO 20022 pain.001.001.09, a SEPA credit transfer (EPC132-08), checked by its schema."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from sepaxml import SepaTransfer

from vasistas.apps.payouts.documents.letters import NAME_CHARS_MAX, REMITTANCE_CHARS_MAX, sepa_text

SCHEMA = "pain.001.001.09"


@dataclass(frozen=True)
class Voucher:
    """What a file needs of one payment. reference: 32 hex digits, unique for ever. amount: minor units."""

    reference: str
    name: str
    iban: str
    bic: str
    amount: int

    @classmethod
    def read(cls, payout_id: str, content: str) -> Self:
        """From the record of a payment."""
        said = json.loads(content)
        payee = said["payee"]
        return cls(payout_id.replace("-", ""), payee["legal_name"], payee["iban"], payee["bic"], said["amount"])


def credit_transfer(vouchers: Sequence[Voucher], *, at: datetime) -> str:
    """Return the file, valid by the schema of ISO 20022. Each call makes another message id: make it once, and keep it.

    Raises: sepaxml.validation.ValidationError: something in it has no place in the schema.
    """
    debtor: dict[str, Any] = {
        "name": sepa_text(settings.OPERATOR.name, NAME_CHARS_MAX) or "Operator",
        "IBAN": settings.PAYOUT_IBAN.replace(" ", ""),
        "currency": "EUR",
        "batch": True,
    }
    if settings.PAYOUT_BIC:
        debtor["BIC"] = settings.PAYOUT_BIC
    transfer = SepaTransfer(debtor, schema=SCHEMA, clean=True)
    for one in vouchers:
        payment = {
            "name": sepa_text(one.name, NAME_CHARS_MAX),
            "IBAN": one.iban,
            "amount": one.amount,
            "execution_date": at.date(),
            "description": sepa_text(f"{settings.SITE_NAME} {one.reference}", REMITTANCE_CHARS_MAX),
            "endtoend_id": one.reference,
        }
        transfer.add_payment(payment | ({"BIC": one.bic} if one.bic else {}))
    return bytes(transfer.export(validate=True, pretty_print=True)).decode()
