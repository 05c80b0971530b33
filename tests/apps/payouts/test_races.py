"""Two at once, on a database that lets two write: PostgreSQL. SQLite has one writer at a time."""

import pytest
from django.db import connection

from tests.apps.rooms.test_concurrency import at_once
from tests.factories.accounts import make_member
from tests.factories.payouts import AT, earn, make_payee
from tests.factories.providers import make_host
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.models import Payout, PayoutRun, Record
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as ledger
from vasistas.apps.wallet.models import Kind, Transfer, TransferKind
from vasistas.guard.purposes import processing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="one writer at a time"),
]

HOSTS = 6
in_the_books = processing("finance", reason="a test of payouts")


@pytest.fixture
def run(vi, sam):
    """Of HOSTS hosts, 70 euros each."""
    for number in range(HOSTS):
        host = make_host(make_member(f"Host{number}", password=None))
        earn(host, 10_000, payer=vi)
        make_payee(host.member)
    with in_the_books:
        return operations.prepare_run(subject_id=sam.subject_id, at=AT)


def approving(run, member):
    contents = rules.contents_of(queries.payouts_in(run))
    return in_the_books(
        lambda: operations.approve_run(run_id=run.pk, subject_id=member.subject_id, contents=contents, at=AT)
    )


def paying(run):
    return in_the_books(lambda: operations.pay_run(run_id=run.pk, at=AT))


def paid_once():
    return (
        ledger.balance(wallet.site_account(Kind.BANK)) == HOSTS * 7_000
        and Transfer.objects.filter(kind=TransferKind.PAYOUT).count() == HOSTS
        and Record.objects.filter(kind=Record.Kind.PAYOUT).count() == HOSTS
        and Record.objects.filter(kind=Record.Kind.FILE).count() == 1
        and ledger.unbalanced_transfers() == ledger.wrong_balances() == 0
    )


def test_two_commits_at_once_pay_nobody_twice(run, sam, lea):
    assert at_once(approving(run, sam), approving(run, lea)) == []
    assert PayoutRun.objects.get().state == PayoutRun.State.PAYING

    assert at_once(*[paying(run)] * 4) == []

    assert paid_once()
    assert PayoutRun.objects.get().state == PayoutRun.State.PAID


def test_one_person_in_two_windows_is_one_approval(run, sam):
    raised = at_once(*[approving(run, sam)] * 4)
    assert {type(error) for error in raised} == {rules.ApprovedBefore}
    assert len(raised) == 3
    assert PayoutRun.objects.get().state == PayoutRun.State.OPEN


def test_two_who_prepare_at_once_make_one_run(run, sam, lea):
    with in_the_books:
        operations.drop_run(run_id=run.pk, at=AT)

    def prepare(member):
        return in_the_books(lambda: operations.prepare_run(subject_id=member.subject_id, at=AT))

    raised = at_once(prepare(sam), prepare(lea))

    assert [type(error) for error in raised] == [rules.RunRefused]
    assert Payout.objects.filter(state=Payout.State.PREPARED).count() == HOSTS


def test_a_return_noted_twice_at_once_is_one(run, sam, lea):
    for member in (sam, lea):
        approving(run, member)()
    paying(run)()
    payout = Payout.objects.first().pk
    returning = in_the_books(lambda: operations.return_payout(payout_id=payout, code="AC04", at=AT))

    assert at_once(*[returning] * 4) == []

    assert ledger.balance(wallet.site_account(Kind.BANK)) == (HOSTS - 1) * 7_000
    assert Record.objects.filter(kind=Record.Kind.RETURN).count() == 1


def test_who_is_erased_while_a_run_pays_is_paid_or_unclaimed(run, sam, lea, tmp_path):
    for member in (sam, lea):
        approving(run, member)()
    subject_id = next(iter(queries.payees_by_number([one.account.number for one in queries.payouts_in(run)]).values()))
    erasing = processing("rights")(lambda: privacy.erase(subject_id=subject_id.subject_id, at=AT, data=tmp_path))

    raised = at_once(paying(run), erasing)
    paying(run)()

    assert raised == []
    bank, unclaimed = (ledger.balance(wallet.site_account(kind)) for kind in (Kind.BANK, Kind.UNCLAIMED))
    assert (bank, unclaimed) in {(HOSTS * 7_000, 0), ((HOSTS - 1) * 7_000, 7_000)}
    assert privacy.rows_of(subject_id.subject_id) == {}
    assert ledger.unbalanced_transfers() == 0
