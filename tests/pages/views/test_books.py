"""The staff's books: the trial balance, accounts, transfers with their legs, a period as CSV; each look on record."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from tests.factories.accounts import make_member
from tests.factories.wallet import AT, give, switch_on
from tests.pages.test_every_page import Tree, faults_of
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import Holder, Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard.purposes import processing
from vasistas.guard.reads import queries as reads
from vasistas.pages.books import CSV_DAYS_MAX

pytestmark = pytest.mark.django_db

LEDGER, ACCOUNTS, TRANSFERS = "/staff/ledger/", "/staff/ledger/accounts/", "/staff/ledger/transfers/"
CSV = "/staff/ledger/entries.csv?since=2026-07-01&until=2026-07-01"


@pytest.fixture
def vi():
    member = make_member("Vi", password=None)
    switch_on(member)
    give(member, 1_000)
    return member


@pytest.fixture
def tip(vi):
    ada = wallet.account_of(make_member("Ada", password=None).subject_id, Kind.HOST)
    legs = [Leg(ada.pk, 210), Leg(wallet.site_account(Kind.REVENUE).pk, 90)]
    paid = {"subject_id": vi.subject_id, "legs": legs, "key": "tip:7", "reference": "room reef"}
    return wallet.spend(kind=TransferKind.TIP, at=AT, **paid)


@pytest.fixture
def sam(client):
    member = make_member("Sam", password=None, is_staff=True)
    client.force_login(member)
    return member


def rows_of(answer):
    """The words of each row of a page's table."""
    body = next(Tree(answer.content.decode()).root.all("tbody"), None)
    return [] if body is None else [" ".join(cell.words() for cell in row.all("th", "td")) for row in body.all("tr")]


@pytest.mark.parametrize("address", [LEDGER, ACCOUNTS, TRANSFERS, CSV, "/staff/reconciliation/"])
def test_the_books_are_open_to_staff_with_a_second_factor_alone(client, vi, address):
    assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(vi)
    assert client.get(address).status_code == 404
    client.force_login(make_member("Sam", password=None, is_staff=True, second_factor=False))
    assert client.get(address)["Location"] == "/accounts/2fa/"


def test_pages_are_whole(client, sam, tip):
    account = wallet.site_account(Kind.REVENUE)
    addresses = [LEDGER, ACCOUNTS, TRANSFERS, f"{ACCOUNTS}{account.pk}/", f"{TRANSFERS}{tip.pk}/"]

    for address in [*addresses, "/staff/reconciliation/", "/staff/"]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert faults_of(answer.content.decode()) == []
        assert client.post(address).status_code == 405


def test_the_trial_balance_sums_to_zero_by_kind(client, sam, tip):
    page = client.get(LEDGER).content.decode()

    rows = rows_of(client.get(LEDGER))
    assert "The books balance." in page
    assert any("Credits" in row and "70 credits (€7.00)" in row for row in rows)
    assert any("Promotions" in row and "−100 credits (−€10.00)" in row for row in rows)
    assert "0 credits (€0.00)" in rows[-1]


def test_accounts_are_found_by_kind_and_by_the_number_of_their_holder(client, sam, vi, tip):
    number = Holder.objects.get(subject=vi.subject_id).number

    by_kind = rows_of(client.get(ACCOUNTS, {"kind": "host"}))
    by_number = rows_of(client.get(ACCOUNTS, {"number": number}))

    assert len(by_kind) == 1
    assert "Ada" in by_kind[0]
    assert "21 credits (€2.10)" in by_kind[0]
    assert len(by_number) == 1
    assert "Vi" in by_number[0]
    assert client.get(ACCOUNTS, {"number": "7"}).status_code == 422
    assert rows_of(client.get(ACCOUNTS, {"number": uuid.uuid4()})) == []


def test_transfers_are_found_by_kind_key_and_reference(client, sam, tip):
    for asked in ({"kind": "tip"}, {"key": "tip:7"}, {"reference": "room reef"}):
        rows = rows_of(client.get(TRANSFERS, asked))
        assert [row for row in rows if "tip:7" in row] == rows
        assert len(rows) == 1
    assert rows_of(client.get(TRANSFERS, {"key": "tip:"})) == []
    assert client.get(TRANSFERS, {"kind": "gift"}).status_code == 422
    assert client.get(TRANSFERS, {"before": uuid.uuid4()}).status_code == 404


