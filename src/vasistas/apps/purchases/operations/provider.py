"""The provider of a purchase. Its port stands behind the door (guard/egress/payments.py), which notes what leaves.

Never inside a transaction: each call asks over the network, 15 s at most for each request.
"""

from vasistas import payments
from vasistas.apps.purchases.models import Purchase, Refund, SavedMethod
from vasistas.guard.egress import door
from vasistas.guard.egress.payments import recipient_of
from vasistas.payments.port import Checkout, Payment, Started

ANSWERED = frozenset({"user.payment.purchase", "user.payment.wallet", "user.behaviour.session"})  # to a dispute


def start(purchase: Purchase, checkout: Checkout) -> Started:
    return payments.get_port(purchase.provider).start(checkout)


def read(name: str, provider_ref: str) -> Payment:
    return payments.get_port(name).read(provider_ref)


def refund(refund: Refund) -> Payment:
    port, bought = payments.get_port(refund.purchase.provider), refund.purchase
    return port.refund(bought.provider_ref, amount_minor=refund.amount, key=str(refund.key))


def forget(method: SavedMethod) -> None:
    payments.get_port(method.provider).forget_method(method.token)


def answer_dispute(purchase: Purchase, document: bytes) -> None:
    """More than a purchase leaves here, so it is noted apart."""
    door.hand_over(recipient_of(purchase.provider), ANSWERED, [purchase.subject_id])
    payments.get_port(purchase.provider).submit_evidence(purchase.provider_ref, document)
