"""What the provider says is taken in here, and only here: purchase, refunds, dispute and ledger in one transaction.

Webhooks, the page people come back to and the sweep all end in `take_in`, in any order and any number of times.
"""

import uuid
from datetime import datetime

from django.db import transaction

from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.purchases.models import Dispute, Purchase, Refund, SavedMethod, wait_after
from vasistas.apps.purchases.operations import ledger, provider
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.payments.port import Payment

State = Purchase.State
HEARD = {"open": State.OPEN, "failed": State.FAILED, "expired": State.EXPIRED}


def look(*, purchase_id: int, at: datetime) -> Purchase:
    """Ask the provider how a purchase stands, and let the ledger follow. Not in a transaction.

    Raises: PaymentError: it cannot be asked; nothing is concluded.
    """
    purchase = Purchase.objects.get(pk=purchase_id)
    if not purchase.provider_ref:
        return _not_started(purchase, at)
    return take_in(purchase_id=purchase_id, payment=provider.read(purchase.provider, purchase.provider_ref), at=at)


def take_in(*, purchase_id: int, payment: Payment, at: datetime) -> Purchase:
    """Bring a purchase and the ledger to what the provider says.

    A payment of another amount, currency or reference is never credited, and is raised to staff. Publishes:
    BalanceChanged, StaffNeeded. Locks: the purchase, then the member's account.
    """
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
        if purchase.state not in queries.FINAL:
            _follow_payment(purchase, payment, at)
        if purchase.state == State.PAID:
            _follow_refunds(purchase, payment, at)
            _follow_dispute(purchase, payment, at)
        _pace(purchase, at)
        purchase.save()
    return purchase


def _follow_payment(purchase: Purchase, payment: Payment, at: datetime) -> None:
    if payment.reference != str(purchase.reference):
        _raise_wrong(purchase)
    elif payment.state != "paid":
        purchase.state = HEARD[payment.state]
    elif (payment.amount_minor, payment.currency) != (purchase.amount, purchase.currency):
        _raise_wrong(purchase)
    else:
        purchase.state, purchase.paid_at = State.PAID, at
        ledger.credit(purchase, at)
        _save_method(purchase, payment, at)
    if purchase.state != State.OPEN:
        purchase.checkout_url = ""


def _raise_wrong(purchase: Purchase) -> None:
    purchase.state = State.WRONG
    events.publish(StaffNeeded("wrong_payment", purchase.pk))


def _save_method(purchase: Purchase, payment: Payment, at: datetime) -> None:
    if payment.method is None or not purchase.saves_method:
        return
    try:
        subjects.hold(purchase.subject_id)
    except subjects.SubjectGone:
        return
    SavedMethod.objects.update_or_create(
        subject_id=purchase.subject_id,
        provider=purchase.provider,
        token=payment.method.token,
        defaults={"label": payment.method.label, "saved_at": at, "is_forgotten": False},
    )


def _follow_refunds(purchase: Purchase, payment: Payment, at: datetime) -> None:
    """Notice what was given back at the provider's side: taken from credits that are left, else the site's cost."""
    extra = min(payment.refunded_minor, purchase.amount) - queries.refunded(purchase)
    if extra <= 0:
        return
    taken = ledger.takeable(ledger.account_of(purchase.subject_id), extra)
    done = {"by": Refund.By.PROVIDER, "state": Refund.State.DONE, "made_at": at, "settled_at": at, "next_try_at": at}
    made = Refund.objects.create(purchase=purchase, asked=uuid.uuid4(), amount=extra, taken=taken, **done)
    ledger.follow_refund(made, at)


def _follow_dispute(purchase: Purchase, payment: Payment, at: datetime) -> None:
    if payment.dispute is None:
        return
    dispute = Dispute.objects.select_for_update().filter(purchase=purchase).first()
    if dispute is None:
        dispute = _open_dispute(purchase, payment, at)
    if dispute.state == Dispute.State.OPEN and payment.dispute != "open":
        dispute.state, dispute.settled_at = Dispute.State(payment.dispute), at
        dispute.save(update_fields=["state", "settled_at"])
        if dispute.state == Dispute.State.WON and dispute.amount:
            ledger.return_disputed(dispute, at)


def _open_dispute(purchase: Purchase, payment: Payment, at: datetime) -> Dispute:
    amount = min(payment.disputed_minor or purchase.amount, purchase.amount)
    taken = ledger.takeable(ledger.account_of(purchase.subject_id), amount)
    made = Dispute.objects.create(
        purchase=purchase, amount=amount, taken=taken, opened_at=at, due_at=at + rules.ANSWER_IN
    )
    ledger.take_disputed(made, at)
    events.publish(StaffNeeded("dispute", purchase.pk))
    return made


def _pace(purchase: Purchase, at: datetime) -> None:
    """When to ask again: later each time, not after READ_FOR; what was not paid until then is over."""
    purchase.reads = min(purchase.reads + 1, 32_000)
    purchase.next_read_at = None
    if purchase.state in queries.FINAL:
        return
    if at < purchase.made_at + rules.READ_FOR:
        purchase.next_read_at = at + wait_after(purchase.reads)
    elif purchase.state == State.OPEN:
        purchase.state, purchase.checkout_url = State.EXPIRED, ""


def _not_started(purchase: Purchase, at: datetime) -> Purchase:
    """The provider never said where to pay, so nobody was sent there: it waits for its end."""
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=purchase.pk)
        if not purchase.provider_ref and purchase.state == State.OPEN and at >= purchase.expires_at:
            purchase.state = State.EXPIRED
        _pace(purchase, at)
        purchase.save()
    return purchase


def put_off(*, purchase_id: int, at: datetime) -> None:
    """The provider could not be asked: later again; after READ_FOR a person looks."""
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
        purchase.reads = min(purchase.reads + 1, 32_000)
        is_over = at >= purchase.made_at + rules.READ_FOR
        purchase.next_read_at = None if is_over else at + wait_after(purchase.reads)
        purchase.save(update_fields=["reads", "next_read_at"])
        if is_over:
            events.publish(StaffNeeded("unread_purchase", purchase.pk))