def test_a_place_beyond_every_number_is_the_newest_page(client, sam, vi):
    address = f"{ACCOUNTS}{wallet.account_of(vi.subject_id).pk}/"
    for odd in ("9" * 30, "x", "-1"):
        assert rows_of(client.get(address, {"before": odd})) == rows_of(client.get(address)) != []


def test_a_transfer_shows_its_legs(client, sam, tip):
    rows = rows_of(client.get(f"{TRANSFERS}{tip.pk}/"))

    assert [row.split(" ", 1)[1] for row in rows] == [
        "Credits Vi −30 credits (−€3.00)",
        "Earnings Ada 21 credits (€2.10)",
        "Revenue the site 9 credits (€0.90)",
    ]
    assert client.get(f"{TRANSFERS}{uuid.uuid4()}/").status_code == 404
    assert client.get(f"{ACCOUNTS}999999/").status_code == 404


def test_whoever_is_erased_is_named_no_more(client, sam, vi, tip):
    Holder.objects.filter(subject=vi.subject_id).delete()

    page = client.get(f"{TRANSFERS}{tip.pk}/")

    assert "nobody any more" in page.content.decode()
    assert "Vi" not in " ".join(rows_of(page))


def test_lists_go_on_where_the_page_ended(client, sam, vi):
    for number in range(queries.LINES_PER_PAGE):
        give(vi, 1, at=AT + timedelta(seconds=number % 7))  # several at one moment

    first = client.get(TRANSFERS, {"kind": "given"})
    link = next(node for node in Tree(first.content.decode()).root.all("a") if node.attributes.get("rel") == "next")
    second = client.get(TRANSFERS + link.attributes["href"])

    seen = rows_of(first) + rows_of(second)
    assert (len(rows_of(first)), len(rows_of(second))) == (queries.LINES_PER_PAGE, 1)
    assert len(set(seen)) == Transfer.objects.count() == queries.LINES_PER_PAGE + 1
    assert 'rel="next"' not in second.content.decode()
    lines = client.get(f"{ACCOUNTS}{wallet.account_of(vi.subject_id).pk}/")
    assert len(rows_of(lines)) == queries.LINES_PER_PAGE
    many = client.get(ACCOUNTS)
    assert 'rel="next"' not in many.content.decode()


def test_a_period_is_written_out_entry_by_entry(client, sam, vi, tip):
    give(vi, 5, at=AT + timedelta(days=1))

    answer = client.get(CSV)

    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert sum(int(row["amount_minor"]) for row in rows) == 0
    assert sorted(int(row["amount_minor"]) for row in rows) == [-1000, -300, 90, 210, 1000]
    number = str(Holder.objects.get(subject=vi.subject_id).number)
    assert [row["amount_minor"] for row in rows if row["number"] == number and row["key"] == "tip:7"] == ["-300"]
    assert {row["number"] for row in rows if row["account_kind"] == "revenue"} == {""}


def test_a_long_period_is_read_in_parts(client, sam, vi, tip, monkeypatch):
    monkeypatch.setattr(queries, "ENTRIES_AT_ONCE", 2)

    whole = b"".join(client.get(CSV).streaming_content).decode()

    assert len(whole.splitlines()) == 6
    assert len(set(whole.splitlines())) == 6


@pytest.mark.parametrize("until", ["2026-06-30", "2027-07-02", "odd", ""])
def test_a_period_that_is_none_is_refused_in_words(client, sam, until):
    answer = client.get(reverse("pages:staff_entries"), {"since": "2026-07-01", "until": until})

    assert answer.status_code == 422
    assert faults_of(answer.content.decode()) == []
    if until.startswith("20"):
        assert f"{CSV_DAYS_MAX} days at most" in answer.content.decode()


@pytest.mark.parametrize("look", ["account", "transfer", "list", "csv"])
def test_each_look_stands_in_the_log_of_whoever_it_is_about(client, sam, vi, tip, look):
    address = {
        "account": f"{ACCOUNTS}{wallet.account_of(vi.subject_id).pk}/",
        "transfer": f"{TRANSFERS}{tip.pk}/",
        "list": f"{ACCOUNTS}?kind=member",
        "csv": CSV,
    }[look]

    answer = client.get(address)
    b"".join(getattr(answer, "streaming_content", []))

    with processing("rights"):
        read = [one for one in reads.reads_of(vi.subject_id, limit=100) if one.purpose == "finance"]
    assert read
    assert {one.actor_kind for one in read} == {"staff"}
