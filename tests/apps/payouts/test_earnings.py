"""What a host earned: shares, lines, days, months and papers; who paid is known by this room's name for them alone."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pypdf
import pytest
import time_machine
from django.test import TestCase

from tests.factories.accounts import make_member
from tests.factories.payouts import AT, IBAN, earn, make_payee
from tests.factories.providers import make_host, make_studio
from tests.factories.rooms import make_room
from tests.factories.wallet import give
from tests.pages.test_every_page import faults_of
from vasistas.apps.accounts.queries import alias_for
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.documents import paper, tables
from vasistas.apps.payouts.models import Payee, ShareNotice
from vasistas.apps.payouts.rules import Month
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.providers import operations as providers
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.queries import LINES_PER_PAGE
from vasistas.apps.wallet.rules import Leg
from vasistas.pages import earnings as gathered

pytestmark = pytest.mark.django_db

PAGE = "/studio/earnings/"
JULY = Month(2026, 7)


def text_of(file: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(file)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def in_studio(member, percent=80):
    stu = make_member("Stu")
    studio = make_studio(stu, host_share_percent=percent)
    host = make_host(member, studio=studio)
    make_room(host)
    return host, stu, studio


# -- Shares ------------------------------------------------------------------------------------------------------------


def test_of_100_credits_a_host_in_a_studio_gets_56(client):
    host, *_studio = in_studio(make_member("Ada"))
    shares = queries.shares_of(host)
    assert (shares.of, shares.platform, shares.studio, shares.host) == (1_000, 300, 140, 560)
    assert (shares.platform_percent, shares.studio_percent, shares.effective) == (30, 20, 56.0)
    client.force_login(host.member)
    page = client.get(PAGE).text
    assert "Of 100 credits you get <strong>56</strong> (56.0 %)" in page
    assert "20 % of the rest" in page


def test_without_a_studio_it_is_70():
    assert queries.shares_of(make_host()).host == 700


def test_less_counts_after_the_notice_and_the_hosts_are_told_before(mailoutbox):
    host, stu, studio = in_studio(make_member("Ada"))
    with TestCase.captureOnCommitCallbacks(execute=True):
        operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=60, at=AT)

    (mail,) = mailoutbox
    assert mail.to == ["ada@example.org"]
    assert "from July 30, 2026 on you get 60 %" in mail.body
    due = AT + rules.SHARE_NOTICE
    assert operations.apply_share_notices(at=due - timedelta(seconds=1)) == 0
    studio.refresh_from_db()
    assert studio.host_share_percent == 80
    assert queries.shares_of(host).coming.percent == 60
    assert (operations.apply_share_notices(at=due), operations.apply_share_notices(at=due)) == (1, 0)
    studio.refresh_from_db()
    assert studio.host_share_percent == 60


def test_more_counts_at_once_and_replaces_what_was_announced():
    _host, stu, studio = in_studio(make_member("Ada"))
    operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=60, at=AT)
    operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=90, at=AT)
    studio.refresh_from_db()
    assert studio.host_share_percent == 90
    assert operations.apply_share_notices(at=AT + rules.SHARE_NOTICE) == 0
    assert operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=90, at=AT) is None
    assert ShareNotice.objects.count() == 1
    with pytest.raises(rules.ShareRefused):
        operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=101, at=AT)


def test_who_joins_while_less_is_announced_is_told(mailoutbox):
    stu = make_member("Stu")
    studio, host = make_studio(stu), make_host(make_member("Mira"))
    operations.set_share(studio=studio, owner_subject_id=stu.subject_id, percent=10, at=AT)
    token = providers.invite_host(studio=studio, at=AT)
    with TestCase.captureOnCommitCallbacks(execute=True):
        providers.accept_invitation(host=host, token=token, at=AT)
    assert [mail.to for mail in mailoutbox] == [["mira@example.org"]]


def test_the_owner_alone_sets_the_share(client):
    _host, stu, studio = in_studio(make_member("Ada"))
    address = f"/studios/{studio.slug}/share/"
    client.force_login(make_member("Max"))
    assert client.get(address).status_code == 404
    assert client.post(address, {"percent": 1}).status_code == 404
    client.force_login(stu)
    assert faults_of(client.get(address).text) == []
    assert client.post(address, {"percent": 101}).status_code == 422
    assert client.post(address, {"percent": 70})["Location"] == address
    assert "it is 70 %" in client.get(address).text
    assert address in client.get(f"/studios/{studio.slug}/").text


# -- Lines -------------------------------------------------------------------------------------------------------------


def test_a_line_of_a_session_says_room_and_pairwise_name_and_no_more(client, ada, vi):
    earn(ada, 1_000, payer=vi, kind=TransferKind.SESSION)
    client.force_login(ada.member)
    page = client.get(PAGE).text
    assert faults_of(page) == []
    line, tip = queries.lines_of(ada.member.subject_id)
    assert (line.amount, line.room, line.title) == (700, "Ada plays the piano", "Private session")
    assert line.payer == alias_for(vi, f"room:{ada.room.pk}")[:8]
    assert f"<code>{line.payer}</code>" in page
    assert "700 credits (€70.00)" in page
    assert vi.email not in page
    assert ">Vi<" not in page
    assert (tip.amount, tip.title, tip.payer) == (7_000, "Tip", "")  # it may have been given as "Someone"


def test_one_payer_has_another_name_in_another_room(ada, vi):
    mira = make_host(make_member("Mira"))
    make_room(mira)
    for host in (ada, mira):
        earn(host, 1_000, payer=vi, kind=TransferKind.SESSION)
    names = {queries.lines_of(host.member.subject_id)[0].payer for host in (ada, mira)}
    assert len(names - {""}) == 2


def test_a_payer_who_is_erased_is_nobody(ada, vi, tmp_path):
    privacy.erase(subject_id=vi.subject_id, at=AT, data=tmp_path)
    (line,) = queries.lines_of(ada.member.subject_id)
    assert (line.payer, line.amount) == ("", 7_000)


def test_what_is_paid_from_a_hold_names_its_payer(ada, vi):
    give(vi, 1_000)
    member, held = wallet.account_of(vi.subject_id), wallet.account_of(vi.subject_id, Kind.HOLD, "show")
    wallet.post(key="h", kind=TransferKind.HELD, legs=[Leg(member.pk, -1_000), Leg(held.pk, 1_000)], at=AT)
    legs = providers.earning_legs(ada, 1_000)
    wallet.capture(hold=held, legs=legs, key="c", kind=TransferKind.SESSION, at=AT)
    line = queries.lines_of(ada.member.subject_id)[0]
    assert (line.title, line.amount) == ("Private session", 700)
    assert line.payer == alias_for(vi, f"room:{ada.room.pk}")[:8]


def test_the_owner_of_a_studio_sees_the_share_of_each_room(client, vi):
    host, stu, _studio = in_studio(make_member("Ada"))
    earn(host, 1_000, payer=vi)
    (line,) = queries.lines_of(stu.subject_id)
    assert (line.amount, line.room, line.is_studio) == (140, "Ada plays the piano", True)
    client.force_login(stu)
    assert faults_of(client.get(PAGE).text) == []


def test_lines_come_by_keyset(client, ada, vi):
    for _line in range(LINES_PER_PAGE):
        earn(ada, 100, payer=vi)
    client.force_login(ada.member)
    first = queries.lines_of(ada.member.subject_id)
    assert len(first) == LINES_PER_PAGE
    page = client.get(PAGE)
    assert f"?before={first[-1].id}#lines" in page.text
    second = client.get(f"{PAGE}?before={first[-1].id}")
    assert [line.amount for line in second.context["lines"]] == [7_000]
    assert 'rel="next"' not in second.text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "१"])
def test_a_wrong_keyset_is_the_first_page(client, ada, before):
    client.force_login(ada.member)
    assert len(client.get(PAGE, {"before": before}).context["lines"]) == 1


def test_a_restricted_host_sees_their_own_earnings(client, ada):
    privacy.restrict(subject_id=ada.member.subject_id, key=uuid4(), at=AT)
    client.force_login(ada.member)
    page = client.get(PAGE).text
    assert "700 credits (€70.00)" in page
    assert "you asked us to keep your data and not to use it" in page


def test_visitors_sign_in_and_who_is_no_host_may_become_one(client):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    client.force_login(make_member("Max"))
    assert client.get(PAGE)["Location"] == "/become-a-host/"


# -- Days, months, papers ----------------------------------------------------------------------------------------------


def test_the_chart_has_a_bar_a_day_and_a_table_says_the_same(client, ada, vi):
    earn(ada, 5_000, payer=vi, at=AT - timedelta(days=1))
    days = queries.days_of(ada.member.subject_id, AT.date())
    assert len(days) == 30
    assert [one.amount for one in days[-3:]] == [0, 3_500, 7_000]
    chart = gathered.chart_of(days)
    assert [round(bar.height) for bar in chart.bars[-3:]] == [0, 70, 140]
    with time_machine.travel(AT, tick=False):
        client.force_login(ada.member)
        page = client.get(PAGE).text
    assert page.count('<rect class="chart__bar"') == 30
    assert "350 credits (€35.00)" in page


def test_a_day_below_zero_has_no_bar():
    days = [queries.Day(AT.date(), -5), queries.Day(AT.date(), 0)]
    assert [bar.height for bar in gathered.chart_of(days).bars] == [0, 0]


def test_months_sum_what_was_earned_and_paid_apart(ada, vi):
    earn(ada, 1_000, payer=vi, at=datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
    earn(ada, 1_000, payer=vi, at=datetime(2026, 7, 1, tzinfo=UTC))
    account = queries.accounts_of(ada.member.subject_id)[0]
    legs = [Leg(account.pk, -500), Leg(wallet.site_account(Kind.BANK).pk, 500)]
    wallet.post(key=f"p:{uuid4()}", kind=TransferKind.PAYOUT, legs=legs, at=AT)
    totals = [(str(one.month), one.earned, one.paid) for one in queries.months_of(ada.member.subject_id)]
    assert totals == [("2026-07", 7_700, 500), ("2026-06", 700, 0)]
    july = queries.statement_of(ada.member.subject_id, JULY)
    assert (july.before, july.earned, july.after) == (700, 7_700, 7_900)
    assert list(july.moved) == [("Paid out", 1, -500)]


def test_a_statement_in_pdf_reads_back(client, ada):
    make_payee(ada.member, legal_name="Ада Łęcka-Müller", vat="registered", vat_number="DE136695976")
    client.force_login(ada.member)
    answer = client.get(f"{PAGE}2026-07/statement.pdf")
    assert answer["Content-Type"] == "application/pdf"
    text = text_of(answer.content)
    assert "Self-billing invoice, July 2026" in text
    assert "Ада Łęcka-Müller" in text
    assert "VAT number: DE136695976" in text
    assert "Reverse charge: VAT is owed by the recipient" in text
    assert "2006/112/EC, Art. 224" in text
    assert "€70.00" in text
    assert "July 1, 2026 – July 31, 2026" in text
    assert IBAN not in text


def test_no_log_line_tells_the_letters_of_a_name(ada, caplog):
    payee = make_payee(ada.member, legal_name="Ада 李 Łęcka")
    caplog.set_level("DEBUG")
    caplog.clear()
    found = queries.statement_of(ada.member.subject_id, JULY)

    file = paper.pdf(gathered.statement_paper(found, payee, AT), at=AT)

    assert "Ада" in text_of(file)
    assert [record.name for record in caplog.records if record.name.partition(".")[0] in {"fontTools", "fpdf"}] == []


def test_a_statement_without_details_is_no_invoice(client, vi):
    mira = make_host(make_member("Mira"))
    earn(mira, 1_000, payer=vi)
    client.force_login(mira.member)
    text = text_of(client.get(f"{PAGE}2026-07/statement.pdf").content)
    assert "Statement of earnings, July 2026" in text
    assert "No payout details given yet." in text


def test_a_statement_of_many_days_has_pages(ada):
    days = [queries.Day(date(2026, 7, 1) + timedelta(days=n), n) for n in range(200)]
    found = queries.Statement(JULY, 0, 5, 5, [("Tip", 1, 5)], [], days)
    file = paper.pdf(gathered.statement_paper(found, None, AT), at=AT)
    assert len(pypdf.PdfReader(io.BytesIO(file)).pages) > 2


def test_a_statement_in_csv_has_each_line(client, ada, vi):
    earn(ada, 1_000, payer=vi)
    client.force_login(ada.member)
    text = client.get(f"{PAGE}2026-07/statement.csv").content.decode("utf-8-sig")
    head, *lines = list(csv.reader(io.StringIO(text)))
    assert head == ["time_utc", "what", "room", "paid_by", "amount", "currency", "as"]
    assert [(line[1], line[4], line[5], line[6]) for line in lines] == [
        ("Tip", "70.00", "EUR", "host"),
        ("Tip", "7.00", "EUR", "host"),
    ]


@pytest.mark.parametrize("month", ["2026-13", "2026", "x", "0000-01", "2019-01"])
@pytest.mark.parametrize("kind", ["pdf", "csv"])
def test_a_month_that_is_none_has_no_paper(client, ada, month, kind):
    client.force_login(ada.member)
    assert client.get(f"{PAGE}{month}/statement.{kind}").status_code == 404


def test_papers_are_of_ones_own(client, ada):
    client.force_login(make_member("Max"))
    assert client.get(f"{PAGE}2026-07/statement.csv").status_code == 404


def test_no_cell_runs_in_a_spreadsheet():
    text = "".join(tables.rows(["a", "b"], [["=1+1", tables.Number("-1.00")], ["@x", 'plain, and "quoted"']]))
    assert text == '\ufeffa,b\r\n\'=1+1,-1.00\r\n\'@x,"plain, and ""quoted"""\r\n'


