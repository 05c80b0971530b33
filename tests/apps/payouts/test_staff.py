"""The staff's side of payouts: who may, with which factor; the file, the year, the records; each read is logged."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.payouts import IBAN, earn, make_payee
from tests.factories.providers import make_host
from tests.pages.test_every_page import faults_of
from tests.pages.views.test_changes import staff, use_second_factor
from vasistas.apps.payouts import queries
from vasistas.apps.payouts.models import Payee, Payout, PayoutRun
from vasistas.guard.reads import queries as reads
from vasistas.guard.reads.models import Entry

pytestmark = pytest.mark.django_db

DESK = "/staff/payouts/"


@pytest.fixture
def ada(vi):
    """Earned 70 euros lately, and can be paid now."""
    host, now = make_host(), timezone.now()
    earn(host, 10_000, payer=vi, at=now)
    make_payee(host.member, at=now - timedelta(days=4))
    return host


@pytest.fixture
def sam() -> Client:
    return staff("Sam")


@pytest.fixture
def lea() -> Client:
    return staff("Lea")


def prepared(client) -> str:
    address = client.post(f"{DESK}prepare/")["Location"]
    assert address == f"{DESK}{PayoutRun.objects.get().pk}/"
    return address


def act(client, address, kind, **given):
    return client.post(f"{address}act/", {"act": kind, **given})


def approve(client, address):
    return act(client, address, "approve", contents=client.get(address).context["contents"])


def paid(sam, lea) -> str:
    address = prepared(sam)
    approve(sam, address)
    approve(lea, address)
    return address


def test_two_people_pay_and_the_file_is_there(ada, sam, lea):
    assert "1 account can be paid now, €70.00 together" in sam.get(DESK).text
    address = prepared(sam)
    assert sam.post(f"{address}file/").status_code == 404, "not before it is paid"

    approve(sam, address)
    assert "You have approved it" in sam.get(address).text
    assert approve(sam, address).status_code == 409
    approve(lea, address)

    page = lea.get(address)
    assert faults_of(page.text) == []
    assert "Sent to the bank" in page.text
    assert IBAN not in page.text
    file = lea.post(f"{address}file/")
    assert file["Content-Disposition"].startswith("attachment")
    assert f"<IBAN>{IBAN}</IBAN>" in file.content.decode()
    assert sam.post(f"{address}file/").content == file.content
    assert queries.balance_of(ada.member.subject_id) == 0


def test_pages_have_no_faults_in_any_state(ada, vi, sam, lea):
    mira = make_host(make_member("Mira"))
    earn(mira, 20_000, payer=vi, at=timezone.now())
    assert faults_of(sam.get(DESK).text) == []
    address = prepared(sam)
    assert faults_of(sam.get(DESK).text) == []
    assert faults_of(sam.get(address).text) == []
    act(sam, address, "hold", subject=ada.member.subject_id, because="a question")
    assert faults_of(sam.get(address).text) == []
    desk = sam.get(DESK)
    assert faults_of(desk.text) == []
    assert "a question" in desk.text
    assert "your payout details are missing" in desk.text


@pytest.mark.parametrize("path", ["prepare/", "1/act/", "1/file/", "dac7/", "records/", "lift/"])
def test_each_act_is_a_post_of_staff_with_a_fresh_second_factor(ada, path):
    address = f"{DESK}{path}"
    anonymous, member, late = Client(), Client(), staff("Sam")
    assert anonymous.post(address)["Location"].startswith("/accounts/login/")
    member.force_login(make_member("Max"))
    assert member.post(address).status_code == 404
    assert late.get(address).status_code == 405
    use_second_factor(late, ago_s=600)
    assert late.post(address)["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert not PayoutRun.objects.exists()


@pytest.mark.parametrize("path", ["", "1/"])
def test_to_members_the_desk_is_no_page(path):
    member = Client()
    member.force_login(make_member("Max"))
    assert member.get(f"{DESK}{path}").status_code == 404


def test_what_was_shown_is_what_is_approved(ada, sam, lea):
    address = prepared(sam)
    shown = lea.get(address).context["contents"]
    act(sam, address, "hold", subject=ada.member.subject_id, because="a question")
    assert act(lea, address, "approve", contents=shown).status_code == 409
    assert act(lea, address, "approve", contents="0" * 64).status_code == 409
    assert act(lea, address, "approve", contents="short").status_code == 400
    assert act(lea, address, "anything").status_code == 404
    assert PayoutRun.objects.get().state == PayoutRun.State.OPEN


def test_a_hold_is_shown_to_the_host_and_lifted(client, ada, sam):
    address = prepared(sam)
    act(sam, address, "hold", subject=ada.member.subject_id, because="a question about July")
    act(sam, address, "drop")
    client.force_login(ada.member)
    page = client.get("/studio/earnings/").text
    assert "Your payouts wait: our staff looks into it" in page
    assert "a question about July" in page
    sam.post(f"{DESK}lift/", {"subject": ada.member.subject_id})
    assert "a question about July" not in client.get("/studio/earnings/").text
    assert Payee.objects.get().held_at is None


def test_a_returned_payment_is_noted_once_and_told(client, ada, sam, lea):
    address = paid(sam, lea)
    payout = Payout.objects.get().pk
    for _again in range(2):
        assert act(sam, address, "return", payout=payout, code="AC04")["Location"] == address
    assert queries.balance_of(ada.member.subject_id) == 7_000
    assert "Returned by the bank: the bank account is closed" in sam.get(address).text
    assert act(sam, address, "return", payout=uuid4(), code="AC04").status_code == 404
    assert act(sam, address, "return", payout=payout, code="no_details").status_code == 400
    client.force_login(ada.member)
    assert "Returned by the bank" in client.get("/studio/earnings/").text


def test_without_a_bank_account_the_desk_says_what_to_set(ada, sam, settings):
    settings.PAYOUT_IBAN = ""
    assert "VASISTAS_PAYOUT_IBAN" in sam.get(DESK).text
    assert sam.post(f"{DESK}prepare/").status_code == 409


def test_the_year_is_a_table_and_the_records_are_lines(ada, sam, lea):
    paid(sam, lea)
    year = timezone.now().year
    table = sam.post(f"{DESK}dac7/", {"year": year}).content.decode("utf-8-sig")
    assert "Ada Müller-Łęcka" in table
    (record,) = [json.loads(line) for line in sam.post(f"{DESK}records/", {"year": year}).content.decode().splitlines()]
    assert (record["kind"], record["amount"], record["payee"]["iban"]) == ("payout", 7_000, IBAN)
    for wrong in ("", "x", "1999", "99999"):
        assert sam.post(f"{DESK}dac7/", {"year": wrong}).status_code == 404


def test_each_read_stands_in_the_log_of_who_is_paid(ada, sam, lea):
    paid(sam, lea)
    told = [one for one in reads.reads_of(ada.member.subject_id, limit=50) if one.purpose == "finance"]
    assert {one.actor_kind for one in told} == {"staff"}
    assert any("payouts.Payee.legal_name" in one.fields for one in told)
    assert any(one.reason == f"run {PayoutRun.objects.get().pk} of payouts" for one in told)


def test_opening_records_leaves_an_entry(ada, sam, lea):
    paid(sam, lea)
    opened = Entry.objects.filter(purpose="finance", reason="records of payouts kept by law")
    assert not opened.exists()
    sam.post(f"{DESK}records/", {"year": timezone.now().year})
    assert opened.filter(mask__contains="payouts.Record.content").exists()
