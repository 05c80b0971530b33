"""How money moves. Every way ends in `post`.

Rows are locked by the database as entries come, in the order of their accounts' numbers, after all else was decided and
until commit: late, sorted, short. Run under a purpose that allows `user.payment.wallet`.
"""

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy import queries as privacy
from vasistas.apps.wallet import queries, rules
from vasistas.apps.wallet.events import BalanceChanged
from vasistas.apps.wallet.models import (
    OWNED,
    SITE,
    Account,
    Entry,
    Holder,
    Kind,
    Pause,
    SpendingLimit,
    Transfer,
    TransferKind,
)
from vasistas.apps.wallet.rules import KeyReused, Leg, NotEnough, OverLimit, Paused, PayingOff
from vasistas.guard import subjects
from vasistas.lib import events

CONSENT = "payments"
FLOOR_CONSTRAINT = "wallet_account_above_floor"
KEY_CONSTRAINTS = ("wallet_transfer_key", "wallet_transfer.key")  # as PostgreSQL and SQLite name it


# -- Accounts ----------------------------------------------------------------------------------------------------------


def account_of(subject_id: int, kind: str = Kind.MEMBER, detail: str = "") -> Account:
    """Somebody's account, made on demand. Raises: SubjectGone."""
    found = queries.find_account(subject_id, kind, detail)
    if found is not None:
        return found
    with transaction.atomic():
        subjects.hold(subject_id)
        holder, _made = Holder.objects.get_or_create(subject_id=subject_id)
        made, _made = Account.objects.get_or_create(
            kind=kind, number=holder.number, detail=detail, defaults={"floor": 0, "balance": 0}
        )
    return made


def site_account(kind: str, detail: str = "") -> Account:
    """The site's own account of a kind, made on demand. detail: of `clearing` the provider."""
    if kind in OWNED:
        raise ValueError(f"An account of the kind {kind!r} belongs to somebody: use account_of().")
    found = Account.objects.filter(kind=kind, number=SITE, detail=detail).first()
    return found or Account.objects.get_or_create(kind=kind, number=SITE, detail=detail)[0]


# -- Posting -----------------------------------------------------------------------------------------------------------


def post(*, key: str, kind: str, legs: Sequence[Leg], at: datetime, reference: str = "") -> Transfer:
    """Enter one movement, exactly once for its key; a repeat returns the first.

    Raises: Unbalanced, AmountRefused, NotEnough: an account would go below its floor. KeyReused: the key stands for
    other legs or another kind. Nothing is entered then. Locks: the accounts, in the order of their ids, until commit.
    Source: decision 20.
    """
    rules.check_words(key, reference)
    posted = rules.check_legs(legs)
    transfer = Transfer(id=uuid.uuid4(), key=key, kind=kind, reference=reference, at=at)
    try:
        if _enter(transfer, posted):
            return transfer
    except IntegrityError as error:
        return _explain(error, key, kind, posted)
    return _same(Transfer.objects.get(key=key), kind, posted)


def _enter(transfer: Transfer, legs: Sequence[Leg]) -> bool:
    """Entries first: the database takes a transfer only when its entries are there. False: the key stands already."""
    if connection.vendor == "postgresql":
        return _enter_at_once(transfer, legs)
    with transaction.atomic():
        if queries.transfer_of(transfer.key) is not None:
            return False
        entries = [Entry(transfer=transfer, account_id=leg.account_id, amount=leg.amount) for leg in legs]
        Entry.objects.bulk_create(entries)
        transfer.save(force_insert=True)
    return True


# One statement is a transaction of its own: rows are locked for no round trip. The transfer waits for all its entries.
AT_ONCE = """WITH entered AS (
    INSERT INTO wallet_entry (transfer_id, account_id, amount)
    SELECT %s::uuid, account_id, amount FROM UNNEST(%s::bigint[], %s::bigint[]) AS leg (account_id, amount)
    WHERE NOT EXISTS (SELECT 1 FROM wallet_transfer WHERE key = %s) ORDER BY account_id RETURNING id
) INSERT INTO wallet_transfer (id, key, kind, reference, at)
SELECT %s::uuid, %s, %s, %s, %s::timestamptz FROM entered HAVING COUNT(*) > 0"""


