"""What the law makes the operator keep: written with the fact itself, in its transaction, under a key of the site."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from vasistas.apps.payouts.models import Payee, Payout, Record
from vasistas.apps.payouts.queries.books import details_of
from vasistas.apps.payouts.rules import vat_of


def keep_payout(payout: Payout, payee: Payee, at: datetime) -> Record:
    """The voucher of one payment, with the details in force when it was made."""
    vat = vat_of(payee.vat, payee.country, payout.amount)
    said = {
        "payee": details_of(payee),
        "amount": payout.amount,
        "currency": settings.CURRENCY,
        "vat": {"percent": vat.rate, "net": vat.net, "tax": vat.tax, "note": vat.note},
        "run": payout.run_id,
    }
    return _keep(Record.Kind.PAYOUT, str(payout.pk), payout.account.number, said, at)


def keep_return(payout: Payout, at: datetime) -> Record:
    """That the bank sent a payment back."""
    said = {"amount": payout.amount, "currency": settings.CURRENCY, "code": payout.reason, "run": payout.run_id}
    return _keep(Record.Kind.RETURN, str(payout.pk), payout.account.number, said, at)


def keep_file(run_id: int, text: str, at: datetime) -> Record:
    return Record.objects.create(kind=Record.Kind.FILE, about=str(run_id), content=text, made_at=at)


def keep_closing(number: UUID, said: dict[str, Any], at: datetime) -> Record:
    """What has to be reported about somebody who is erased now."""
    return _keep(Record.Kind.CLOSING, str(number), number, said, at)


def _keep(kind: str, about: str, number: UUID, said: dict[str, Any], at: datetime) -> Record:
    content = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return Record.objects.create(kind=kind, about=about, number=number, content=content, made_at=at)
