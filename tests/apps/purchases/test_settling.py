"""What the provider says is taken in once, however often and in whatever order it is heard."""

import itertools
import uuid
from datetime import timedelta

import msgspec
import pytest

from tests.factories import purchases as made
from tests.factories import wallet as credits_
from tests.factories.accounts import make_member
from vasistas.apps.purchases import operations, rules
from vasistas.apps.purchases.models import Dispute, Purchase, Refund
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import Entry, Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.payments.port import Payment

pytestmark = pytest.mark.django_db
State = Purchase.State


def balance_of_site(kind: str, detail: str = "") -> int:
    return queries.balance(wallet.site_account(kind, detail))


def spend(member, amount: int, now) -> None:
    """Vi pays Ada, a host."""
    ada = make_member("Ada")
    legs = [Leg(wallet.account_of(ada.subject_id, Kind.HOST).pk, amount)]
    wallet.spend(subject_id=member.subject_id, legs=legs, key=f"tip:{uuid.uuid4()}", kind=TransferKind.TIP, at=now)


def test_what_is_paid_is_credited_once(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    for _again in range(3):
        purchase = made.do(operations.look, purchase_id=purchase.pk)
    assert (purchase.state, purchase.checkout_url) == (State.PAID, "")
    assert queries.balance_of(vi.subject_id) == 2500
    assert balance_of_site(Kind.CLEARING, "sandbox") == -2500
    assert Entry.objects.count() == 2


@pytest.mark.parametrize("card", ["declined", "challenge", "slow"])
def test_what_is_not_paid_is_not_credited(bank, now, card) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi, at=now)
    bank.pay(purchase, card=card)
    purchase = made.do(operations.look, purchase_id=purchase.pk)
    assert purchase.state == (State.FAILED if card == "declined" else State.OPEN)
    assert queries.balance_of(vi.subject_id) == 0


def test_an_expired_checkout_credits_nothing(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi, at=now)
    bank.clock.now += rules.CHECKOUT_FOR.total_seconds() + 1
    assert made.do(operations.look, purchase_id=purchase.pk).state == State.EXPIRED
    assert bank.pay(purchase).status_code == 409
    assert queries.balance_of(vi.subject_id) == 0


@pytest.mark.parametrize(
    "lies",
    [{"amount_minor": 999}, {"amount_minor": 100_000}, {"currency": "USD"}, {"reference": str(uuid.uuid4())}],
)
def test_another_amount_currency_or_number_is_never_credited(bank, now, called, lies) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi, at=now)
    bank.pay(purchase)
    bank.lies = lies
    for _again in range(2):
        assert made.do(operations.look, purchase_id=purchase.pk).state == State.WRONG
    bank.lies = {}
    assert made.do(operations.look, purchase_id=purchase.pk).state == State.WRONG
    assert (queries.balance_of(vi.subject_id), Entry.objects.count(), called) == (0, 0, ["wrong_payment"])


def test_a_lost_webhook_loses_nothing(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi, at=now)
    made.do(operations.follow, at=now + timedelta(seconds=11))
    bank.pay(purchase)
    assert made.do(operations.follow, at=now + timedelta(seconds=12)) == 0, "it waits longer each time"
    made.do(operations.follow, at=now + timedelta(seconds=60))
    assert queries.balance_of(vi.subject_id) == 1000
    assert made.do(operations.follow, at=now + timedelta(days=30)) == 0


def test_a_provider_that_is_away_is_asked_again_until_a_person_looks(bank, now, called) -> None:
    purchase = made.buy(made.make_payer(), at=now)
    bank.away, at = True, now
    while purchase.next_read_at is not None:
        at = purchase.next_read_at
        made.do(operations.follow, at=at)
        purchase.refresh_from_db()
    assert at - now > rules.READ_FOR
    assert purchase.reads < 60
    assert called == ["unread_purchase"]


def test_a_refund_at_the_providers_side_takes_what_is_left(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    spend(vi, 1500, now)
    bank.act(purchase, "refund", amount="20.00")
    for _again in range(2):
        made.do(operations.look, purchase_id=purchase.pk)
    assert queries.balance_of(vi.subject_id) == 0
    assert balance_of_site(Kind.REVENUE) == -1000
    assert balance_of_site(Kind.CLEARING, "sandbox") == -500
    refund = Refund.objects.get()
    assert (refund.amount, refund.taken, refund.by, refund.state) == (2000, 1000, "provider", "done")


@pytest.mark.parametrize("end", ["", "lost", "won"])
def test_a_chargeback_takes_credits_and_never_what_a_host_earned(bank, now, called, end) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    spend(vi, 1500, now)
    bank.act(purchase, "dispute")
    made.do(operations.look, purchase_id=purchase.pk)
    if end:
        bank.act(purchase, end)
    for _again in range(2):
        made.do(operations.look, purchase_id=purchase.pk)
    is_won = end == "won"
    assert queries.balance_of(vi.subject_id) == (1000 if is_won else 0)
    assert balance_of_site(Kind.DISPUTES) == (0 if is_won else -1500)
    assert balance_of_site(Kind.CLEARING, "sandbox") == (-2500 if is_won else 0)
    assert sum(Entry.objects.filter(account__kind=Kind.HOST).values_list("amount", flat=True)) == 1500
    assert Dispute.objects.get().state == (end or "open")
    assert called == ["dispute"]


def test_credits_of_another_purchase_pay_no_more_than_what_is_disputed(bank, now) -> None:
    vi = made.make_payer()
    first = made.bought(bank, vi, 1000, at=now)
    made.bought(bank, vi, 5000, at=now)
    bank.act(first, "dispute")
    made.do(operations.look, purchase_id=first.pk)
    assert queries.balance_of(vi.subject_id) == 5000


def heard(purchase: Purchase, **said) -> Payment:
    facts = {
        "provider_ref": purchase.provider_ref,
        "reference": str(purchase.reference),
        "amount_minor": purchase.amount,
        "currency": purchase.currency,
    }
    return msgspec.convert({**facts, **said}, Payment)


SAID = [
    {"state": "open"},
    {"state": "paid"},
    {"state": "paid", "refunded_minor": 400},
    {"state": "paid", "refunded_minor": 400, "dispute": "open", "disputed_minor": 600},
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(SAID)))))
def test_messages_in_any_order_end_alike(bank, now, order) -> None:
    vi = made.make_payer()
    credits_.give(vi, 300, at=now)
    purchase = made.buy(vi, 1000, at=now)
    for number in (*order, *order):
        made.do(operations.take_in, purchase_id=purchase.pk, payment=heard(purchase, **SAID[number]))
    purchase.refresh_from_db()
    assert purchase.state == State.PAID
    assert queries.balance_of(vi.subject_id) == 300
    assert balance_of_site(Kind.CLEARING, "sandbox") == 0
    assert (Refund.objects.count(), Dispute.objects.count()) == (1, 1)