# -- Tax ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "country", "rate", "tax", "says"),
    [
        (Payee.Vat.NONE, "LU", 0, 0, "Not a taxable person"),
        (Payee.Vat.SMALL, "LU", 0, 0, "Art. 282 to 292"),
        (Payee.Vat.REGISTERED, "LU", 17, 1_453, "VAT is included"),
        (Payee.Vat.REGISTERED, "DE", 0, 0, "Reverse charge"),
        (Payee.Vat.REGISTERED, "CH", 0, 0, "where the recipient is established"),
    ],
)
def test_vat_by_where_the_supplier_is(kind, country, rate, tax, says):
    found = rules.vat_of(kind, country, 10_000)
    assert (found.rate, found.tax, found.net + found.tax) == (rate, tax, 10_000)
    assert says in found.note


def test_quarters_and_fees_of_the_year(ada, vi):
    stu = make_member("Stu")
    ada.studio = make_studio(stu)
    ada.save()
    earn(ada, 1_000, payer=vi, at=datetime(2026, 12, 31, tzinfo=UTC))
    rows = list(csv.DictReader(io.StringIO("".join(gathered.dac7_csv(2026)).lstrip("\ufeff"))))
    by_name = {row["legal_name"]: row for row in rows}
    host, studio = by_name["Ada Müller-Łęcka"], by_name[""]
    assert (host["q3_consideration"], host["q3_activities"], host["q3_fees"]) == ("70.00", "1", "30.00")
    assert (host["q4_consideration"], host["q4_activities"], host["q4_fees"]) == ("5.60", "1", "3.00")
    assert (studio["q4_consideration"], studio["q4_fees"], studio["born_on"]) == ("1.40", "0.00", "")
    assert (host["born_on"], host["tax_number"], host["country"]) == ("1990-02-03", "12 345 678 901", "DE")
    assert list(gathered.dac7_csv(2025))[1:] == []
