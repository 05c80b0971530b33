"""How a host is paid: proven, checked digit by digit, sealed, told by mail."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.payouts import AT, IBAN, OTHER_IBAN, earn, make_payee
from tests.factories.providers import make_host, make_studio
from tests.pages.test_every_page import faults_of
from tests.pages.views.test_changes import use_second_factor
from vasistas.apps.payouts import queries, rules
from vasistas.apps.payouts.forms import COUNTRIES, DetailsForm
from vasistas.apps.payouts.models import Payee
from vasistas.guard.reads.models import Entry

pytestmark = pytest.mark.django_db

PAGE = "/studio/payout-details/"
FIELDS = {
    "kind": "private",
    "legal_name": "  Ada   Lovelace ",
    "address": "1 rue de l’Exemple\n\n L-1000  Luxembourg",
    "country": "LU",
    "born_on": "1990-02-03",
    "tax_number": "1990 0203 12345",
    "vat": "none",
    "vat_number": "",
    "iban": "de89 3704 0044 0532 0130 00",
    "bic": "",
}


@pytest.fixture
def ada(client):
    host = make_host()
    client.force_login(host.member)
    client.post(f"/accounts/reauthenticate/?next={PAGE}", {"password": PASSWORD})
    return host


def send(client, **over):
    proof = client.get(PAGE).context["proof"]
    return client.post(PAGE, {**FIELDS, "proof": proof, **over})


def errors_of(**over):
    form = DetailsForm({**FIELDS, **over}, payee=None)
    form.is_valid()
    return {name: " ".join(said) for name, said in form.errors.items()}


# -- Saving ------------------------------------------------------------------------------------------------------------


def test_details_are_kept_sealed_and_told_by_mail(client, ada, mailoutbox, django_capture_on_commit_callbacks):
    assert faults_of(client.get(PAGE).text) == []
    with django_capture_on_commit_callbacks(execute=True):
        assert send(client)["Location"] == "/studio/earnings/"

    payee = Payee.objects.get()
    assert (payee.legal_name, payee.iban, payee.born_on) == ("Ada Lovelace", IBAN, "1990-02-03")
    assert payee.address == "1 rue de l’Exemple\nL-1000 Luxembourg"
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM payouts_payee")
        resting = "".join(repr(bytes(one) if isinstance(one, memoryview) else one) for one in cursor.fetchone())
    for clear in ("Lovelace", "DE8937", "1990-02-03", "12345", "Exemple"):
        assert clear not in resting
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["ada@example.org"], "Your payout details were changed")
    assert "payouts wait for 72 hours" in mail.body
    assert "3000" not in mail.body


def test_an_empty_iban_keeps_the_one_that_is_there_and_holds_nothing(client, ada):
    make_payee(ada.member, at=AT)
    page = client.get(PAGE).text
    assert "3000" in page
    assert IBAN not in page
    send(client, iban="", legal_name="Ada King")
    payee = Payee.objects.get()
    assert (payee.legal_name, payee.iban, payee.iban_at) == ("Ada King", IBAN, AT)


def test_a_typed_iban_holds_payouts_for_72_hours(client, ada):
    earn(ada, 10_000, payer=make_member("Vi"))
    make_payee(ada.member)
    assert [one.balance for one in queries.payable_accounts(AT)] == [7_000]
    with time_machine.travel(AT, tick=False):
        client.force_login(ada.member)
        client.post(f"/accounts/reauthenticate/?next={PAGE}", {"password": PASSWORD})
        send(client, iban=OTHER_IBAN)
    assert queries.payable_accounts(AT + timedelta(hours=71, minutes=59)) == []
    assert len(queries.payable_accounts(AT + timedelta(hours=72))) == 1


def test_what_is_wrong_is_said_and_nothing_is_kept(client, ada):
    answer = send(client, iban="DE89370400440532013001")
    assert answer.status_code == 422
    assert "This is no IBAN" in answer.text
    assert faults_of(answer.text) == []
    assert not Payee.objects.exists()


def test_a_business_gives_no_date_of_birth(client, ada):
    send(client, kind="business", vat="registered", vat_number="lu 263 752 45")
    payee = Payee.objects.get()
    assert (payee.born_on, payee.vat_number) == ("", "LU26375245")


# -- Who may -----------------------------------------------------------------------------------------------------------


def test_who_has_no_second_factor_gives_the_password_before_anything_is_shown(client):
    member = make_host().member
    make_payee(member)
    client.force_login(member)
    assert client.get(PAGE)["Location"].startswith("/accounts/reauthenticate/")


def test_who_has_a_second_factor_uses_it_before_anything_is_shown(client):
    member = make_host(make_member("Ada", second_factor=True)).member
    client.force_login(member)
    client.post(f"/accounts/reauthenticate/?next={PAGE}", {"password": PASSWORD})
    assert client.get(PAGE)["Location"].startswith("/accounts/2fa/reauthenticate/")
    use_second_factor(client, ago_s=600)
    assert client.get(PAGE)["Location"].startswith("/accounts/2fa/reauthenticate/")
    use_second_factor(client)
    assert client.get(PAGE).status_code == 200
    assert send(client)["Location"] == "/studio/earnings/"


def test_a_form_without_the_proof_of_this_session_changes_nothing(client, ada):
    proof = client.get(PAGE).context["proof"]
    for wrong in ("", "x", proof[:-1] + ("a" if proof[-1] != "a" else "b")):
        assert client.post(PAGE, {**FIELDS, "proof": wrong})["Location"] == PAGE
    other = Client()
    other.force_login(ada.member)
    assert other.post(PAGE, {**FIELDS, "proof": proof})["Location"] == PAGE
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        assert client.post(PAGE, {**FIELDS, "proof": proof})["Location"] == PAGE
    assert not Payee.objects.exists()


def test_the_owner_of_a_studio_is_paid_too(client):
    stu = make_member("Stu")
    make_studio(stu)
    client.force_login(stu)
    client.post(f"/accounts/reauthenticate/?next={PAGE}", {"password": PASSWORD})
    send(client)
    assert Payee.objects.get().subject_id == stu.subject_id


def test_who_earns_nothing_here_has_no_such_page(client):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    client.force_login(make_member("Max"))
    assert client.get(PAGE)["Location"] == "/become-a-host/"
    assert client.post(PAGE, FIELDS)["Location"] == "/become-a-host/"


def test_ones_own_reads_leave_no_entry(client, ada):
    make_payee(ada.member)
    client.get(PAGE)
    assert not Entry.objects.filter(purpose="payouts").exists()


# -- What is typed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("iban", "", "required"),
        ("iban", "DE00370400440532013000", "no IBAN"),
        ("iban", "US64SVBKUS6S3300958879", "no IBAN"),
        ("iban", "BR1500000000000010932840814P2", "SEPA"),
        ("iban", "DE8937040044053201300", "no IBAN"),
        ("bic", "NOPE", "no BIC"),
        ("bic", "PSSTFRPP", "different countries"),
        ("born_on", "", "give their date of birth"),
        ("born_on", "2015-01-01", "18 or older"),
        ("born_on", "yesterday", "valid date"),
        ("legal_name", "🙂", "Latin letters"),
        ("legal_name", "x" * 71, "at most 70"),
        ("tax_number", "<b>1234</b>", "Letters, digits"),
        ("country", "US", "valid choice"),
        ("kind", "robot", "valid choice"),
    ],
)
def test_each_field_says_what_is_wrong(field, value, says):
    assert says in errors_of(**{field: value})[field]


@pytest.mark.parametrize(
    ("number", "country", "says"),
    [
        ("", "LU", "has a number"),
        ("LU26375246", "LU", "no VAT number"),
        ("DE136695976", "LU", "another country"),
        ("EL094259216", "GR", ""),
        ("CHE-123.456.788 TVA", "CH", ""),
    ],
)
def test_vat_numbers_are_of_the_country(number, country, says):
    found = errors_of(vat="registered", vat_number=number, country=country)
    assert says in found.get("vat_number", "") if says else found == {}


def test_the_countries_offered_are_those_of_sepa():
    assert {code for code, _name in COUNTRIES} == rules.SEPA


def test_of_age_is_on_the_birthday():
    born = AT.date().replace(year=2008)
    assert rules.is_of_age(born, AT.date())
    assert not rules.is_of_age(born, AT.date() - timedelta(days=1))
