"""Give money back, in steps that repeat: out of the ledger into an account where it waits, then by the provider, then
settled. Killed after any of them, the worker goes on with the same key, and nothing is given twice.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.purchases.models import Purchase, Refund, wait_after
from vasistas.apps.purchases.operations import ledger, provider
from vasistas.apps.purchases.operations.settling import take_in
from vasistas.apps.purchases.rules import NothingToRefund
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import DomainError, NotFound
from vasistas.payments.port import CheckoutUnknown, Payment, RefundRefused

State, By = Refund.State, Refund.By


def ask_refund(*, subject_id: int, amount: int, key: uuid.UUID, at: datetime) -> list[Refund]:
    """Set unused credits aside to go back to the purchases they came from, the newest first; `run_refund` sends them.

    Never more than is unused, and never more than was paid and not given back yet. The same key again returns the same.
    Raises: NothingToRefund. Locks: the member's purchases, then the account.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        locked = list(queries.paid_of(subject_id).select_for_update(of=("self",)).order_by("pk"))
        before = list(Refund.objects.filter(asked=key, purchase__subject=subject_id).select_related("purchase"))
        if before:
            return before
        newest = sorted(locked, key=lambda one: (one.paid_at, one.pk), reverse=True)
        left = [(one.pk, queries.refundable(one)) for one in newest]
        most = min(sum(part for _pk, part in left), _unused(subject_id))
        if not 0 < amount <= most:
            raise NothingToRefund(_("There are not so many unused credits that you bought. Choose a smaller amount."))
        by_pk = {one.pk: one for one in locked}
        return [
            _hold_out(Refund(purchase=by_pk[pk], asked=key, amount=part, taken=part, by=By.MEMBER), at)
            for pk, part in rules.spread(amount, left)
        ]


def refund_by_staff(*, purchase_id: int, amount: int, reason: str, key: uuid.UUID, at: datetime) -> Refund:
    """Give back a part or all of one purchase: from the member's credits as far as there are any, the rest at the
    site's cost. Raises: NothingToRefund, NotFound. Locks: the purchase, then the account.
    """
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().filter(pk=purchase_id).first()
        if purchase is None:
            raise NotFound(_("There is no such purchase."))
        before = Refund.objects.filter(asked=key, purchase=purchase).first()
        if before is not None:
            return before
        if purchase.state != Purchase.State.PAID or not 0 < amount <= queries.refundable(purchase):
            raise NothingToRefund(_("This is more than can be given back of it. Choose a smaller amount."))
        taken = ledger.takeable(ledger.account_of(purchase.subject_id), amount)
        made = Refund(purchase=purchase, asked=key, amount=amount, taken=taken, by=By.STAFF, reason=reason)
        return _hold_out(made, at)


def _unused(subject_id: int) -> int:
    account = ledger.account_of(subject_id)
    return ledger.takeable(account, account.balance or 0)


def _hold_out(refund: Refund, at: datetime) -> Refund:
    refund.made_at = refund.next_try_at = at
    refund.save(force_insert=True)
    ledger.hold_out(refund, at)
    return refund


def run_refund(*, refund_id: int, at: datetime) -> Refund:
    """Let the provider give back what is held, and settle it. Not in a transaction; may be repeated at any time."""
    refund = _claim(refund_id, at)
    if refund is None:
        return Refund.objects.select_related("purchase").get(pk=refund_id)
    try:
        payment = provider.refund(refund)
    except (RefundRefused, CheckoutUnknown):
        return _end(refund_id, State.REFUSED, at)
    except DomainError:
        return _wait(refund_id)
    return _settle(refund_id, payment, at)


def refuse_refund(*, refund_id: int, at: datetime) -> Refund:
    """Nobody can make it any more: the credits return to where they came from."""
    return _end(refund_id, State.REFUSED, at)


def _claim(refund_id: int, at: datetime) -> Refund | None:
    """The attempt is counted before it is made; None: settled, or another process has it."""
    with transaction.atomic():
        due = Refund.objects.select_for_update(of=("self",)).select_related("purchase")
        refund = due.filter(pk=refund_id, state=State.HELD, next_try_at__lte=at).first()
        if refund is not None:
            refund.tries += 1
            refund.next_try_at = at + wait_after(refund.tries)
            refund.save(update_fields=["tries", "next_try_at"])
    return refund


def _settle(refund_id: int, payment: Payment, at: datetime) -> Refund:
    refund = _end(refund_id, State.DONE, at)
    take_in(purchase_id=refund.purchase_id, payment=payment, at=at)  # it may tell of more
    return refund


def _end(refund_id: int, state: str, at: datetime) -> Refund:
    """Locks: the purchase, then the refund, then the account: in the order of all others."""
    with transaction.atomic():
        purchase_id = Refund.objects.values_list("purchase_id", flat=True).get(pk=refund_id)
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
        refund = Refund.objects.select_for_update().get(pk=refund_id)
        if refund.state not in {State.HELD, State.STUCK}:
            return refund
        refund.purchase = purchase
        move = ledger.settle if state == State.DONE else ledger.give_back
        move(refund, at)
        refund.state, refund.settled_at = state, at
        refund.save(update_fields=["state", "settled_at"])
    return refund


def _wait(refund_id: int) -> Refund:
    """The provider did not answer, or refused for another reason: again later, then a person looks."""
    with transaction.atomic():
        refund = Refund.objects.select_for_update(of=("self",)).select_related("purchase").get(pk=refund_id)
        if refund.state == State.HELD and refund.tries >= rules.TRIES_MAX:
            refund.state = State.STUCK
            refund.save(update_fields=["state"])
            events.publish(StaffNeeded("stuck_refund", refund.purchase_id))
    return refund


def try_refund_again(*, refund_id: int, at: datetime) -> Refund:
    """Of staff: a refund that is stuck is tried anew, with the same key. Raises: NotFound."""
    stuck = Refund.objects.filter(pk=refund_id, state=State.STUCK)
    if not stuck.update(state=State.HELD, tries=0, next_try_at=at):
        raise NotFound(_("There is no such refund, or it is settled."))
    return run_refund(refund_id=refund_id, at=at)
