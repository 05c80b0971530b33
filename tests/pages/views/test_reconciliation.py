"""A provider's statement beside the ledger: matched, missing here, missing there, another amount."""

import csv
import io
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import purchases as made
from tests.factories.accounts import make_member
from tests.factories.wallet import AT
from tests.pages.test_every_page import faults_of
from tests.pages.views.test_books import rows_of
from vasistas import payments
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Purchase
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.pages import reconciling
from vasistas.payments.port import (
    CheckoutUnknown,
    Payment,
    ProviderRefused,
    ProviderUnreachable,
    StatementLine,
)

pytestmark = pytest.mark.django_db
DAY = {"provider": "till", "since": "2026-07-01", "until": "2026-07-01"}
PAGE, CSV = "/staff/reconciliation/", "/staff/reconciliation.csv"


@dataclass
class Till:
    """A provider in this process: keeps a book, answers `statement` and `read` from it."""

    name: str = "till"
    lines: list[StatementLine] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    days_max: int = 40
    is_down: bool = False

    def book(self, reference: str, kind: str, amount: int, at: datetime = AT, currency: str = "EUR") -> None:
        ref = f"pay_{reference[:8]}" if reference else ""
        self.references[ref] = reference
        line = {"kind": kind, "amount_minor": amount, "currency": currency}
        self.lines.append(StatementLine(provider_ref=ref, at=at.timestamp(), **line))

    def statement(self, since: float, until: float) -> list[StatementLine]:
        if self.is_down:
            raise ProviderUnreachable
        if until - since > self.days_max * 86_400:
            raise ProviderRefused("Too long.", code="payments.statement_too_long")
        return [line for line in self.lines if since <= line.at < until]

    def read(self, provider_ref: str) -> Payment:
        if provider_ref not in self.references:
            raise CheckoutUnknown("There is no such payment.")
        reference = self.references[provider_ref]
        return Payment(provider_ref=provider_ref, reference=reference, state="paid", amount_minor=1, currency="EUR")


@pytest.fixture
def till():
    before = {name: payments.get_port(name) for name in payments.names()}
    there = Till()
    payments.configure({"till": there})
    yield there
    payments.configure(before)


@pytest.fixture
def sam(client):
    member = make_member("Sam", password=None, is_staff=True)
    client.force_login(member)
    return member


@pytest.fixture
def account():
    return wallet.account_of(make_member("Vi", password=None).subject_id)


def enter(account, kind: str, amount: int, reference: str, at: datetime = AT) -> None:
    """As purchases enter it: what the provider counts above zero, its account gives."""
    clearing = wallet.site_account(Kind.CLEARING, "till")
    legs = [Leg(clearing.pk, -amount), Leg(account.pk, amount)]
    wallet.post(key=f"{kind}:{uuid.uuid4()}", kind=kind, legs=legs, at=at, reference=reference)


def states(client, **asked) -> list[tuple[str, str]]:
    """(state, kind) of each row, as the CSV has them."""
    answer = client.get(CSV, DAY | asked)
    return [(row["state"], row["kind"]) for row in csv.DictReader(io.StringIO(answer.content.decode()))]


def test_what_both_tell_is_matched(client, sam, till, account):
    for _number in range(3):
        name = str(uuid.uuid4())
        enter(account, TransferKind.BOUGHT, 2_000, name)
        enter(account, TransferKind.REFUND, -500, name)
        till.book(name, "payment", 2_000)
        till.book(name, "refund", -200)
        till.book(name, "refund", -300)  # in two parts

    assert sorted(states(client)) == [("matched", "payment")] * 3 + [("matched", "refund")] * 3


def test_what_one_does_not_tell_or_tells_otherwise_comes_first(client, sam, till, account):
    lost, unknown, wrong, right = (str(uuid.uuid4()) for _ in range(4))
    for name, here, there in ((lost, 700, None), (unknown, None, 800), (wrong, 900, 901), (right, 1_000, 1_000)):
        if here:
            enter(account, TransferKind.BOUGHT, here, name)
        if there:
            till.book(name, "payment", there)

    page = client.get(PAGE, DAY)

    rows = rows_of(page)
    assert [row.split(" payment")[0] for row in rows] == ["Amount differs", "Missing here", "Missing there", "Matched"]
    assert [name in row for name, row in zip((wrong, unknown, lost, right), rows, strict=True)] == [True] * 4
    assert "€9.00 €9.01" in rows[0]
    assert faults_of(page.content.decode()) == []


def test_another_currency_is_another_amount(client, sam, till, account):
    name = str(uuid.uuid4())
    enter(account, TransferKind.BOUGHT, 700, name)
    till.book(name, "payment", 700, currency="USD")

    assert states(client) == [("differs", "payment")]
    assert "700 USD" in client.get(PAGE, DAY).content.decode()


