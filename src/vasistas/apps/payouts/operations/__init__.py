"""Writes about payees and payouts. Run under "payouts" for the person's own, under "finance" for the books."""

from vasistas.apps.payouts.operations.erasing import close_of_erased, kept_of_erased
from vasistas.apps.payouts.operations.payees import Details, hold_payee, lift_hold, set_details
from vasistas.apps.payouts.operations.runs import (
    approve_run,
    drop_run,
    finish_runs,
    pay_run,
    prepare_run,
    return_payout,
)
from vasistas.apps.payouts.operations.shares import apply_share_notices, set_share

__all__ = [
    "Details",
    "apply_share_notices",
    "approve_run",
    "close_of_erased",
    "drop_run",
    "finish_runs",
    "hold_payee",
    "kept_of_erased",
    "lift_hold",
    "pay_run",
    "prepare_run",
    "return_payout",
    "set_details",
    "set_share",
]
