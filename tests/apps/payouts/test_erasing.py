"""Somebody who earned is erased: what the law demands stays, sealed for the site, and nothing else names them."""

import json

import pytest
from django.db import connection

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.payouts import AT, IBAN, earn, make_payee
from tests.factories.providers import make_host
from tests.factories.wallet import give
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.models import Payee, Payout, Record
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Erasure
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as ledger
from vasistas.apps.wallet.models import Holder, Kind
from vasistas.guard import keyring, retention, subjects
from vasistas.guard.gate import PurposeRefused
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db

LAW = "Code de commerce (Luxembourg), Art. 16; loi du 19 décembre 2002, Art. 25"


@processing("finance", reason="a test of payouts")
def paid(*staff):
    run = operations.prepare_run(subject_id=staff[0].subject_id, at=AT)
    for one in staff:
        contents = rules.contents_of(queries.payouts_in(run))
        operations.approve_run(run_id=run.pk, subject_id=one.subject_id, contents=contents, at=AT)
    operations.pay_run(run_id=run.pk, at=AT)


def test_the_law_keeps_a_record_and_nothing_else(ada, vi, sam, lea, tmp_path):
    paid(sam, lea)
    earn(ada, 10_000, payer=vi)
    subject_id, number = ada.member.subject_id, ledger.number_of(ada.member.subject_id)

    privacy.erase(subject_id=subject_id, at=AT, data=tmp_path)

    assert privacy.rows_of(subject_id) == {}
    assert not Payee.objects.exists()
    assert not Holder.objects.filter(number=number).exists()
    assert ledger.balance(wallet.site_account(Kind.UNCLAIMED)) == 7_000
    kept = {row.kind: json.loads(row.content) for row in Record.objects.filter(number=number)}
    assert kept["payout"]["amount"] == 7_000
    assert kept["payout"]["payee"]["iban"] == IBAN
    assert kept["closing"]["balance"] == 7_000
    assert kept["closing"]["quarters"]["2026"] == {"3": [14_000, 2, 6_000]}
    assert set(kept) == {"payout", "closing"}


def test_the_certificate_says_what_stays_and_by_which_law(ada, sam, lea, tmp_path):
    paid(sam, lea)
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)
    certificate = Erasure.objects.get().certificate
    (kept,) = json.loads(certificate)["kept_by_law"]
    assert (kept["what"], kept["rows"], kept["statute"]) == ("payouts.Record", 2, LAW)
    assert kept["until"] > "2036-12-31"
    assert privacy.is_genuine(certificate)
    assert not privacy.is_genuine(certificate.replace('"rows": 2', '"rows": 0'))


def test_an_erasure_run_again_keeps_one_closing_and_says_the_same(ada, tmp_path):
    operations.close_of_erased(ada.member.subject_id, AT)
    operations.close_of_erased(ada.member.subject_id, AT)
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)
    assert Record.objects.filter(kind=Record.Kind.CLOSING).count() == 1
    assert json.loads(Erasure.objects.get().certificate)["kept_by_law"][0]["rows"] == 1


def test_an_erasure_whose_keys_went_first_still_ends(ada, tmp_path):
    keyring.destroy(subjects.handle_of(ada.member.subject_id))
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)
    assert json.loads(Record.objects.get().content)["payee"] == {}


def test_who_never_earned_leaves_no_record(vi, tmp_path):
    mira = make_host(make_member("Mira"))
    make_payee(mira.member)
    give(mira.member, 500)
    privacy.erase(subject_id=mira.member.subject_id, at=AT, data=tmp_path)
    assert not Record.objects.exists()
    assert json.loads(Erasure.objects.get().certificate)["kept_by_law"] == []


def test_what_is_prepared_for_the_erased_is_dropped(ada, sam, tmp_path):
    with processing("finance", reason="a test of payouts"):
        operations.prepare_run(subject_id=sam.subject_id, at=AT)
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)
    assert Payout.objects.values_list("state", "reason").get() == ("dropped", "gone")


def test_the_year_is_reported_of_the_erased_too(ada, sam, lea, tmp_path):
    paid(sam, lea)
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)
    with processing("finance", reason="the year"):
        (one,) = queries.payee_years(2026)
    assert one.details["legal_name"] == "Ada Müller-Łęcka"
    assert one.quarters == {3: queries.Quarter(consideration=7_000, activities=1, fees=3_000)}


@pytest.mark.parametrize("purpose", ["payouts", "wallet", "staff", "host"])
def test_no_purpose_but_the_books_opens_a_record(ada, sam, lea, purpose):
    paid(sam, lea)
    record = Record.objects.get(kind=Record.Kind.PAYOUT)
    with processing(purpose), pytest.raises(PurposeRefused):
        assert record.content
    with processing("finance", reason="a question of the auditor"):
        assert IBAN in record.content


def test_records_rest_sealed_and_open_nowhere_else(ada, sam, lea):
    paid(sam, lea)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM payouts_record")
        resting = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert IBAN.encode() not in resting
    assert "Müller".encode() not in resting


def test_records_go_when_the_law_is_satisfied(ada, sam, lea):
    paid(sam, lea)
    Record.objects.update(made_at=AT.replace(year=2016))
    with processing("retention"):
        retention.sweep(AT)
    assert Record.objects.count() == 2
    Record.objects.update(made_at=AT.replace(year=2015))
    with processing("retention"):
        retention.sweep(AT)
    assert not Record.objects.exists()


def test_the_page_says_so_beforehand(client, ada):
    client.force_login(ada.member)
    page = client.get("/account/erase/").text
    assert "700 credits (€70.00) of earnings were not paid out yet" in page
    assert LAW in page
    assert "Directive (EU) 2021/514" in page
    client.force_login(make_member("Max"))
    assert "No law makes us keep more" in client.get("/account/erase/").text


def test_the_certificate_page_shows_what_a_law_keeps(client, ada, sam, lea):
    paid(sam, lea)
    client.force_login(ada.member)
    client.post("/accounts/reauthenticate/?next=/account/erase/", {"password": PASSWORD})
    address = client.post("/account/erase/", {"word": "ERASE"})["Location"]
    assert "2 accounting copies" in client.get(address).text
