"""Past facts about purchases."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StaffNeeded:
    """Something that no code decides. what: a code, as `wrong_payment`. purchase_id: None where there is none."""

    what: str
    purchase_id: int | None = None
