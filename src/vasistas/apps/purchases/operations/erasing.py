"""When somebody is erased: what runs at a provider is ended, while the rows that name it are still there."""

from datetime import datetime

from django.db import transaction

from vasistas import payments
from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.purchases.models import Purchase, Refund, SavedMethod
from vasistas.apps.purchases.operations.methods import run_forgetting
from vasistas.apps.purchases.operations.refunding import refuse_refund, run_refund
from vasistas.apps.purchases.operations.settling import look
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as wallet_queries
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard.purposes import processing
from vasistas.lib import events
from vasistas.lib.errors import DomainError, NotFound
from vasistas.payments.port import CheckoutUnknown, Payment


class StillOnItsWay(DomainError):  # noqa: N818 — refusals read as facts
    """Something at a provider is not ended yet; rows wait, and it is tried again."""

    status = 503
    code = "purchases.still_on_its_way"


@processing("wallet")
def end_of_erased(subject_id: int, at: datetime) -> None:
    """Let the provider forget saved methods, finish refunds, and take in what was paid and not told yet. May run many
    times. Raises: StillOnItsWay: rows wait until it did not. A provider that is not enabled any more is not waited for.
    """
    waiting = sum(not _is_taken_in(purchase_id, at) for purchase_id in queries.unread_of(subject_id))
    held = Refund.objects.filter(purchase__subject=subject_id, state__in=[Refund.State.HELD, Refund.State.STUCK])
    held.update(state=Refund.State.HELD, next_try_at=at)
    for refund in list(held.select_related("purchase")):
        act = run_refund if refund.purchase.provider in payments.names() else refuse_refund
        waiting += act(refund_id=refund.pk, at=at).state not in {Refund.State.DONE, Refund.State.REFUSED}
    saved = SavedMethod.objects.filter(subject=subject_id)
    if saved.exclude(provider__in=payments.names()).delete()[0]:
        events.publish(StaffNeeded("method_not_forgotten"))
    saved.update(is_forgotten=True, tries=0, next_try_at=at)
    for method_id in list(saved.values_list("pk", flat=True)):
        waiting += not run_forgetting(method_id=method_id, at=at)
    if waiting:
        raise StillOnItsWay("The payment provider has not ended everything yet. It is tried again.")


def _is_taken_in(purchase_id: int, at: datetime) -> bool:
    try:
        look(purchase_id=purchase_id, at=at)
    except (CheckoutUnknown, NotFound):  # nothing is there to come
        return True
    except DomainError:
        return False
    return True


def follow_of_erased(*, name: str, payment: Payment, at: datetime) -> bool:
    """A refund or dispute of a purchase whose person is erased: the ledger alone still knows its reference, and the
    site bears it. Whether the ledger knows it.
    """
    bought = wallet_queries.transfer_of(rules.bought_key(payment.reference))
    if bought is None or Purchase.objects.filter(reference=bought.reference).exists():
        return False
    clearing = wallet.site_account(Kind.CLEARING, name)
    with transaction.atomic():
        known = queries.refunded_in_ledger(clearing.pk, payment.reference)
        if (extra := payment.refunded_minor - known) > 0:
            legs = [Leg(wallet.site_account(Kind.REVENUE).pk, -extra), Leg(clearing.pk, extra)]
            key = f"refund:{payment.reference}:{payment.refunded_minor}"
            wallet.post(key=key, kind=TransferKind.REFUND, legs=legs, at=at, reference=payment.reference)
        _follow_dispute(clearing.pk, payment, at)
    return True


def _follow_dispute(clearing_id: int, payment: Payment, at: datetime) -> None:
    taken_key = rules.dispute_key(payment.reference, "taken")
    taken = wallet_queries.transfer_of(taken_key)
    disputes = wallet.site_account(Kind.DISPUTES).pk
    if payment.dispute is not None and taken is None:
        amount = payment.disputed_minor or payment.amount_minor
        legs = [Leg(disputes, -amount), Leg(clearing_id, amount)]
        reference = payment.reference
        taken = wallet.post(key=taken_key, kind=TransferKind.CHARGEBACK, legs=legs, at=at, reference=reference)
    if payment.dispute == "won" and taken is not None:
        amount = sum(entry.amount for entry in taken.entries.filter(account=clearing_id))
        legs = [Leg(disputes, amount), Leg(clearing_id, -amount)]
        key, kind = rules.dispute_key(payment.reference, "back"), TransferKind.CHARGEBACK_REVERSED
        wallet.post(key=key, kind=kind, legs=legs, at=at, reference=payment.reference)
