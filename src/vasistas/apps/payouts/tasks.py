"""What goes on without a request: runs that were interrupted, shares that begin to count."""

from datetime import datetime

from vasistas.apps.payouts import operations
from vasistas.guard.purposes import processing


def go_on(at: datetime) -> None:
    with processing("finance", reason="runs of payouts that were interrupted"):
        operations.finish_runs(at=at)
    with processing("payouts"):
        operations.apply_share_notices(at=at)