def test_fees_and_payouts_are_compared_by_their_sum(client, sam, till):
    bank, clearing = wallet.site_account(Kind.BANK), wallet.site_account(Kind.CLEARING, "till")
    legs = [Leg(bank.pk, -900), Leg(clearing.pk, 900)]
    wallet.post(key="payout", kind=TransferKind.SETTLEMENT, legs=legs, at=AT, reference="July")
    for amount in (-400, -500):
        till.book("", "payout", amount)
    for number in range(3):
        till.book(f"{number}" * 8, "fee", -30)

    assert states(client) == [("missing_here", "fee"), ("matched", "payout")]
    assert "−€0.90" in rows_of(client.get(PAGE, DAY))[0]


def test_midnight_on_one_side_alone_is_no_difference(client, sam, till, account):
    name, other, before = (str(uuid.uuid4()) for _ in range(3))
    late = AT.replace(hour=23, minute=59)
    enter(account, TransferKind.BOUGHT, 700, name, at=late + timedelta(minutes=2))
    till.book(name, "payment", 700, at=late)
    till.book(other, "payment", 50, at=late + timedelta(minutes=2))  # of the day after: not asked for
    enter(account, TransferKind.BOUGHT, 60, before, at=AT - timedelta(days=1))

    assert states(client) == [("matched", "payment")]


def test_a_provider_that_answers_for_a_day_is_asked_by_day(client, sam, till, account):
    till.days_max = 1
    for number in range(4):
        name = str(uuid.uuid4())
        enter(account, TransferKind.BOUGHT, 700, name, at=AT + timedelta(days=number))
        till.book(name, "payment", 700, at=AT + timedelta(days=number))

    assert states(client, until="2026-07-04") == [("matched", "payment")] * 4


def test_other_providers_and_refunds_on_their_way_are_left_out(client, sam, till, account):
    for detail in ("other", "till:refunds"):
        legs = [Leg(wallet.site_account(Kind.CLEARING, detail).pk, -5), Leg(account.pk, 5)]
        wallet.post(key=detail, kind=TransferKind.BOUGHT, legs=legs, at=AT)

    page = client.get(PAGE, DAY)

    assert states(client) == []
    assert "Neither tells of anything" in page.content.decode()


def test_a_provider_that_does_not_answer_is_told_in_words(client, sam, till):
    till.is_down = True

    page = client.get(PAGE, DAY)

    assert page.status_code == 503
    assert "The payment provider does not answer." in page.content.decode()
    assert faults_of(page.content.decode()) == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"until": "2026-08-01"}, 422), ({"since": "odd"}, 422), ({"until": "2026-06-30"}, 422), ({"provider": "x"}, 404)],
)
def test_what_cannot_be_compared_is_refused(client, sam, till, asked, status):
    for address in (PAGE, CSV):
        answer = client.get(address, DAY | asked)
        assert answer.status_code == status
        assert faults_of(answer.content.decode()) == []


def test_the_longest_period_is_a_month(client, sam, till):
    assert client.get(PAGE, DAY | {"until": "2026-07-31"}).status_code == 200
    assert reconciling.DAYS_MAX == 31


def test_without_a_provider_there_is_nothing_to_compare(client, sam):
    page = client.get(PAGE)

    assert page.status_code == 200
    assert faults_of(page.content.decode()) == []


def test_purchases_are_known_here_and_the_provider_is_not_asked(client, sam, till, account):
    max_ = make_member("Max", password=None)
    times = {"made_at": AT, "expires_at": AT}
    bought = Purchase.objects.create(
        subject_id=max_.subject_id,
        key=uuid.uuid4(),
        provider="till",
        provider_ref="pay_1",
        amount=700,
        currency="EUR",
        **times,
    )
    enter(account, TransferKind.BOUGHT, 700, str(bought.reference))
    till.lines.append(
        StatementLine(provider_ref="pay_1", kind="payment", amount_minor=700, currency="EUR", at=AT.timestamp())
    )

    assert till.references == {}
    assert states(client) == [("matched", "payment")]


def test_the_sandbox_and_the_ledger_tell_the_same_of_what_was_really_bought(client, sam, tmp_path):
    """Over the network, behind the door out: bought, given back in part at the provider's side, and a fee."""
    today = f"{timezone.now():%Y-%m-%d}"
    with made.provider(tmp_path) as server, made.enabled(server):
        bought = made.bought(server, made.make_payer("Vi"), 2_000)
        unpaid = made.buy(made.make_payer("Max"), 900)
        server.pay(unpaid)  # and the site has not looked yet
        server.act(bought, "refund", amount="5.00")
        made.do(operations.look, purchase_id=bought.pk)

        found = states(client, provider=made.NAME, since=today, until=today)

    assert found == [
        ("missing_here", "fee"),
        ("missing_here", "payment"),
        ("matched", "payment"),
        ("matched", "refund"),
    ]
