"""The worker's side of purchases: every second what is due, for people wait on a page meanwhile."""

from datetime import datetime

from vasistas.apps.purchases import operations
from vasistas.guard.purposes import processing

FOLLOW_EVERY_S = 1.0


@processing("wallet")
def follow_payments(at: datetime) -> None:
    operations.follow(at=at)
