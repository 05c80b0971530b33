"""Messages of a provider: stored once, looked at by the worker. They are believed in one thing alone: look again."""

from datetime import datetime

from django.db import transaction

from vasistas import payments
from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.purchases.models import Hint, Purchase, wait_after
from vasistas.apps.purchases.operations import provider
from vasistas.apps.purchases.operations.erasing import follow_of_erased
from vasistas.apps.purchases.operations.settling import take_in
from vasistas.lib import events
from vasistas.lib.errors import DomainError
from vasistas.payments import port
from vasistas.payments.port import CheckoutUnknown, Payment

State = Hint.State


def store(*, name: str, hint: port.Hint, at: datetime) -> bool:
    """Keep a message whose signature was verified; whether it is new. The same event again does nothing."""
    _row, is_new = Hint.objects.get_or_create(
        provider=name,
        event_id=hint.event_id,
        defaults={
            "provider_ref": hint.provider_ref,
            "purchase_id": queries.purchase_id_of(name, hint.provider_ref),
            "state": State.WAITING if hint.provider_ref else State.DONE,
            "received_at": at,
            "next_try_at": at,
        },
    )
    return is_new


def take_hint(*, hint_id: int, at: datetime) -> str:
    """Ask the provider what a message is about, and let the ledger follow; its state then. Not in a transaction."""
    hint = _claim(hint_id, at)
    if hint is None:
        return ""
    try:
        payment = provider.read(hint.provider, hint.provider_ref)
    except CheckoutUnknown:
        return _end(hint, State.UNKNOWN)
    except DomainError:
        return _end(hint, State.UNKNOWN) if hint.tries >= rules.TRIES_MAX else State.WAITING
    purchase = _bought(hint, payment)
    if purchase is not None:
        take_in(purchase_id=purchase.pk, payment=payment, at=at)
    elif not follow_of_erased(name=hint.provider, payment=payment, at=at):
        return _end(hint, State.UNKNOWN)
    return _end(hint, State.DONE, purchase)


def _claim(hint_id: int, at: datetime) -> Hint | None:
    with transaction.atomic():
        due = Hint.objects.select_for_update().filter(pk=hint_id, state=State.WAITING, next_try_at__lte=at)
        hint = due.first()
        if hint is not None:
            hint.tries += 1
            hint.next_try_at = at + wait_after(hint.tries)
            hint.save(update_fields=["tries", "next_try_at"])
    return hint


def _bought(hint: Hint, payment: Payment) -> Purchase | None:
    """By our own reference; a purchase whose checkout was started and not noted any more learns its name here."""
    found = queries.find_purchase(payment.reference, provider=hint.provider)
    if found is not None and not found.provider_ref:
        Purchase.objects.filter(pk=found.pk, provider_ref="").update(provider_ref=payment.provider_ref)
    return found


def _end(hint: Hint, state: str, purchase: Purchase | None = None) -> str:
    changed = {"purchase": purchase} if purchase is not None else {}
    Hint.objects.filter(pk=hint.pk).update(state=state, **changed)
    if state == State.UNKNOWN:
        events.publish(StaffNeeded("unknown_payment"))
    return state


def verify(*, name: str, headers: dict[str, str], body: bytes) -> port.Hint:
    """Raises: NotFound: no such provider. HintForged."""
    return payments.get_port(name).hint(headers, body)
