"""Past facts about the safety of people here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decided:
    """A decision about somebody stands, and was carried out."""

    decision_id: int


@dataclass(frozen=True)
class AppealClosed:
    appeal_id: int
