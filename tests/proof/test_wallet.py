"""The ledger's check looks at what stands, and at what the database refuses; on both engines."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from tests.factories.accounts import make_member
from tests.factories.wallet import give
from vasistas.apps.wallet.models import Account, Transfer
from vasistas.proof.checks import wallet

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def test_books_that_balance_are_found_so_and_left_as_they_were():
    give(make_member("Vi", password=None), 500)
    before = (Transfer.objects.count(), Account.objects.count())

    found = wallet.ledger_balances(NOW)

    assert (found.ok, found.detail) == (True, "")
    assert found.counted > before[0]
    assert (Transfer.objects.count(), Account.objects.count()) == before


def test_money_from_nowhere_is_found():
    wallet.drop_the_rules(NOW)

    found = wallet.ledger_balances(NOW)

    assert not found.ok
    assert "sum of wallet.Entry" in found.detail
    assert "taken: " in found.detail


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE wallet_account SET balance = balance + 7 WHERE kind = 'member'", "sum of wallet.Account"),
        ("UPDATE wallet_entry SET amount = amount + 7 WHERE amount > 0", "sum of wallet.Transfer"),
    ],
)
def test_what_was_changed_past_the_rules_is_found(change, told):
    give(make_member("Vi", password=None), 500)
    with connection.cursor() as cursor:
        for name, table in wallet._triggers(cursor):
            cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
        cursor.execute(change)

    found = wallet.ledger_balances(NOW)

    assert not found.ok
    assert told in found.detail.split(", ")
