"""What the worker does for bulletins: sends what is due, by one worker."""

from datetime import datetime

from vasistas.apps.bulletins import operations
from vasistas.guard.purposes import processing

SEND_EVERY_S = 1.0


def send(at: datetime) -> None:
    """The time of each message is asked at its own moment."""
    with processing("bulletins"):
        operations.schedule_digests(at)
        operations.send_due()
