"""What somebody with the database's password may try, on both engines: each is refused, and nothing of it stays."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import Error, connection, transaction

from tests.factories.accounts import make_member
from tests.factories.wallet import AT, give
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import AMOUNT_MAX, Account, Entry, Kind, Transfer

pytestmark = pytest.mark.django_db

ENTRY = "INSERT INTO wallet_entry (transfer_id, account_id, amount) VALUES (%s, %s, %s)"
TRANSFER = "INSERT INTO wallet_transfer (id, key, kind, reference, at) VALUES (%s, %s, 'given', '', %s)"
ACCOUNT = "INSERT INTO wallet_account (kind, number, detail, floor, balance) VALUES ('member', %s, '', 0, %s)"
ON_SQLITE = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="words of SQLite")


def stored(number: uuid.UUID) -> Any:
    return Transfer._meta.pk.get_db_prep_value(number, connection)


def at() -> Any:
    return connection.ops.adapt_datetimefield_value(AT)


@pytest.fixture
def vi() -> Account:
    """Vi's credits: 1,000, by one transfer."""
    member = make_member("Vi", password=None)
    give(member, 1_000)
    return wallet.account_of(member.subject_id)


@pytest.fixture
def books(vi: Account):
    """The books as they stand must be what they are after the test."""
    before = everything()
    yield before
    assert everything() == before
    assert (queries.unbalanced_transfers(), queries.wrong_balances(), queries.below_floor()) == (0, 0, 0)


def everything() -> list[Any]:
    rows: list[Any] = [list(model.objects.order_by("pk").values_list()) for model in (Account, Transfer, Entry)]
    return rows


def assert_refused(*statements: tuple[str, Sequence[Any]]) -> None:
    """Run them as one transaction, its constraints checked as at commit."""
    with pytest.raises(Error):
        run(statements)


def run(statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)
        connection.check_constraints()


@pytest.mark.parametrize("table", ["wallet_entry", "wallet_transfer"])
def test_nothing_entered_is_removed(books, table):
    assert_refused((f"DELETE FROM {table}", []))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE wallet_entry SET amount = amount",
        "UPDATE wallet_entry SET account_id = account_id",
        "UPDATE wallet_transfer SET key = 'another'",
        "UPDATE wallet_account SET balance = 7 WHERE kind = 'member'",
        "UPDATE wallet_account SET balance = NULL, floor = NULL WHERE kind = 'member'",
        "UPDATE wallet_account SET floor = -100000 WHERE kind = 'member'",
        "DELETE FROM wallet_account WHERE kind = 'member'",
    ],
)
def test_nothing_that_stands_is_changed(books, change):
    assert_refused((change, []))


@pytest.mark.parametrize("amounts", [[7], [7, -6], [7, -7, 1], [AMOUNT_MAX + 1, -AMOUNT_MAX - 1], [-1_001, 1_001]])
def test_a_transfer_that_is_none_is_not_taken(books, vi, amounts):
    new = stored(uuid.uuid4())
    others = [wallet.site_account(Kind.PROMOTIONS).pk, wallet.site_account(Kind.REVENUE).pk]
    before = everything()
    entries = [(ENTRY, [new, account, one]) for account, one in zip([vi.pk, *others], amounts, strict=False)]

    assert_refused(*entries, (TRANSFER, [new, "bare", at()]))
    assert_refused((TRANSFER, [new, "bare", at()]), *entries)
    assert everything() == before
    Account.objects.filter(pk=others[1]).delete()  # made here, and empty


def test_entries_without_their_transfer_are_not_taken(books, vi):
    new, other = stored(uuid.uuid4()), wallet.site_account(Kind.PROMOTIONS).pk

    assert_refused((ENTRY, [new, vi.pk, -7]), (ENTRY, [new, other, 7]))


def test_a_transfer_that_stands_takes_no_more(books, vi):
    standing = stored(Transfer.objects.get().pk)

    assert_refused((ENTRY, [standing, vi.pk, 7]))


def test_an_account_does_not_begin_with_money(books):
    assert_refused((ACCOUNT, [stored(uuid.uuid4()), 5_000]))


@ON_SQLITE
def test_nothing_is_written_anew(books, vi):
    """A row that replaces another fires no trigger of DELETE."""
    entry, standing = Entry.objects.filter(account=vi).get(), stored(Transfer.objects.get().pk)
    new, key = stored(uuid.uuid4()), Transfer.objects.get().key
    with_id = "INSERT OR REPLACE INTO wallet_entry (id, transfer_id, account_id, amount) VALUES (%s, %s, %s, %s)"
    whole = "INSERT OR REPLACE INTO wallet_account (id, kind, number, detail, floor, balance)"

    assert_refused((with_id, [entry.pk, new, vi.pk, 5]))
    assert_refused((TRANSFER.replace("INSERT", "INSERT OR REPLACE"), [standing, "another", at()]))
    assert_refused((TRANSFER.replace("INSERT", "INSERT OR REPLACE"), [new, key, at()]))
    assert_refused((f"{whole} VALUES (%s, 'member', %s, '', 0, 0)", [vi.pk, stored(vi.number)]))
    assert_refused((f"{whole} VALUES (NULL, 'member', %s, '', 0, 0)", [stored(vi.number)]))
