"""What has happened to requests."""

from dataclasses import dataclass


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
