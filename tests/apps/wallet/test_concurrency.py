"""Eight writers at once, on a database that lets them: PostgreSQL. SQLite has one writer at a time."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from tests.factories.accounts import make_member
from tests.factories.wallet import AT, give, switch_on
from vasistas.apps.accounts.models import Member
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import Account, Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import Leg, NotEnough, OverLimit
from vasistas.guard.purposes import processing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="one writer at a time"),
]

WRITERS = 8
ACTS = 25  # of each writer


def at_once(act: Callable[[int], Any], writers: int = WRITERS) -> list[Any]:
    """Run `act(number)` in threads with connections of their own, begun together; what each returned or raised."""
    gate, came = threading.Barrier(writers), list[Any]([None] * writers)

    def run(number: int) -> None:
        connection.ensure_connection()
        gate.wait()
        try:
            with processing("wallet"):
                came[number] = act(number)
        except BaseException as error:  # noqa: BLE001 — the test judges it
            came[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def payer(name: str, amount: int) -> Member:
    member = make_member(name, password=None)
    switch_on(member)
    give(member, amount)
    return member


def host_account(name: str) -> Account:
    return wallet.account_of(make_member(name, password=None).subject_id, Kind.HOST)


def tip(subject_id: int, host: Account, amount: int, key: str) -> Transfer:
    return wallet.spend(subject_id=subject_id, legs=[Leg(host.pk, amount)], key=key, kind=TransferKind.TIP, at=AT)


def assert_balanced() -> None:
    assert sum(one.balance for one in queries.trial_balance()) == 0
    assert (queries.unbalanced_transfers(), queries.wrong_balances()) == (0, 0)


def test_no_payment_to_one_host_is_lost() -> None:
    ada = host_account("Ada")
    payers = [payer(f"Vi {number}", 1_000).subject_id for number in range(WRITERS)]

    def pay(number: int) -> None:
        for turn in range(ACTS):
            tip(payers[number], ada, 3, f"{number}:{turn}")

    assert at_once(pay) == [None] * WRITERS
    assert queries.balance(ada) == 3 * ACTS * WRITERS
    assert_balanced()


def test_credits_are_spent_once() -> None:
    vi, ada = payer("Vi", 100), host_account("Ada")

    came = at_once(lambda number: tip(vi.subject_id, ada, 30, f"{number}"))

    assert sorted(type(one).__name__ for one in came) == ["NotEnough"] * 5 + ["Transfer"] * 3
    assert (queries.balance_of(vi.subject_id), queries.balance(ada)) == (10, 90)
    assert_balanced()


def test_a_double_click_pays_once_and_each_click_is_told_so() -> None:
    vi, ada = payer("Vi", 30), host_account("Ada")  # enough for one

    came = at_once(lambda _number: tip(vi.subject_id, ada, 30, "one click").pk)

    assert len(set(came)) == 1
    assert (queries.balance_of(vi.subject_id), queries.balance(ada)) == (0, 30)
    assert_balanced()


def test_two_payments_do_not_both_fit_one_limit() -> None:
    vi, ada = payer("Vi", 10_000), host_account("Ada")
    wallet.set_limit(subject_id=vi.subject_id, per_day=100, at=AT)

    came = at_once(lambda number: tip(vi.subject_id, ada, 60, f"{number}"))

    assert [type(one) for one in came if not isinstance(one, Transfer)] == [OverLimit] * (WRITERS - 1)
    assert queries.spent_today(vi.subject_id, AT) == 60


def test_first_accounts_of_one_member_are_made_once() -> None:
    vi = make_member("Vi", password=None)

    came = at_once(lambda _number: wallet.account_of(vi.subject_id).pk)

    assert len(set(came)) == 1
    assert Account.objects.filter(kind=Kind.MEMBER).count() == 1


def test_adding_to_a_hold_and_releasing_it_do_not_wait_for_each_other() -> None:
    vi = payer("Vi", 100_000).subject_id
    held = wallet.account_of(vi, Kind.HOLD, "show")

    def act(number: int) -> None:
        for turn in range(ACTS):
            if (number + turn) % 2:
                wallet.hold(subject_id=vi, amount=5, detail="show", key=f"{number}:{turn}", at=AT)
            else:
                wallet.release(hold=held, key=f"{number}:{turn}", at=AT)

    assert at_once(act) == [None] * WRITERS
    wallet.release(hold=held, key="rest", at=AT)
    assert (queries.balance_of(vi), queries.held(vi)) == (100_000, 0)
    assert_balanced()


def test_nobody_waits_for_each_other_in_a_circle() -> None:
    """Payments, holds, ticks, releases and refunds over the same few accounts, in every direction."""
    payers = [payer(name, 2_000).subject_id for name in ("Vi", "Max")]
    hosts = [host_account(name) for name in ("Ada", "Mira")]
    holds = [wallet.account_of(subject, Kind.HOLD, "show") for subject in payers]
    mine = [wallet.account_of(subject) for subject in payers]

    def act(choice: random.Random, key: str) -> None:
        who, host, amount = choice.randrange(2), choice.choice(hosts), choice.randint(1, 60)
        back = [Leg(host.pk, -amount), Leg(mine[who].pk, amount)]
        share = [Leg(host.pk, amount)]
        session = TransferKind.SESSION
        choice.choice(
            [
                lambda: tip(payers[who], host, amount, key),
                lambda: wallet.hold(subject_id=payers[who], amount=amount, detail="show", key=key, at=AT),
                lambda: wallet.capture(hold=holds[who], legs=share, key=key, kind=session, at=AT),
                lambda: wallet.release(hold=holds[who], key=key, at=AT),
                lambda: wallet.post(key=key, kind=TransferKind.REFUND, legs=back, at=AT),
            ]
        )()

    def write(number: int) -> int:
        choice, refused = random.Random(number), 0
        for turn in range(ACTS):
            try:
                act(choice, f"{number}:{turn}")
            except NotEnough:
                refused += 1
        return refused

    came = at_once(write)

    assert [one for one in came if not isinstance(one, int)] == []
    assert sum(came) < WRITERS * ACTS / 2  # most went through
    assert_balanced()
    assert min(Account.objects.filter(floor=0).values_list("balance", flat=True)) >= 0
