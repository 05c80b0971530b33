"""A purchase begins once for each form, and only for somebody who let themselves."""

import uuid
from datetime import timedelta

import pytest

from tests.factories import purchases as made
from tests.factories.accounts import make_member
from tests.factories.consents import withdraw
from vasistas.apps.purchases.models import Purchase, SavedMethod
from vasistas.apps.purchases.rules import OPEN_MAX, AmountRefused, PurchaseRefused
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.rules import OverLimit, Paused, PayingOff
from vasistas.lib.errors import LimitReached, NotFound
from vasistas.payments.port import ProviderUnreachable

pytestmark = pytest.mark.django_db


def test_buying_leads_to_the_provider(bank, now) -> None:
    purchase = made.buy(made.make_payer(), 2500, at=now)
    assert purchase.state == Purchase.State.OPEN
    assert purchase.checkout_url == f"{bank.url}/pay/{purchase.provider_ref}"
    said = bank.says(purchase)
    assert (said.reference, said.amount_minor, said.currency) == (str(purchase.reference), 2500, "EUR")


def test_the_same_form_twice_buys_once(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    first, second = made.buy(vi, key=key, at=now), made.buy(vi, key=key, at=now)
    assert first == second
    assert first.provider_ref == second.provider_ref
    assert bank.asked == ["start"]


def test_the_same_form_with_another_amount_is_refused(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    made.buy(vi, 1000, key=key, at=now)
    with pytest.raises(PurchaseRefused):
        made.buy(vi, 2500, key=key, at=now)
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1, 499, 50_001, 2**63, 10**30, True, 10.5])
def test_amounts_that_are_not_sold_are_refused(bank, now, amount) -> None:
    with pytest.raises(AmountRefused):
        made.buy(made.make_payer(), amount, at=now)
    assert (Purchase.objects.count(), bank.asked) == (0, [])


def test_nothing_is_bought_with_the_switch_off(bank, now) -> None:
    vi = made.make_payer()
    withdraw(vi.subject_id, "payments", at=now)
    for member in (vi, make_member("Max")):
        with pytest.raises(PayingOff):
            made.buy(member, at=now)
    assert (Purchase.objects.count(), bank.asked) == (0, [])


def test_nothing_is_bought_in_a_pause(bank, now) -> None:
    vi = made.make_payer()
    wallet.pause(subject_id=vi.subject_id, length=timedelta(days=1), at=now)
    with pytest.raises(Paused):
        made.buy(vi, at=now)
    assert bank.asked == []


def test_the_limit_of_the_day_counts_what_was_bought(bank, now) -> None:
    vi = made.make_payer()
    wallet.set_limit(subject_id=vi.subject_id, per_day=1500, at=now)
    made.bought(bank, vi, 1000, at=now)
    with pytest.raises(OverLimit):
        made.buy(vi, 1000, at=now)
    assert made.buy(vi, 500, at=now).state == Purchase.State.OPEN


def test_the_limit_of_the_day_counts_what_may_be_paid_yet(bank, now) -> None:
    vi = made.make_payer()
    wallet.set_limit(subject_id=vi.subject_id, per_day=1500, at=now)
    made.buy(vi, 1000, at=now)
    with pytest.raises(OverLimit):
        made.buy(vi, 1000, at=now)
    assert made.buy(vi, 500, at=now).state == Purchase.State.OPEN


def test_a_form_of_before_a_pause_begins_nothing_in_it(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    bank.away = True
    with pytest.raises(ProviderUnreachable):
        made.buy(vi, key=key, at=now)
    bank.away = False
    wallet.pause(subject_id=vi.subject_id, length=timedelta(days=1), at=now)
    with pytest.raises(Paused):
        made.buy(vi, key=key, at=now)


def test_open_checkouts_are_limited(bank, now) -> None:
    vi = made.make_payer()
    for _number in range(OPEN_MAX):
        made.buy(vi, at=now)
    with pytest.raises(LimitReached):
        made.buy(vi, at=now)


def test_a_provider_that_is_away_loses_nothing(bank, now) -> None:
    vi, key = made.make_payer(), uuid.uuid4()
    bank.away = True
    with pytest.raises(ProviderUnreachable):
        made.buy(vi, key=key, at=now)
    bank.away = False
    assert made.buy(vi, key=key, at=now).checkout_url
    assert Purchase.objects.count() == 1


def test_a_way_to_pay_of_somebody_else_is_not_there(bank, now) -> None:
    vi, max_ = made.make_payer(), made.make_payer("Max")
    made.bought(bank, max_, saves_method=True, at=now)
    method = SavedMethod.objects.get(subject=max_.subject_id)
    with pytest.raises(NotFound):
        made.buy(vi, method_id=method.pk, at=now)


def test_a_saved_way_pays_again(bank, now) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, saves_method=True, at=now)
    method = SavedMethod.objects.get()
    again = made.buy(vi, method_id=method.pk, at=now)
    bank.pay(again, card=method.token)
    assert bank.says(again).state == "paid"
    assert method.label == "Visa ··42"
