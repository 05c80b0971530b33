"""Past facts about accounts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AddressProven:
    """A member proved a mail address; told in the transaction that writes it down."""

    subject_id: int
    at: datetime
