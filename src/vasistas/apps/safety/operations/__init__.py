"""What is done for the safety of people here."""

from vasistas.apps.safety.operations.appealing import appeal, close_appeal
from vasistas.apps.safety.operations.deciding import Order, decide, lift, lift_ended
from vasistas.apps.safety.operations.duty import begin_shift, check_duty, end_shift, show_life
from vasistas.apps.safety.operations.enforcing import check_not_cut
from vasistas.apps.safety.operations.reporting import Reported, dismiss, report, take

__all__ = [
    "Order",
    "Reported",
    "appeal",
    "begin_shift",
    "check_duty",
    "check_not_cut",
    "close_appeal",
    "decide",
    "dismiss",
    "end_shift",
    "lift",
    "lift_ended",
    "report",
    "show_life",
    "take",
]
