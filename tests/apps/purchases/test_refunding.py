"""Money goes back once: to where it came from, no more than was paid and is unused, whatever dies on the way."""

import uuid
from datetime import timedelta

import pytest

from tests.apps.purchases.test_settling import balance_of_site, spend
from tests.factories import purchases as made
from tests.factories import wallet as credits_
from vasistas.apps.purchases import operations, queries, rules
from vasistas.apps.purchases.models import Refund, wait_after
from vasistas.apps.purchases.rules import NothingToRefund
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Kind

pytestmark = pytest.mark.django_db
State = Refund.State
WAY = "sandbox:refunds"


def ask(member, amount: int, key=None, **over):
    key = key or uuid.uuid4()
    return made.do(operations.ask_refund, subject_id=member.subject_id, amount=amount, key=key, **over)


def run(refund, **over):
    return made.do(operations.run_refund, refund_id=refund.pk, **over)


def test_the_newest_purchase_goes_back_first(bank, now) -> None:
    vi = made.make_payer()
    old = made.bought(bank, vi, 1000, at=now - timedelta(minutes=30))
    new = made.bought(bank, vi, 2500, at=now)
    refunds = ask(vi, 3000)
    assert [(one.purchase, one.amount) for one in refunds] == [(new, 2500), (old, 500)]
    assert wallet.balance_of(vi.subject_id) == 500
    assert [run(one).state for one in refunds] == [State.DONE, State.DONE]
    assert (bank.says(new).refunded_minor, bank.says(old).refunded_minor) == (2500, 500)
    assert (balance_of_site(Kind.CLEARING, "sandbox"), balance_of_site(Kind.CLEARING, WAY)) == (-500, 0)


def test_no_more_goes_back_than_is_unused(bank, now) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500, at=now)
    spend(vi, 2000, now)
    assert queries.unused(vi.subject_id) == 500
    for amount in (501, 0, -1, 2**63):
        with pytest.raises(NothingToRefund):
            ask(vi, amount)
    assert [one.amount for one in ask(vi, 500)] == [500]


def test_credits_that_were_given_are_not_paid_out(bank, now) -> None:
    vi = made.make_payer()
    credits_.give(vi, 5000, at=now)
    made.bought(bank, vi, 1000, at=now)
    assert queries.unused(vi.subject_id) == 1000
    with pytest.raises(NothingToRefund):
        ask(vi, 1001)


def test_the_same_form_twice_gives_back_once(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    made.bought(bank, vi, 2500, at=now)
    first, second = ask(vi, 1000, key), ask(vi, 1000, key)
    assert first == second
    for one in (*first, *second):
        run(one)
    assert (wallet.balance_of(vi.subject_id), bank.asked.count("refund")) == (1500, 1)


@pytest.mark.parametrize("dies", ["before", "after"])
def test_killed_on_the_way_it_goes_on(bank, now, dies) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000, at=now)
    (refund,) = ask(vi, 600, at=now)
    bank.dies = dies
    with pytest.raises(made.Killed):
        run(refund, at=now)
    refund.refresh_from_db()
    assert refund.state == State.HELD
    assert wallet.balance_of(vi.subject_id) == 400
    bank.dies = ""
    assert made.do(operations.follow, at=now) == 0, "another process may still be at it"
    made.do(operations.follow, at=now + wait_after(1))
    refund.refresh_from_db()
    assert refund.state == State.DONE
    assert bank.says(purchase).refunded_minor == 600
    assert balance_of_site(Kind.CLEARING, "sandbox") == -400
    assert Refund.objects.count() == 1, "what we gave back ourselves is not noticed as another's"


def test_a_webhook_between_provider_and_ledger_changes_nothing(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000, at=now)
    (refund,) = ask(vi, 600, at=now)
    bank.dies = "after"
    with pytest.raises(made.Killed):
        run(refund, at=now)
    made.do(operations.look, purchase_id=purchase.pk)
    assert (Refund.objects.count(), wallet.balance_of(vi.subject_id)) == (1, 400)


def test_what_the_provider_refuses_comes_back(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000, at=now)
    (refund,) = ask(vi, 1000)
    bank.act(purchase, "refund", amount="10.00")  # somebody was quicker at the provider
    assert run(refund).state == State.REFUSED
    assert wallet.balance_of(vi.subject_id) == 1000
    made.do(operations.look, purchase_id=purchase.pk)
    assert wallet.balance_of(vi.subject_id) == 0, "and then what was given back there is noticed"


def test_a_provider_that_stays_away_leaves_it_to_a_person(bank, now, called) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 1000, at=now)
    (refund,) = ask(vi, 1000, at=now)
    bank.away = True
    while refund.state == State.HELD:
        run(refund, at=refund.next_try_at)
        refund.refresh_from_db()
    assert (refund.tries, refund.state, called) == (rules.TRIES_MAX, State.STUCK, ["stuck_refund"])
    assert wallet.balance_of(vi.subject_id) == 0
    bank.away = False
    assert made.do(operations.try_refund_again, refund_id=refund.pk).state == State.DONE


def test_nothing_goes_back_of_what_a_bank_disputes(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 1000, at=now)
    credits_.give(vi, 1000, at=now)
    bank.act(purchase, "dispute")
    made.do(operations.look, purchase_id=purchase.pk)
    assert queries.unused(vi.subject_id) == 0
    with pytest.raises(NothingToRefund):
        ask(vi, 100)


def test_staff_gives_back_what_was_spent_at_the_sites_cost(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    spend(vi, 2000, now)
    asked = {"purchase_id": purchase.pk, "amount": 1500, "reason": "The room broke down.", "key": uuid.uuid4()}
    refund = made.do(operations.refund_by_staff, **asked)
    assert made.do(operations.refund_by_staff, **asked) == refund
    assert run(refund).state == State.DONE
    assert (wallet.balance_of(vi.subject_id), balance_of_site(Kind.REVENUE)) == (0, -1000)
    with pytest.raises(NothingToRefund):
        made.do(operations.refund_by_staff, **{**asked, "key": uuid.uuid4(), "amount": 1001})
