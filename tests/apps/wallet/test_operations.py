"""Money moves once, in balance, and never below a floor; who switched paying off pays nothing."""

from datetime import timedelta

import pytest
from django.db import Error, IntegrityError, connection, transaction

from tests.factories import consents
from tests.factories.accounts import make_member
from tests.factories.wallet import AT, give, switch_on
from vasistas.apps.accounts.models import Member
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries, rules
from vasistas.apps.wallet.models import AMOUNT_MAX, Account, AppendOnly, Entry, Holder, Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import Leg

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi() -> Member:
    member = make_member("Vi")
    switch_on(member)
    give(member, 1_000)
    return member


@pytest.fixture
def host() -> Account:
    return wallet.account_of(make_member("Ada").subject_id, Kind.HOST)


def pay(vi: Member, host: Account, amount: int, key: str = "tip:1", at=AT) -> Transfer:
    legs = [Leg(host.pk, amount)]
    return wallet.spend(subject_id=vi.subject_id, legs=legs, key=key, kind=TransferKind.TIP, at=at)


def kept(account: Account) -> int:
    return queries.balance(account)


def test_a_payment_moves_money_once(vi: Member, host: Account) -> None:
    first, again = pay(vi, host, 300), pay(vi, host, 300)

    assert first.pk == again.pk
    assert (queries.balance_of(vi.subject_id), kept(host)) == (700, 300)
    assert [line.amount for line in queries.lines_of(host)] == [300]
    assert sum(one.balance for one in queries.trial_balance()) == 0
    assert (queries.unbalanced_transfers(), queries.wrong_balances()) == (0, 0)


def test_a_key_names_one_movement(vi: Member, host: Account) -> None:
    pay(vi, host, 300)

    with pytest.raises(rules.KeyReused):
        pay(vi, host, 200)
    assert queries.balance_of(vi.subject_id) == 700


def test_nobody_pays_more_than_they_have(vi: Member, host: Account) -> None:
    with pytest.raises(rules.NotEnough):
        pay(vi, host, 1_001)
    assert (queries.balance_of(vi.subject_id), kept(host)) == (1_000, 0)
    assert Transfer.objects.filter(key="tip:1").count() == 0


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, 1.5])
def test_amounts_that_are_none_are_refused(vi: Member, host: Account, amount: int) -> None:
    with pytest.raises(rules.AmountRefused):
        pay(vi, host, amount)
    assert queries.balance_of(vi.subject_id) == 1_000


def test_legs_that_do_not_sum_to_zero_are_refused(vi: Member, host: Account) -> None:
    legs = [Leg(host.pk, 5), Leg(wallet.account_of(vi.subject_id).pk, -6)]
    with pytest.raises(rules.Unbalanced):
        wallet.post(key="k", legs=legs, kind=TransferKind.TIP, at=AT)
    assert Transfer.objects.filter(key="k").count() == 0


def test_what_is_held_is_captured_or_given_back(vi: Member, host: Account) -> None:
    held = wallet.hold(subject_id=vi.subject_id, amount=600, detail="show:1", key="hold:1", at=AT)
    wallet.capture(hold=held, legs=[Leg(host.pk, 250)], key="c:1", kind=TransferKind.SESSION, at=AT)

    assert (queries.balance_of(vi.subject_id), queries.held(vi.subject_id), kept(host)) == (400, 350, 250)
    with pytest.raises(rules.NotEnough):
        wallet.capture(hold=held, legs=[Leg(host.pk, 351)], key="c:2", kind=TransferKind.SESSION, at=AT)
    for _time in range(2):
        wallet.release(hold=held, key="release:1", at=AT)
    assert (queries.balance_of(vi.subject_id), queries.held(vi.subject_id)) == (750, 0)


def test_who_switched_paying_off_pays_nothing(vi: Member, host: Account) -> None:
    consents.withdraw(vi.subject_id, "payments", at=AT)

    with pytest.raises(rules.PayingOff):
        pay(vi, host, 1)
    with pytest.raises(rules.PayingOff):
        wallet.hold(subject_id=vi.subject_id, amount=1, detail="show:1", key="hold:1", at=AT)


def test_a_limit_of_ones_own_counts_back_24_hours(vi: Member, host: Account) -> None:
    wallet.set_limit(subject_id=vi.subject_id, per_day=300, at=AT)
    pay(vi, host, 200)

    with pytest.raises(rules.OverLimit):
        pay(vi, host, 101, key="tip:2")
    held = wallet.hold(subject_id=vi.subject_id, amount=100, detail="show:1", key="hold:1", at=AT)
    with pytest.raises(rules.OverLimit):
        pay(vi, host, 1, key="tip:3")
    wallet.release(hold=held, key="release:1", at=AT)
    pay(vi, host, 300, key="tip:4", at=AT + timedelta(hours=24))


