"""What may be posted, and why a payment is refused. No queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from vasistas.apps.wallet.models import AMOUNT_MAX, DETAIL_CHARS_MAX, KEY_CHARS_MAX, REFERENCE_CHARS_MAX
from vasistas.lib.errors import DomainError

LEGS_MAX = 16  # of one transfer
DAY = timedelta(hours=24)  # a spending limit counts back from now
RAISED_AFTER = timedelta(hours=24)  # a higher limit, or none, counts from then
COOL_OFFS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
EXCLUSION_MIN, EXCLUSION_MAX = timedelta(days=182), timedelta(days=5 * 365)


@dataclass(frozen=True)
class Leg:
    """What one account gains (> 0) or gives (< 0), minor units."""

    account_id: int
    amount: int


class WalletRefused(DomainError):  # noqa: N818 — refusals read as facts
    code = "wallet.refused"


class NotEnough(WalletRefused):
    status = 402
    code = "wallet.not_enough"


class AmountRefused(WalletRefused):
    code = "wallet.amount"


class Unbalanced(WalletRefused):
    code = "wallet.unbalanced"


class KeyReused(WalletRefused):
    """The key stands for another movement already. A fault of the caller."""

    status = 409
    code = "wallet.key_reused"


class PayingOff(WalletRefused):
    status = 403
    code = "wallet.paying_off"


class Paused(WalletRefused):
    status = 403
    code = "wallet.paused"


class OverLimit(WalletRefused):
    status = 403
    code = "wallet.over_limit"


def check_amount(amount: int) -> int:
    """Raises: AmountRefused: not a whole number of minor units in 1 … AMOUNT_MAX."""
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= AMOUNT_MAX:
        raise AmountRefused(_("Choose an amount above zero and within what can be paid at once."))
    return amount


def check_legs(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return the legs as they are posted: one for each account, sorted, so that locks are taken in one order.

    Raises: Unbalanced: they do not sum to zero, or there are fewer than two or more than LEGS_MAX. AmountRefused.
    """
    sums: dict[int, int] = {}
    for leg in legs:
        check_amount(abs(leg.amount))
        sums[leg.account_id] = sums.get(leg.account_id, 0) + leg.amount
    posted = tuple(Leg(account, amount) for account, amount in sorted(sums.items()) if amount)
    if sum(leg.amount for leg in posted) or not 1 < len(posted) <= LEGS_MAX:
        raise Unbalanced(f"A transfer has 2 to {LEGS_MAX} legs that sum to zero.")
    for leg in posted:
        check_amount(abs(leg.amount))
    return posted


def check_words(key: str, reference: str = "", detail: str = "") -> None:
    """Raises: ValueError: a fault of the caller."""
    lengths = ((key, KEY_CHARS_MAX), (reference, REFERENCE_CHARS_MAX), (detail, DETAIL_CHARS_MAX))
    if not key or any(len(text) > limit for text, limit in lengths):
        raise ValueError(f"A key has 1 to {KEY_CHARS_MAX} characters, a reference and a detail fewer.")
