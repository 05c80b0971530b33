"""Clause 1: what was paid, held and earned adds up to zero, and the database itself keeps it so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, connection, transaction

from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import Account, Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.proof import canary

LIMIT_S = 120  # it reads every entry there is
GIFT, HELD = 100, 40  # minor units


@check(
    "wallet.ledger_balances",
    kind="canary",
    limit_s=LIMIT_S,
    words={
        "en": "All entries of the ledger sum to zero, by transfer and altogether; every balance is the sum of its "
        "entries and above its floor; and the database itself refuses what would change that.",
        "fr": "Toutes les écritures s’annulent, par mouvement et au total ; chaque solde est la somme de ses écritures "
        "et au-dessus de son plancher ; et la base elle-même refuse ce qui changerait cela.",
    },
)
def ledger_balances(now: datetime) -> Finding:
    with processing("prove"):
        counted, wrong = Transfer.objects.count(), _off()
    with canary.stage(now) as canaries, canary.arranging():
        paid, account = _moved(canaries.vi.subject_id, now)
        attacks = _attacks(paid, account, now)
        wrong += [f"taken: {name}" for name, statements in attacks.items() if not _is_refused(statements)]
    return finding(counted + len(attacks), wrong, at_least=len(attacks))


def _off() -> list[str]:
    """What does not add up, in names of code."""
    total = sum(one.balance for one in queries.trial_balance())
    counts = {"wallet.Entry": total, "wallet.Transfer": queries.unbalanced_transfers()}
    counts |= {"wallet.Account": queries.wrong_balances(), "wallet.Account.floor": queries.below_floor()}
    return [f"sum of {name}" for name, count in counts.items() if count]


def _moved(subject_id: int, now: datetime) -> tuple[Transfer, Account]:
    """Give a canary credits, and set some aside."""
    promotions, account = wallet.site_account(Kind.PROMOTIONS), wallet.account_of(subject_id)
    held = wallet.account_of(subject_id, Kind.HOLD, "canary")
    gift = [Leg(promotions.pk, -GIFT), Leg(account.pk, GIFT)]
    aside = [Leg(account.pk, -HELD), Leg(held.pk, HELD)]
    paid = wallet.post(key=f"canary:{uuid4()}", kind=TransferKind.GIVEN, legs=gift, at=now)
    wallet.post(key=f"canary:{uuid4()}", kind=TransferKind.HELD, legs=aside, at=now)
    return paid, account


type Statement = tuple[str, Sequence[Any]]

_ENTRY = "INSERT INTO wallet_entry (transfer_id, account_id, amount) VALUES (%s, %s, %s)"
_TRANSFER = "INSERT INTO wallet_transfer (id, key, kind, reference, at) VALUES (%s, %s, 'given', '', %s)"


def _attacks(paid: Transfer, account: Account, now: datetime) -> dict[str, list[Statement]]:
    """What somebody with the database's password may try, by name."""
    stored = Transfer._meta.pk.get_db_prep_value  # numbers as this engine stores them
    old, new = stored(paid.pk, connection), stored(uuid4(), connection)
    at = connection.ops.adapt_datetimefield_value(now)
    other = wallet.site_account(Kind.REVENUE).pk
    entered: list[Statement] = [(_ENTRY, [new, account.pk, GIFT]), (_TRANSFER, [new, f"canary:{uuid4()}", at])]
    unbalanced: list[Statement] = [(_ENTRY, [new, account.pk, GIFT]), (_ENTRY, [new, other, 1 - GIFT]), entered[1]]
    overdrawn: list[Statement] = [(_ENTRY, [new, account.pk, -GIFT]), (_ENTRY, [new, other, GIFT]), entered[1]]
    return {
        "an entry changed": [("UPDATE wallet_entry SET amount = amount + 1 WHERE transfer_id = %s", [old])],
        "an entry removed": [("DELETE FROM wallet_entry WHERE transfer_id = %s", [old])],
        "a transfer changed": [("UPDATE wallet_transfer SET kind = 'tip' WHERE id = %s", [old])],
        "a transfer removed": [("DELETE FROM wallet_transfer WHERE id = %s", [old])],
        "a balance written": [("UPDATE wallet_account SET balance = 7 WHERE id = %s", [account.pk])],
        "a late entry": [(_ENTRY, [old, other, GIFT])],
        "an entry of no transfer": entered[:1],
        "one entry alone": entered,
        "an unbalanced transfer": unbalanced,
        "a balance below its floor": overdrawn,
    }


def _is_refused(statements: Sequence[Statement]) -> bool:
    """Whether the database refuses these, at once or where it would commit them. They are undone in any case."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, values in statements:
                cursor.execute(sql, values)
            connection.check_constraints(["wallet_entry"])
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    return False


@counterexample("wallet.ledger_balances")
def drop_the_rules(now: datetime) -> None:
    """Take the triggers away, and enter money from nowhere."""
    stated = processing("maintain", reason="a counterexample")
    with stated, transaction.atomic(), connection.cursor() as cursor:
        account = wallet.site_account(Kind.REVENUE).pk
        for name, table in _triggers(cursor):
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")
        new = Transfer._meta.pk.get_db_prep_value(uuid4(), connection)
        cursor.execute(_ENTRY, [new, account, GIFT])
        cursor.execute(_TRANSFER, [new, "from nowhere", connection.ops.adapt_datetimefield_value(now)])


def _triggers(cursor: Any) -> list[tuple[str, str]]:
    if connection.vendor == "postgresql":
        named = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        cursor.execute(f"{named} AND tgrelid::regclass::text LIKE 'wallet_%%'", [])
    else:
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'wallet_%'")
    return list(cursor.fetchall())
