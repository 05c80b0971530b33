"""Somebody who earned is erased: the law keeps a record, and nothing else stays that names them."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from vasistas.apps.payouts import queries
from vasistas.apps.payouts.models import Payout, Record
from vasistas.apps.payouts.operations import records
from vasistas.apps.payouts.queries.books import details_of
from vasistas.apps.wallet import queries as wallet
from vasistas.guard import sealed

YEARS_REPORTED = 2  # a year is reported until the end of January after it (Directive (EU) 2021/514, Annex V, III)


def close_of_erased(subject_id: int, at: datetime) -> None:
    """Drop what is prepared for them, and keep what has to be reported; before the wallet closes their accounts, behind
    the fence, with their keys still there. May run many times.
    """
    number = wallet.number_of(subject_id)
    if number is None:
        return
    with transaction.atomic():
        prepared = Payout.objects.filter(account__number=number, state=Payout.State.PREPARED)
        prepared.update(state=Payout.State.DROPPED, reason=Payout.Reason.GONE, at=at)
        payee = queries.payee_of(subject_id)
        is_kept = Record.objects.filter(kind=Record.Kind.CLOSING, about=str(number)).exists()
        if payee is None or is_kept or not queries.has_earned(subject_id):
            return
        years = {str(year): _told(queries.quarters_of(number, year)) for year in _years(at)}
        details = {} if sealed.is_gone(payee, "legal_name") else details_of(payee)  # gone: this ran too late once
        said = {"payee": details, "balance": queries.balance_of(subject_id), "currency": settings.CURRENCY}
        records.keep_closing(number, {**said, "quarters": years}, at)


def kept_of_erased(subject_id: int) -> dict[str, Any] | None:
    """What stays, for the certificate: asked after `close_of_erased`, while the number still leads to the records."""
    return queries.kept_of(wallet.number_of(subject_id))


def _years(at: datetime) -> range:
    return range(at.year - YEARS_REPORTED + 1, at.year + 1)


def _told(quarters: dict[int, queries.Quarter]) -> dict[str, list[int]]:
    return {str(one): [sums.consideration, sums.activities, sums.fees] for one, sums in quarters.items()}
