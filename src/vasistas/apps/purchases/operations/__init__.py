"""Writes about purchases, refunds, disputes and saved methods. Run under `wallet`; those of staff under `finance`."""

from vasistas.apps.purchases.operations.buying import Wanted, buy
from vasistas.apps.purchases.operations.erasing import StillOnItsWay, end_of_erased
from vasistas.apps.purchases.operations.evidence import Source, answer, pack, submit
from vasistas.apps.purchases.operations.evidence import wire as wire_evidence
from vasistas.apps.purchases.operations.following import follow
from vasistas.apps.purchases.operations.hints import store, take_hint, verify
from vasistas.apps.purchases.operations.methods import forget_method, run_forgetting
from vasistas.apps.purchases.operations.refunding import ask_refund, refund_by_staff, run_refund, try_refund_again
from vasistas.apps.purchases.operations.settling import look, put_off, take_in

__all__ = [
    "Source",
    "StillOnItsWay",
    "Wanted",
    "answer",
    "ask_refund",
    "buy",
    "end_of_erased",
    "follow",
    "forget_method",
    "look",
    "pack",
    "put_off",
    "refund_by_staff",
    "run_forgetting",
    "run_refund",
    "store",
    "submit",
    "take_hint",
    "take_in",
    "try_refund_again",
    "verify",
    "wire_evidence",
]