def test_a_limit_is_lowered_at_once_and_raised_a_day_later(vi: Member) -> None:
    vi_id, day = vi.subject_id, timedelta(hours=24)
    wallet.set_limit(subject_id=vi_id, per_day=300, at=AT)
    wallet.set_limit(subject_id=vi_id, per_day=None, at=AT)

    assert (queries.limit_of(vi_id, AT), queries.limit_of(vi_id, AT + day)) == (300, None)
    wallet.set_limit(subject_id=vi_id, per_day=100, at=AT)
    assert (queries.limit_of(vi_id, AT), queries.limit_of(vi_id, AT + day)) == (100, 100)


def test_who_paused_pays_nothing_until_then(vi: Member, host: Account) -> None:
    wallet.pause(subject_id=vi.subject_id, length=timedelta(days=1), at=AT)

    with pytest.raises(rules.Paused):
        pay(vi, host, 1, at=AT + timedelta(hours=23))
    pay(vi, host, 1, at=AT + timedelta(hours=24))
    with pytest.raises(rules.AmountRefused):
        wallet.exclude(subject_id=vi.subject_id, length=timedelta(days=30), at=AT)


def test_what_the_erased_leave_is_unclaimed_and_names_nobody(vi: Member) -> None:
    for _time in range(2):
        wallet.close_of_erased(vi.subject_id, AT)

    assert queries.balance_of(vi.subject_id) == 0
    assert kept(wallet.site_account(Kind.UNCLAIMED)) == 1_000
    number = Holder.objects.get(subject=vi.subject_id).number
    Holder.objects.all().delete()
    assert Account.objects.filter(number=number).exists()  # stays, and leads nowhere


# -- What the database refuses by itself -------------------------------------------------------------------------------


def run(statement: str) -> None:
    """Run a statement, with the constraints checked as at commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        connection.check_constraints()
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(statement: str) -> str:
    """The database's word on a statement; fails if there is none."""
    with pytest.raises(Error) as caught:
        run(statement)
    return str(caught.value)


def test_entries_are_never_changed_or_removed(vi: Member) -> None:
    entry, transfer = Entry.objects.all()[0], Transfer.objects.all()[0]
    for table in ("wallet_entry", "wallet_transfer"):
        assert "never changed" in refused(f"DELETE FROM {table}")
    assert "never changed" in refused("UPDATE wallet_entry SET amount = 5")
    assert "never changed" in refused("UPDATE wallet_transfer SET reference = 'x'")
    for change in (Entry.objects.all().delete, Transfer.objects.all().delete):
        with pytest.raises(AppendOnly):
            change()
    with pytest.raises(AppendOnly):
        Entry.objects.update(amount=5)
    entry.amount = 5
    with pytest.raises(Error), transaction.atomic():
        entry.save()
    with pytest.raises(Error), transaction.atomic():
        transfer.delete()


def test_a_balance_changes_by_entries_alone(vi: Member) -> None:
    assert "by entries alone" in refused("UPDATE wallet_account SET balance = 5000 WHERE kind = 'member'")
    assert queries.balance_of(vi.subject_id) == 1_000


def test_a_transfer_that_does_not_balance_is_refused_by_the_database(vi: Member, host: Account) -> None:
    def enter(*amounts: tuple[Account, int]) -> None:
        with transaction.atomic():
            transfer = Transfer(key="bare", kind=TransferKind.TIP, at=AT)
            for account, amount in amounts:
                Entry.objects.bulk_create([Entry(transfer=transfer, account=account, amount=amount)])
            transfer.save(force_insert=True)
            if connection.vendor == "postgresql":
                connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    mine = wallet.account_of(vi.subject_id)
    for amounts in ([(mine, -5)], [(mine, -5), (host, 6)], []):
        with pytest.raises(IntegrityError):
            enter(*amounts)
    enter((mine, -5), (host, 5))
    assert (queries.balance_of(vi.subject_id), kept(host)) == (995, 5)


def test_a_transfer_that_stands_takes_no_more_entries(vi: Member, host: Account) -> None:
    paid = pay(vi, host, 5)
    revenue = wallet.site_account(Kind.REVENUE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.bulk_create([Entry(transfer=paid, account=revenue, amount=7)])


def test_an_entry_without_its_transfer_is_refused_at_commit(host: Account) -> None:
    def enter() -> None:
        with transaction.atomic():
            Entry.objects.bulk_create([Entry(transfer=Transfer(key="never"), account=host, amount=7)])
            connection.check_constraints()

    with pytest.raises(IntegrityError):
        enter()
