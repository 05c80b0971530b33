"""What may be bought and given back, and how movements are named in the ledger. No queries."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from vasistas.lib.errors import DomainError

CHECKOUT_FOR = timedelta(minutes=60)  # not paid by then, it is over
OPEN_MAX = 10  # checkouts of one member at once
READ_FOR = timedelta(days=7)  # an unpaid purchase is asked for this long: a lost webhook loses nothing
TRIES_MAX = 24  # of one hint, refund or forgetting, with growing waits: about four days; then a person looks
ANSWER_IN = timedelta(days=7)  # what banks leave for an answer, at least
AT_ONCE_MAX = 50  # of each kind in one round of the worker
EVIDENCE_LINES_MAX = 2000  # lines of the ledger in an evidence pack
ANSWER_CHARS_MAX = 20_000  # of the text that answers a bank: the least that a provider takes
EVIDENCE_FILES_MAX = 200  # documents of other apps in an evidence pack


class PurchaseRefused(DomainError):  # noqa: N818 — refusals read as facts
    code = "purchases.refused"


class AmountRefused(PurchaseRefused):
    code = "purchases.amount"


class NothingToRefund(PurchaseRefused):
    status = 409
    code = "purchases.nothing_to_refund"


class NoDispute(PurchaseRefused):
    status = 409
    code = "purchases.no_dispute"


def check_amount(amount: int) -> int:
    """Raises: AmountRefused: not a whole number of minor units within what is sold at once."""
    low, high = settings.PURCHASE_MIN_MINOR, settings.PURCHASE_MAX_MINOR
    if not isinstance(amount, int) or isinstance(amount, bool) or not low <= amount <= high:
        raise AmountRefused(_("Choose an amount within the limits shown."))
    return amount


def bought_key(reference: uuid.UUID | str) -> str:
    return f"bought:{reference}"


def refund_key(key: uuid.UUID, step: str) -> str:
    """step: held, done or back."""
    return f"refund:{key}:{step}"


def dispute_key(reference: uuid.UUID | str, step: str) -> str:
    """step: taken or back."""
    return f"dispute:{reference}:{step}"


def refunds_on_their_way(provider: str) -> str:
    """The detail of the account where a refund waits until the provider confirms it."""
    return f"{provider}:refunds"


def spread(amount: int, left: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Divide an amount over purchases in their order. left: (purchase, what can be given back of it)."""
    parts = []
    for purchase, most in left:
        part = min(amount, most)
        if part > 0:
            parts.append((purchase, part))
            amount -= part
    return parts
