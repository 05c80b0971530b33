"""Past facts about credits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BalanceChanged:
    """balance: of the member's wallet, minor units."""

    subject_id: int
    balance: int
