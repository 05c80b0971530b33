"""What has happened to requests, and what people chose."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RequestMoved:
    """A step was added that its person is told of. step: a RequestStep.Kind."""

    request_id: int
    step: str


@dataclass(frozen=True)
class RequestDue:
    """A request stands unanswered and its day is near, or over. days_left: below 0 it is overdue."""

    request_id: int
    days_left: int


@dataclass(frozen=True)
class ConsentChosen:
    """Somebody consented, withdrew, objected or took an objection back; told in the transaction that writes it down.

    key: of the switch, or OBJECTION. act, source: of the Consent.
    """

    subject_id: int
    key: str
    channel: str
    act: str
    source: str
    at: datetime