def _enter_at_once(transfer: Transfer, legs: Sequence[Leg]) -> bool:
    accounts, amounts = [leg.account_id for leg in legs], [leg.amount for leg in legs]
    values: list[Any] = [transfer.pk, accounts, amounts, transfer.key]
    values += [transfer.pk, transfer.key, transfer.kind, transfer.reference, transfer.at]
    savepoint = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with savepoint, connection.cursor() as cursor:
        cursor.execute(AT_ONCE, values)
        return bool(cursor.rowcount)


def _explain(error: IntegrityError, key: str, kind: str, legs: Sequence[Leg]) -> Transfer:
    """Say what the database refused. Of two at once with one key the other may have won, and spent what there was."""
    text = str(error)
    is_short = FLOOR_CONSTRAINT in text
    if is_short or any(name in text for name in KEY_CONSTRAINTS):
        if (before := queries.transfer_of(key)) is not None:
            return _same(before, kind, legs)
        if is_short:
            raise NotEnough(_("There are not enough credits for this.")) from None
    raise error


def _same(before: Transfer, kind: str, legs: Sequence[Leg]) -> Transfer:
    """Return what stands under a key. Raises: KeyReused: it is another movement."""
    entered = tuple(Leg(*row) for row in before.entries.order_by("account_id").values_list("account_id", "amount"))
    if entered != tuple(legs) or before.kind != kind:
        raise KeyReused("This key stands for another movement. Name each movement by a key of its own.")
    return before


# -- A member pays -----------------------------------------------------------------------------------------------------


def spend(*, subject_id: int, legs: Sequence[Leg], key: str, kind: str, at: datetime, reference: str = "") -> Transfer:
    """Take from a member's wallet what `legs` give to others.

    Raises: PayingOff, Paused, OverLimit, NotEnough, AmountRefused, Unbalanced, KeyReused, SubjectGone.
    Locks: the subject (shared), their limit, then as `post`. Publishes: BalanceChanged.
    """
    amount = rules.check_amount(sum(leg.amount for leg in legs))
    with transaction.atomic():
        account = _payer(subject_id, amount, key, at)
        paid = post(key=key, kind=kind, legs=[Leg(account.pk, -amount), *legs], at=at, reference=reference)
        tell_balance(subject_id)
    return paid


def hold(*, subject_id: int, amount: int, detail: str, key: str, at: datetime) -> Account:
    """Set `amount` aside in an account of its own, which is returned; repeat with another key to add.

    Raises: as spend.
    """
    with transaction.atomic():
        account = _payer(subject_id, amount, key, at)
        held = account_of(subject_id, Kind.HOLD, detail)
        legs = [Leg(account.pk, -amount), Leg(held.pk, amount)]
        post(key=key, kind=TransferKind.HELD, legs=legs, at=at, reference=detail)
        tell_balance(subject_id)
    return held


def capture(*, hold: Account, legs: Sequence[Leg], key: str, kind: str, at: datetime, reference: str = "") -> Transfer:
    """Pay from what is held. legs: who gets it. Raises: NotEnough: more than is held. Unbalanced, KeyReused."""
    amount = rules.check_amount(sum(leg.amount for leg in legs))
    return post(key=key, kind=kind, legs=[Leg(hold.pk, -amount), *legs], at=at, reference=reference)


def release(*, hold: Account, key: str, at: datetime) -> Transfer | None:
    """Give back what is still held; None when nothing is. A repeat with the same key gives nothing twice.

    Locks: the held account and the wallet, in the order of their ids. Publishes: BalanceChanged.
    """
    with transaction.atomic():
        if (before := queries.transfer_of(key)) is not None:
            return before
        holder = Holder.objects.filter(number=hold.number).first()
        to = account_of(holder.subject_id) if holder else site_account(Kind.UNCLAIMED)
        rest = _lock(hold.pk, to.pk)[hold.pk]
        if not rest:
            return None
        legs = [Leg(hold.pk, -rest), Leg(to.pk, rest)]
        given = post(key=key, kind=TransferKind.RELEASED, legs=legs, at=at, reference=hold.detail)
        if holder:
            tell_balance(holder.subject_id)
    return given


def _payer(subject_id: int, amount: int, key: str, at: datetime) -> Account:
    """Hold the subject and check what they let themselves spend. A repeat of what was posted is not checked again."""
    rules.check_amount(amount)
    subjects.hold(subject_id)
    account = account_of(subject_id)
    if queries.transfer_of(key) is None:
        _wait_for_others(subject_id)
        check_may_pay(subject_id, amount, at)
    return account


