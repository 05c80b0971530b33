"""The doors of buying: who may pass, and what a forged, repeated or strange message does."""

import uuid
from datetime import timedelta

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import purchases as made
from tests.factories.accounts import make_member
from vasistas.apps.purchases import operations, views
from vasistas.apps.purchases.models import Hint, Purchase, Refund, SavedMethod
from vasistas.apps.wallet import queries as wallet
from vasistas.payments.sandbox import signing

pytestmark = pytest.mark.django_db
HINT = "/payments/sandbox/hint/"


def browser_of(member) -> Client:
    client = Client()
    client.force_login(member)
    return client


def form(**over: str) -> dict[str, str]:
    return {"key": str(uuid.uuid4()), "pack": "2500", "amount": "", "way": "sandbox:", **over}


def post_hint(headers: dict[str, str], body: bytes):
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return Client().post(HINT, body, content_type="application/json", **named)


def signed(event: str, ref: str, at: float, key: bytes = made.KEY) -> tuple[dict[str, str], bytes]:
    body = f'{{"event_id":"{event}","provider_ref":"{ref}"}}'.encode()
    return {signing.HEADER: signing.sign(body, key=key, now=at)}, body


# -- Buying ------------------------------------------------------------------------------------------------------------


def test_buying_sends_the_browser_to_the_provider(bank) -> None:
    vi = made.make_payer()
    answer = browser_of(vi).post(reverse("purchases:buy"), form())
    purchase = Purchase.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{bank.url}/pay/{purchase.provider_ref}")
    assert (purchase.amount, purchase.subject_id) == (2500, vi.subject_id)


def test_a_double_click_buys_once(bank) -> None:
    client, sent = browser_of(made.make_payer()), form()
    first, second = (client.post(reverse("purchases:buy"), sent) for _click in range(2))
    assert first["Location"] == second["Location"]
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"pack": "free", "amount": "0"},
        {"pack": "free", "amount": "-10"},
        {"pack": "free", "amount": "4.99"},
        {"pack": "free", "amount": "500.01"},
        {"pack": "free", "amount": "9" * 40},
        {"pack": "free", "amount": "1e9"},
        {"pack": "free", "amount": "NaN"},
        {"pack": "free", "amount": "10.005"},
        {"pack": "free"},
        {"pack": "1"},
        {"pack": ""},
        {"key": "no uuid"},
        {"way": "stripe:"},
        {"way": "sandbox:1"},
        {"way": ""},
    ],
)
def test_what_is_not_sold_is_said_clearly(bank, wrong) -> None:
    client = browser_of(made.make_payer())
    answer = client.post(reverse("purchases:buy"), form(**wrong), follow=True)
    assert answer.redirect_chain[0] == (f"{reverse('pages:money')}#buy", 303)
    assert [str(one) for one in answer.context["messages"]] != []
    assert (Purchase.objects.count(), bank.asked) == (0, [])


def test_an_amount_of_ones_own_is_bought(bank) -> None:
    browser_of(made.make_payer()).post(reverse("purchases:buy"), form(pack="free", amount="12.34"))
    assert Purchase.objects.get().amount == 1234


def test_with_the_switch_off_nothing_is_bought(bank) -> None:
    answer = browser_of(make_member("Max")).post(reverse("purchases:buy"), form(), follow=True)
    assert "Paying is switched off" in str(next(iter(answer.context["messages"])))
    assert (Purchase.objects.count(), bank.asked) == (0, [])


@pytest.mark.parametrize("name", ["buy", "refund"])
def test_nobody_buys_without_an_account_or_by_a_link(bank, name) -> None:
    assert Client().post(reverse(f"purchases:{name}"), form())["Location"].startswith("/accounts/login/")
    assert browser_of(made.make_payer()).get(reverse(f"purchases:{name}")).status_code == 405


# -- Coming back -------------------------------------------------------------------------------------------------------


def test_coming_back_shows_the_truth_and_not_the_address(bank) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    client, url = browser_of(vi), reverse("purchases:returned", args=[purchase.reference])
    assert b"Waiting for the payment" in client.get(f"{url}?state=paid&status=success").content
    assert wallet.balance_of(vi.subject_id) == 0
    bank.pay(purchase)
    assert b"250 credits" not in client.get(url).content
    assert b"100 credits (\xe2\x82\xac10.00) are yours." in client.get(url).content
    assert wallet.balance_of(vi.subject_id) == 1000


def test_coming_back_while_the_provider_is_away_says_so(bank) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.away = True
    answer = browser_of(vi).get(reverse("purchases:returned", args=[purchase.reference]))
    assert (answer.status_code, b"nothing is lost" in answer.content) == (200, True)


def test_the_purchase_of_another_is_not_there(bank) -> None:
    purchase = made.buy(made.make_payer())
    url = reverse("purchases:returned", args=[purchase.reference])
    assert browser_of(make_member("Max")).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert browser_of(make_member("Bo")).get(reverse("purchases:returned", args=[uuid.uuid4()])).status_code == 404


# -- The provider's messages -------------------------------------------------------------------------------------------


