"""Past facts about payouts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DetailsChanged:
    """has_new_iban: payouts now wait for IBAN_HOLD."""

    subject_id: int
    has_new_iban: bool


@dataclass(frozen=True)
class PayoutReturned:
    payout_id: str


@dataclass(frozen=True)
class ShareAnnounced:
    """The hosts of a studio are to be told that their share changes."""

    notice_id: int
