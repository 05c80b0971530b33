"""What we read of Stripe's objects, and nothing more of them. Fields: https://docs.stripe.com/api (2026-10-28)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from vasistas.payments.port import DisputeState, LineKind, Method, Payment, PaymentState

DIGITS = 2  # of a card, in its label
DISPUTES: Mapping[str, DisputeState] = {
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
}  # "warning_*" are inquiries and "prevented" is over: no money was taken
CATEGORIES: Mapping[str, LineKind] = {
    "charge": "payment",
    "refund": "refund",
    "partial_capture_reversal": "refund",
    "refund_failure": "refund",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback_reversed",
    "payout": "payout",
    "payout_reversal": "payout",
}  # what else there is, is Stripe's charge for something: "fee"


class Balance(msgspec.Struct):
    """A balance transaction; source: the charge, refund or dispute it is about, expanded."""

    amount: int
    currency: str
    created: int = 0
    fee: int = 0
    reporting_category: str = ""
    source: Any = None


class Charge(msgspec.Struct):
    amount_refunded: int = 0
    disputed: bool = False
    balance_transaction: Balance | str | None = None


class Card(msgspec.Struct):
    brand: str = "card"
    last4: str = ""


class PaymentMethod(msgspec.Struct):
    id: str
    card: Card | None = None


class Intent(msgspec.Struct):
    id: str
    status: str = ""
    setup_future_usage: str | None = None
    latest_charge: Charge | str | None = None
    payment_method: PaymentMethod | str | None = None


class Session(msgspec.Struct):
    id: str
    url: str | None = None
    status: str | None = None
    payment_status: str = "unpaid"
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    customer: str | None = None
    payment_intent: Intent | str | None = None

    @property
    def intent_id(self) -> str:
        intent = self.payment_intent
        return intent.id if isinstance(intent, Intent) else intent or ""


class Dispute(msgspec.Struct):
    id: str
    amount: int
    status: str
    created: int = 0


class Refund(msgspec.Struct):
    amount: int
    metadata: dict[str, str] = {}


class Event(msgspec.Struct):
    """A webhook's body, as far as it says where to look."""

    class Data(msgspec.Struct):
        object: dict[str, Any]

    id: str
    type: str
    data: Data


def payment_of(session: Session, disputes: list[Dispute]) -> Payment:
    """Args: session: with payment_intent.latest_charge.balance_transaction and .payment_method expanded."""
    intent = session.payment_intent if isinstance(session.payment_intent, Intent) else None
    charge = intent.latest_charge if intent and isinstance(intent.latest_charge, Charge) else Charge()
    balance = charge.balance_transaction
    dispute, disputed_minor = _of_disputes(disputes)
    return Payment(
        provider_ref=session.id,
        reference=session.client_reference_id or "",
        state=_state(session, intent),
        amount_minor=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        refunded_minor=charge.amount_refunded,
        dispute=dispute,
        disputed_minor=disputed_minor,
        fee_minor=balance.fee if isinstance(balance, Balance) else 0,
        method=_method(session, intent),
    )


def _state(session: Session, intent: Intent | None) -> PaymentState:
    if session.payment_status == "paid":
        return "paid"
    if session.status == "expired":
        return "expired"
    is_declined = session.status == "complete" and intent and intent.status in {"canceled", "requires_payment_method"}
    return "failed" if is_declined else "open"  # a card declined on Stripe's page may be followed by another


def _of_disputes(disputes: list[Dispute]) -> tuple[DisputeState | None, int]:
    """The newest one that took money."""
    for one in sorted(disputes, key=lambda one: one.created, reverse=True):
        if state := DISPUTES.get(one.status):
            return state, one.amount
    return None, 0


def _method(session: Session, intent: Intent | None) -> Method | None:
    if intent is None or not intent.setup_future_usage or not session.customer:
        return None
    method = intent.payment_method
    if not isinstance(method, PaymentMethod) or method.card is None:
        return None
    label = f"{method.card.brand.replace('_', ' ').title()} ··{method.card.last4[-DIGITS:]}"
    return Method(token=f"{session.customer}:{method.id}", label=label)