def test_a_message_is_kept_once_and_credits_once(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.pay(purchase, card="twice")
    for headers, body in bank.told(purchase, count=2):
        assert post_hint({signing.HEADER: headers[signing.HEADER]}, body).status_code == 200
    assert Hint.objects.count() == 1
    assert wallet.balance_of(vi.subject_id) == 0, "a message is looked at by the worker"
    for _round in range(2):
        made.do(operations.follow, at=now + timedelta(seconds=30))
    assert wallet.balance_of(vi.subject_id) == 1000
    headers, body = bank.told(purchase)[0]
    assert post_hint({signing.HEADER: headers[signing.HEADER]}, body).status_code == 200
    assert made.do(operations.follow, at=now + timedelta(seconds=30)) == 0


def test_forged_messages_are_refused_in_one_way(bank) -> None:
    purchase = made.buy(made.make_payer())
    at = bank.clock.now
    good, body = signed("evt_1", purchase.provider_ref, at)
    answers = [
        post_hint({}, body),
        post_hint({signing.HEADER: ""}, body),
        post_hint({signing.HEADER: "t=,v1="}, body),
        post_hint(good, body.replace(b"evt_1", b"evt_2")),
        post_hint(*signed("evt_1", purchase.provider_ref, at, key=b"another key of thirty-two signs, or so")),
        post_hint(*signed("evt_1", purchase.provider_ref, at - signing.TOLERANCE_S - 2)),
        post_hint(good, b""),
    ]
    assert {(one.status_code, one.content) for one in answers} == {(400, views.FORGED.encode())}
    assert Hint.objects.count() == 0


def test_strange_messages_do_no_harm(bank, now, called) -> None:
    assert Client().post("/payments/nobody/hint/", b"{}", content_type="application/json").status_code == 404
    assert Client().get(HINT).status_code == 405
    assert post_hint(*signed("evt_1", "x" * views.HINT_BYTES_MAX, bank.clock.now)).status_code == 400
    for event, ref in (("evt_2", "sbx_nobody"), ("evt_3", "")):
        assert post_hint(*signed(event, ref, bank.clock.now)).status_code == 200
    made.do(operations.follow, at=now + timedelta(seconds=5))
    states = dict(Hint.objects.values_list("event_id", "state"))
    assert (states, called) == ({"evt_2": "unknown", "evt_3": "done"}, ["unknown_payment"])


def test_a_message_finds_a_purchase_whose_checkout_was_not_noted(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.pay(purchase)
    ref = purchase.provider_ref
    Purchase.objects.update(provider_ref="", checkout_url="")  # killed right after the provider began
    assert post_hint(*signed("evt_1", ref, bank.clock.now)).status_code == 200
    made.do(operations.follow, at=now + timedelta(seconds=5))
    purchase.refresh_from_db()
    assert (purchase.provider_ref, purchase.state, wallet.balance_of(vi.subject_id)) == (ref, "paid", 1000)


def test_a_message_waits_for_a_provider_that_is_away(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.buy(vi)
    bank.pay(purchase)
    assert post_hint(*signed("evt_1", purchase.provider_ref, bank.clock.now)).status_code == 200
    bank.away = True
    made.do(operations.follow, at=now + timedelta(seconds=5))
    bank.away = False
    made.do(operations.follow, at=now + timedelta(minutes=2))
    assert (Hint.objects.get().state, wallet.balance_of(vi.subject_id)) == ("done", 1000)


# -- Giving back, forgetting -------------------------------------------------------------------------------------------


def test_unused_credits_go_back_by_a_form(bank) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500)
    sent = {"key": str(uuid.uuid4()), "amount": "10.00"}
    client = browser_of(vi)
    for _click in range(2):
        answer = client.post(reverse("purchases:refund"), sent)
        assert answer["Location"] == f"{reverse('pages:money')}#purchases"
    assert (Refund.objects.get().state, wallet.balance_of(vi.subject_id)) == ("done", 1500)


@pytest.mark.parametrize("amount", ["0", "-1", "25.01", "abc", "", "1e30"])
def test_more_than_is_unused_does_not_go_back(bank, amount) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, 2500)
    answer = browser_of(vi).post(reverse("purchases:refund"), {"key": str(uuid.uuid4()), "amount": amount})
    assert answer["Location"] == f"{reverse('pages:money')}#refund"
    assert (Refund.objects.count(), wallet.balance_of(vi.subject_id)) == (0, 2500)


def test_a_saved_way_is_forgotten_in_one_click_at_the_provider_too(bank) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, saves_method=True)
    method = SavedMethod.objects.get()
    url = reverse("purchases:forget_method", args=[method.pk])
    assert browser_of(make_member("Max")).post(url).status_code == 404
    assert browser_of(vi).post(url).status_code == 302
    assert SavedMethod.objects.count() == 0
    again = made.buy(vi)
    assert httpx.post(f"{bank.url}/pay/{again.provider_ref}", data={"card": method.token}).status_code == 409


def test_a_way_is_forgotten_later_when_the_provider_is_away(bank, now) -> None:
    vi = made.make_payer()
    made.bought(bank, vi, saves_method=True)
    bank.away = True
    browser_of(vi).post(reverse("purchases:forget_method", args=[SavedMethod.objects.get().pk]))
    assert b"Visa" not in browser_of(vi).get(reverse("pages:money")).content
    bank.away = False
    made.do(operations.follow, at=now + timedelta(minutes=1))
    assert SavedMethod.objects.count() == 0