def _wait_for_others(subject_id: int) -> None:
    """Two payments at once must not both fit one limit: its row is locked first. SQLite has one writer."""
    if connection.vendor == "postgresql":
        rows = SpendingLimit.objects.select_for_update(no_key=True).filter(subject=subject_id)
        list(rows.values_list("pk"))


def _lock(*account_ids: int) -> dict[int, int]:
    """Lock accounts in the order of their ids, as entries do; return their balances, 0 for one that keeps none."""
    rows = Account.objects.select_for_update(no_key=True).filter(pk__in=account_ids).order_by("pk")
    return {account_id: balance or 0 for account_id, balance in rows.values_list("pk", "balance")}


def check_may_pay(subject_id: int, amount: int, at: datetime) -> None:
    """Raises: PayingOff: the switch is off. Paused. OverLimit: more than they let themselves spend in 24 hours."""
    if not privacy.may(subject_id, CONSENT, at=at):
        raise PayingOff(_("Paying is switched off. Turn it on under My Account, Money."))
    if queries.paused_until(subject_id, at) is not None:
        raise Paused(_("You paused paying yourself. My Account, Limits says until when."))
    limit = queries.limit_of(subject_id, at)
    if limit is not None and queries.spent_today(subject_id, at) + queries.held(subject_id) + amount > limit:
        raise OverLimit(_("This is more than you let yourself spend in 24 hours. See My Account, Limits."))


def tell_balance(subject_id: int) -> None:
    """Publishes: BalanceChanged."""
    events.publish(BalanceChanged(subject_id=subject_id, balance=queries.balance_of(subject_id)))


# -- Limits of one's own -----------------------------------------------------------------------------------------------


def set_limit(*, subject_id: int, per_day: int | None, at: datetime) -> SpendingLimit:
    """Limit what may be spent in 24 hours; None: no limit. A lower one counts at once, a higher one in 24 hours.

    Raises: AmountRefused, SubjectGone.
    """
    if per_day is not None:
        rules.check_amount(per_day)
    with transaction.atomic():
        subjects.hold(subject_id)
        row, _made = SpendingLimit.objects.select_for_update().get_or_create(subject_id=subject_id)
        now = queries.limit_of(subject_id, at)
        row.per_day, row.next_per_day, row.next_from = now, None, None
        if now is None or (per_day is not None and per_day <= now):
            row.per_day = per_day
        else:
            row.next_per_day, row.next_from = per_day, at + rules.RAISED_AFTER
        row.save()
    return row


def pause(*, subject_id: int, length: timedelta, at: datetime) -> Pause:
    """Let somebody pay nothing for a while; nobody ends it early. Raises: AmountRefused: not an offered length."""
    if length not in rules.COOL_OFFS:
        raise rules.AmountRefused(_("Choose one of the lengths offered."))
    return _pause(subject_id, Pause.Kind.COOL_OFF, at, at + length)


def exclude(*, subject_id: int, length: timedelta, at: datetime) -> Pause:
    """Self-exclusion, six months at least; nobody ends it early. Raises: AmountRefused: too short or too long."""
    if not rules.EXCLUSION_MIN <= length <= rules.EXCLUSION_MAX:
        raise rules.AmountRefused(_("Self-exclusion lasts from six months to five years."))
    return _pause(subject_id, Pause.Kind.EXCLUSION, at, at + length)


def _pause(subject_id: int, kind: str, at: datetime, until: datetime) -> Pause:
    with transaction.atomic():
        subjects.hold(subject_id)
        return Pause.objects.create(subject_id=subject_id, kind=kind, at=at, until=until)


# -- When somebody is erased -------------------------------------------------------------------------------------------


def close_of_erased(subject_id: int, at: datetime) -> None:
    """What is left goes to `unclaimed`; the ledger then names nobody. May run many times."""
    number = queries.number_of(subject_id)
    if number is None:
        return
    for account in Account.objects.filter(number=number, balance__gt=0):
        with transaction.atomic():
            rest = _lock(account.pk)[account.pk]
            if rest:
                legs = [Leg(account.pk, -rest), Leg(site_account(Kind.UNCLAIMED).pk, rest)]
                post(key=f"lapsed:{account.pk}:{uuid.uuid4()}", kind=TransferKind.LAPSED, legs=legs, at=at)
