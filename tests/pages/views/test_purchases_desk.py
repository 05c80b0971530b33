"""The staff's window on purchases: found, refunded with a reason, disputes answered; each read is written down."""

import io
import uuid
import zipfile

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import purchases as made
from tests.factories.accounts import make_member
from tests.pages.views.test_changes import use_second_factor
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Dispute, Refund
from vasistas.apps.wallet import queries as wallet
from vasistas.guard.purposes import processing
from vasistas.guard.reads import queries as reads

pytestmark = pytest.mark.django_db
LIST = "/staff/purchases/"


@pytest.fixture
def sam() -> Client:
    client = Client()
    client.force_login(make_member("Sam", is_staff=True, is_superuser=True))
    use_second_factor(client)
    return client


def page_of(purchase) -> str:
    return reverse("pages:staff_purchase", args=[purchase.reference])


def test_a_purchase_is_found_by_either_number_and_state(bank, sam) -> None:
    vi = made.make_payer()
    paid, open_ = made.bought(bank, vi), made.buy(vi)
    for asked in ({"text": str(paid.reference)}, {"text": paid.provider_ref}, {"state": "paid"}):
        assert list(sam.get(LIST, asked).context["page"].object_list) == [paid]
    assert list(sam.get(LIST, {"state": "needs"}).context["page"].object_list) == []
    assert list(sam.get(LIST).context["page"].object_list) == [open_, paid]
    for odd in ({"text": "x" * 500}, {"state": "odd"}, {"page": "-1"}, {"text": "'; --"}):
        assert sam.get(LIST, odd).status_code == 200


def test_each_read_stands_in_the_log_of_its_person(bank, sam) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi)
    sam.get(page_of(purchase))
    with processing("rights"):
        entries = [one for one in reads.reads_of(vi.subject_id) if one.actor_kind == "staff"]
    assert f"purchase {purchase.reference}" in {one.reason for one in entries}
    assert {one.purpose for one in entries} == {"finance"}


def test_staff_refunds_with_a_reason(bank, sam) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500)
    sent = {"act": "refund", "key": str(uuid.uuid4()), "amount": "5.00"}
    assert sam.post(page_of(purchase), sent).status_code == 422
    assert Refund.objects.count() == 0
    for _click in range(2):
        assert sam.post(page_of(purchase), {**sent, "reason": "The room broke down."}).status_code == 302
    refund = Refund.objects.get()
    assert (refund.by, refund.state, refund.reason) == ("staff", "done", "The room broke down.")
    assert wallet.balance_of(vi.subject_id) == 2000
    assert (
        sam.post(page_of(purchase), {**sent, "key": str(uuid.uuid4()), "amount": "20.01", "reason": "x"}).status_code
        == 422
    )


def test_a_dispute_has_a_day_a_pack_and_an_answer(bank, sam) -> None:
    purchase = made.bought(bank, made.make_payer(), 2500)
    bank.act(purchase, "dispute")
    assert sam.post(page_of(purchase), {"act": "look"}).status_code == 302
    assert list(sam.get(LIST, {"state": "needs"}).context["page"].object_list) == [purchase]
    markup = sam.get(page_of(purchase)).content.decode()
    assert "Answer until" in markup
    assert "No host pays for it." in markup
    packed = sam.get(reverse("pages:staff_evidence", args=[purchase.reference]))
    with zipfile.ZipFile(io.BytesIO(packed.getvalue())) as archive:
        assert set(archive.namelist()) == {"purchase.json", "ledger.csv", "answer.txt"}
    assert sam.post(page_of(purchase), {"act": "answer"}).status_code == 302
    assert Dispute.objects.get().answered_at is not None
    assert httpx.get(f"{bank.url}/dashboard/").status_code == 200
    assert list(sam.get(LIST, {"state": "needs"}).context["page"].object_list) == []


def test_a_provider_that_is_away_is_said(bank, sam) -> None:
    purchase = made.buy(made.make_payer())
    bank.away = True
    answer = sam.post(page_of(purchase), {"act": "look"}, follow=True)
    assert "does not answer" in str(next(iter(answer.context["messages"])))


def test_a_stuck_refund_is_tried_again(bank, sam) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi)
    (refund,) = made.do(operations.ask_refund, subject_id=vi.subject_id, amount=1000, key=uuid.uuid4())
    Refund.objects.update(state="stuck")
    assert sam.post(page_of(purchase), {"act": "again", "refund": str(refund.pk)}).status_code == 302
    refund.refresh_from_db()
    assert refund.state == "done"
    for odd in ({"act": "odd"}, {"act": "again", "refund": "x"}, {"act": "again", "refund": "9" * 30}):
        assert sam.post(page_of(purchase), odd).status_code == 404


def test_nobody_else_gets_in(bank) -> None:
    purchase = made.bought(bank, made.make_payer())
    member = Client()
    member.force_login(make_member("Max"))
    for page in (LIST, page_of(purchase), reverse("pages:staff_evidence", args=[purchase.reference])):
        assert Client().get(page).status_code == 302
        assert member.get(page).status_code == 404
    assert member.post(page_of(purchase), {"act": "look"}).status_code == 404


def test_money_is_given_back_by_who_just_used_a_second_factor(bank) -> None:
    purchase = made.bought(bank, made.make_payer())
    client = Client()
    client.force_login(make_member("Sam", is_staff=True, is_superuser=True))
    use_second_factor(client, ago_s=3_600)
    answer = client.post(page_of(purchase), {"act": "refund", "amount": "1.00", "reason": "asked for"})

    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert not Refund.objects.exists()


def test_nobody_gives_money_back_to_themselves(bank) -> None:
    lea = made.make_payer("Lea", is_staff=True, is_superuser=True)
    purchase = made.bought(bank, lea)
    client = Client()
    client.force_login(lea)
    use_second_factor(client)

    assert client.post(page_of(purchase), {"act": "refund", "amount": "1.00", "reason": "asked for"}).status_code == 403
    assert not Refund.objects.exists()
