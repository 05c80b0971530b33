"""Many at once, on a database that lets many write: PostgreSQL. Money moves once all the same."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection  # noqa: F401 — named in a condition below

from tests.apps.rooms.test_concurrency import at_once
from tests.factories import purchases as made
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Hint, Purchase, Refund
from vasistas.apps.purchases.rules import NothingToRefund
from vasistas.apps.wallet import queries as wallet
from vasistas.payments import port

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="one writer at a time"),
]
CLICKS = 6


def clicks(act: Callable[..., object], **asked) -> list[BaseException]:
    return at_once(*[lambda: made.do(act, **asked)] * CLICKS)


def test_many_clicks_buy_once(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    wanted = operations.Wanted(key, 1000, made.NAME)
    assert clicks(operations.buy, subject_id=vi.subject_id, wanted=wanted) == []
    assert Purchase.objects.count() == 1


def test_many_looks_credit_once(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.pay(purchase)
    assert clicks(operations.look, purchase_id=purchase.pk) == []
    assert wallet.balance_of(vi.subject_id) == 1000


def test_many_messages_of_one_event_are_one(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.pay(purchase)
    hint = port.Hint(event_id="evt_1", provider_ref=purchase.provider_ref)
    assert clicks(operations.store, name=made.NAME, hint=hint) == []
    assert clicks(operations.follow) == []
    assert (Hint.objects.count(), Hint.objects.get().state, wallet.balance_of(vi.subject_id)) == (1, "done", 1000)


def test_many_refunds_give_back_no_more_than_there_is(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000)

    def ask() -> None:
        made.do(operations.ask_refund, subject_id=vi.subject_id, amount=600, key=uuid.uuid4())

    raised = at_once(*[ask] * CLICKS)
    assert [type(one) for one in raised] == [NothingToRefund] * (CLICKS - 1)
    refund = Refund.objects.get()
    assert clicks(operations.run_refund, refund_id=refund.pk) == []
    refund.refresh_from_db()
    assert (refund.state, bank.says(purchase).refunded_minor, wallet.balance_of(vi.subject_id)) == ("done", 600, 400)


def test_a_dispute_while_credits_are_refunded_takes_what_is_left(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000)
    bank.act(purchase, "dispute")

    def ask() -> None:
        made.do(operations.ask_refund, subject_id=vi.subject_id, amount=600, key=uuid.uuid4())

    def look() -> None:
        made.do(operations.look, purchase_id=purchase.pk)

    raised = at_once(ask, look, look)
    assert all(isinstance(one, NothingToRefund) for one in raised)
    made.do(operations.follow)
    assert wallet.balance_of(vi.subject_id) in {0, 600}
