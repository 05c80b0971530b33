"""When somebody is erased: the provider forgets, what is under way ends, and what is left goes to nobody's account."""

import uuid

import httpx
import pytest

from tests.apps.purchases.test_settling import balance_of_site
from tests.factories import purchases as made
from vasistas import payments
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.operations.erasing import StillRunning
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Hint, Purchase, SavedMethod
from vasistas.apps.wallet.models import Holder, Kind
from vasistas.guard.purposes import processing
from vasistas.payments import port

pytestmark = pytest.mark.django_db


def erase(member, now, tmp_path) -> None:
    with processing("rights"):
        privacy.erase(subject_id=member.subject_id, at=now, data=tmp_path)


def test_the_provider_forgets_and_the_rest_is_unclaimed(bank, now, tmp_path) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500, saves_method=True, at=now)
    token = SavedMethod.objects.get().token
    paid_and_not_told = made.buy(vi, 1000, at=now)
    bank.pay(paid_and_not_told)
    erase(vi, now, tmp_path)
    assert balance_of_site(Kind.UNCLAIMED) == 3500
    assert (Purchase.objects.count(), SavedMethod.objects.count(), Holder.objects.count()) == (0, 0, 0)
    other = made.buy(made.make_payer("Max"), at=now)
    assert httpx.post(f"{bank.url}/pay/{other.provider_ref}", data={"card": token}).status_code == 409


def test_rows_wait_for_a_provider_that_is_away(bank, now, tmp_path) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500, saves_method=True, at=now)
    bank.away = True
    with pytest.raises(StillRunning):
        erase(vi, now, tmp_path)
    assert SavedMethod.objects.count() == 1
    bank.away = False
    erase(vi, now, tmp_path)
    assert (SavedMethod.objects.count(), balance_of_site(Kind.UNCLAIMED)) == (0, 2500)


def test_a_provider_that_is_gone_is_not_waited_for(bank, now, tmp_path, called) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500, saves_method=True, at=now)
    made.buy(vi, at=now)
    made.do(operations.ask_refund, subject_id=vi.subject_id, amount=1000, key=uuid.uuid4(), at=now)
    payments.configure({})
    erase(vi, now, tmp_path)
    assert balance_of_site(Kind.UNCLAIMED) == 2500
    assert (SavedMethod.objects.count(), called) == (0, ["method_not_forgotten"])


@pytest.mark.parametrize("end", ["", "won"])
def test_what_a_bank_takes_back_afterwards_is_the_sites_cost(bank, now, tmp_path, end) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    erase(vi, now, tmp_path)
    bank.act(purchase, "refund", amount="5.00")
    bank.act(purchase, "dispute")
    if end:
        bank.act(purchase, end)
    for number in range(2):
        told = port.Hint(event_id=f"evt_{number}", provider_ref=purchase.provider_ref)
        made.do(operations.store, name="sandbox", hint=told, at=now)
    made.do(operations.follow, at=now)
    assert {hint.state for hint in Hint.objects.all()} == {"done"}
    assert balance_of_site(Kind.REVENUE) == -500
    assert balance_of_site(Kind.DISPUTES) == (0 if end else -2000)
    assert balance_of_site(Kind.CLEARING, "sandbox") == (-2000 if end else 0)
