"""What staff can show a bank: the purchase, what it paid for, and documents of other parts."""

import csv
import io
import json
import zipfile

import pytest

from tests.apps.purchases.test_settling import spend
from tests.factories import purchases as made
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Dispute
from vasistas.apps.purchases.rules import NoDispute

pytestmark = pytest.mark.django_db


def receipts(subject_id, since, until):
    assert since < until
    yield f"receipt-{subject_id}.json", b"{}"


def test_a_pack_has_purchase_ledger_and_receipts(bank, now) -> None:
    vi = made.make_payer()
    purchase = made.bought(bank, vi, 2500, at=now)
    spend(vi, 1500, now)
    operations.wire_evidence({"sessions": receipts})
    try:
        with zipfile.ZipFile(io.BytesIO(made.do(operations.pack, purchase=purchase))) as packed:
            facts = json.loads(packed.read("purchase.json"))
            lines = list(csv.DictReader(io.StringIO(packed.read("ledger.csv").decode())))
            names, answer = packed.namelist(), packed.read("answer.txt").decode()
    finally:
        operations.wire_evidence({})
    assert (facts["reference"], facts["amount_minor"]) == (str(purchase.reference), 2500)
    assert [(line["what"], line["amount_minor"]) for line in lines] == [("bought", "2500"), ("tip", "-1500")]
    assert f"sessions/receipt-{vi.subject_id}.json" in names
    assert "tip  -1500" in answer


def test_the_answer_goes_to_the_provider_while_a_dispute_is_open(bank, now) -> None:
    purchase = made.bought(bank, made.make_payer(), 2500, at=now)
    with pytest.raises(NoDispute):
        made.do(operations.submit, purchase=purchase)
    bank.act(purchase, "dispute")
    made.do(operations.look, purchase_id=purchase.pk)
    with made.processing("finance", reason="test"):
        operations.submit(purchase=purchase, at=now)
    assert Dispute.objects.get().answered_at == now
