"""Runs of payouts: two people, each payment exactly once, whatever is interrupted; and back from the bank."""

from datetime import timedelta
from importlib.resources import files
from uuid import uuid4

import pytest
import xmlschema
from django.test import TestCase

from tests.factories.accounts import make_member
from tests.factories.payouts import AT, IBAN, OTHER_IBAN, details, earn, make_payee
from tests.factories.providers import make_host, make_studio
from vasistas.apps.payouts import operations, queries, rules
from vasistas.apps.payouts.documents import sepa
from vasistas.apps.payouts.models import Payout, PayoutRun, Record
from vasistas.apps.payouts.operations import records
from vasistas.apps.payouts.operations import runs as steps
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Subject
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as ledger
from vasistas.apps.wallet.models import Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard.egress import queries as egress
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound

pytestmark = pytest.mark.django_db

NS = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


# As the staff's pages do it.
in_the_books = processing("finance", reason="a test of payouts")


@in_the_books
def prepare(member):
    return operations.prepare_run(subject_id=member.subject_id, at=AT)


@in_the_books
def approve(run, member, contents=None):
    contents = contents or rules.contents_of(queries.payouts_in(run))
    return operations.approve_run(run_id=run.pk, subject_id=member.subject_id, contents=contents, at=AT)


@in_the_books
def commit(run, *members):
    for member in members:
        approve(run, member)
    operations.pay_run(run_id=run.pk, at=AT)


@in_the_books
def finish():
    operations.finish_runs(at=AT)


def bank():
    return ledger.balance(wallet.site_account(Kind.BANK))


def earned(host):
    return queries.balance_of(host.member.subject_id)


def states():
    return sorted(Payout.objects.values_list("state", "reason"))


def test_two_people_commit_and_the_money_leaves_once(ada, sam, lea):
    run = prepare(sam)
    assert (earned(ada), bank()) == (7_000, 0)

    commit(run, sam, lea)
    commit(run)
    finish()

    assert (earned(ada), bank()) == (0, 7_000)
    assert states() == [("paid", "")]
    assert Transfer.objects.filter(kind=TransferKind.PAYOUT).count() == 1
    assert PayoutRun.objects.get().state == PayoutRun.State.PAID
    assert ledger.unbalanced_transfers() == 0


def test_one_person_alone_commits_nothing(ada, sam):
    run = prepare(sam)
    assert approve(run, sam) is False
    with pytest.raises(rules.ApprovedBefore):
        approve(run, sam)
    with pytest.raises(rules.RunRefused):
        operations.pay_run(run_id=run.pk, at=AT)
    assert (earned(ada), bank()) == (7_000, 0)


def test_an_approval_is_of_exactly_these_payments(ada, vi, sam, lea):
    mira = make_host(make_member("Mira"))
    earn(mira, 20_000, payer=vi)
    make_payee(mira.member, legal_name="Mira Two", iban=OTHER_IBAN)
    run = prepare(sam)
    shown = rules.contents_of(queries.payouts_in(run))
    approve(run, sam, shown)

    operations.hold_payee(subject_id=mira.member.subject_id, because="a question about a tip", at=AT)

    with pytest.raises(rules.RunChanged):
        approve(run, lea, shown)
    assert approve(run, lea) is False, "nobody else approved what is left"
    assert approve(run, sam) is True
    commit(run)
    assert (earned(ada), earned(mira)) == (0, 14_000)
    assert states() == [("held", "by_staff"), ("paid", "")]


def test_who_waits_is_left_out_with_the_reason(ada, vi, sam):
    no_details = make_host(make_member("Mira"))
    earn(no_details, 10_000, payer=vi)
    new = make_host(make_member("Nia"))
    earn(new, 10_000, payer=vi)
    make_payee(new.member, at=AT - timedelta(hours=71))
    little = make_host(make_member("Leo"))
    earn(little, 7_000, payer=vi)  # 49 euros of it are his
    make_payee(little.member)

    run = prepare(sam)

    assert [one.account.number for one in queries.payouts_in(run)] == [ledger.number_of(ada.member.subject_id)]
    waiting, counted = queries.waiting(AT)
    assert {one.name: one.reason for one in waiting} == {"Mira": "no_details", "Nia": "new_iban"}
    assert counted == {"no_details": 1, "new_iban": 1}
    assert queries.waits_for(new.member.subject_id, AT)[0].startswith("your account number is new")
    assert queries.waits_for(little.member.subject_id, AT)[0] == ""


def test_what_is_held_reads_why_and_is_paid_once_lifted(ada, sam, lea):
    subject_id = ada.member.subject_id
    operations.hold_payee(subject_id=subject_id, because="a question", at=AT)
    with pytest.raises(rules.NothingToPay):
        prepare(sam)
    reason, payee = queries.waits_for(subject_id, AT)
    assert (reason, payee.held_because) == ("our staff looks into it", "a question")

    operations.lift_hold(subject_id=subject_id)
    commit(prepare(sam), sam, lea)

    assert earned(ada) == 0


def test_an_account_number_typed_after_preparing_holds_the_payment_at_the_commit(ada, sam, lea):
    run = prepare(sam)
    make_payee(ada.member, at=AT, iban=OTHER_IBAN)

    commit(run, sam, lea)

    assert (earned(ada), states()) == (7_000, [("held", "new_iban")])
    assert queries.run_file(run) is None


def test_a_balance_that_fell_is_not_paid(ada, sam, lea):
    run = prepare(sam)
    account = queries.accounts_of(ada.member.subject_id)[0]
    taken = [Leg(account.pk, -1), Leg(wallet.site_account(Kind.REVENUE).pk, 1)]
    wallet.post(key=f"back:{uuid4()}", kind=TransferKind.TIP, legs=taken, at=AT)

    commit(run, sam, lea)

    assert (earned(ada), bank(), states()) == (6_999, 0, [("held", "balance")])


def test_one_run_waits_at_a_time_and_a_dropped_one_pays_nobody(ada, sam, lea):
    run = prepare(sam)
    with pytest.raises(rules.RunRefused):
        prepare(lea)
    operations.drop_run(run_id=run.pk, at=AT)
    with pytest.raises(rules.RunRefused):
        approve(run, lea)
    assert prepare(lea).pk != run.pk
    assert earned(ada) == 7_000


def test_without_a_bank_account_or_in_another_currency_nothing_is_prepared(ada, sam, settings):
    settings.PAYOUT_IBAN = ""
    with pytest.raises(rules.NotSetUp):
        prepare(sam)
    settings.PAYOUT_IBAN, settings.CURRENCY = "LU28 0019 4006 4475 0000", "USD"
    with pytest.raises(rules.NotSetUp):
        prepare(sam)
    assert not PayoutRun.objects.exists()


@pytest.mark.parametrize("where", ["keep_payout", "keep_file"])
def test_a_run_killed_between_steps_goes_on(ada, vi, staff, monkeypatch, where):
    sam, lea = staff
    mira = make_host(make_member("Mira"))
    earn(mira, 20_000, payer=vi)
    make_payee(mira.member, legal_name="Mira Two")
    run, plain, calls = prepare(sam), getattr(records, where), []
    approve(run, sam)
    approve(run, lea)

    def dying(*given, **named):
        calls.append(1)
        if len(calls) == (2 if where == "keep_payout" else 1):
            raise SystemExit
        return plain(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(records, where, dying)
        with pytest.raises(SystemExit):
            commit(run)
    finish()

    assert (earned(ada), earned(mira), bank()) == (0, 0, 21_000)
    assert Transfer.objects.filter(kind=TransferKind.PAYOUT).count() == 2
    assert Record.objects.filter(kind=Record.Kind.FILE).count() == 1


def test_the_file_is_valid_by_the_schema_of_iso_20022_and_says_what_is_paid(ada, vi, sam, lea):
    stu = make_member("Stu")
    studio = make_studio(stu)
    mira = make_host(make_member("Mira"), studio=studio)
    earn(mira, 100_000, payer=vi)
    make_payee(mira.member, legal_name="Мира <Two> & Co", iban=OTHER_IBAN, bic="PSSTFRPP")
    make_payee(stu, kind="business", legal_name="Studio Stu S.à r.l.", vat="registered", vat_number="LU26375245")
    run = prepare(sam)

    commit(run, sam, lea)

    text = queries.run_file(run)
    schema = xmlschema.XMLSchema(str(files("sepaxml") / "schemas/pain.001.001.09.xsd"))
    schema.validate(text)
    root = xmlschema.XMLResource(text).root
    paid = {
        one.find(f"{NS}CdtrAcct/{NS}Id/{NS}IBAN").text: (
            one.find(f"{NS}Cdtr/{NS}Nm").text,
            one.find(f"{NS}Amt/{NS}InstdAmt").text,
        )
        for one in root.iter(f"{NS}CdtTrfTxInf")
    }
    assert paid[OTHER_IBAN] == ("Mira Two + Co", "560.00")
    assert sorted(amount for _name, amount in paid.values()) == ["140.00", "560.00"]
    assert {one.text for one in root.iter(f"{NS}CtrlSum")} == {"770.00"}
    assert {one.text for one in root.iter(f"{NS}NbOfTxs")} == {"3"}
    assert root.find(f".//{NS}DbtrAcct/{NS}Id/{NS}IBAN").text == "LU280019400644750000"
    assert len({one.text for one in root.iter(f"{NS}EndToEndId")}) == 3
    assert queries.run_file(run) == text, "the same bytes whenever it is taken"


def test_every_payment_is_in_the_file_where_two_go_to_one_bank_account(ada, vi, sam, lea):
    mira = make_host(make_member("Mira"))
    earn(mira, 10_000, payer=vi)
    make_payee(mira.member, legal_name="Mira Two")
    run = prepare(sam)

    commit(run, sam, lea)

    assert queries.run_file(run).count(IBAN) == 2


def test_who_cannot_be_written_into_the_file_is_not_paid(ada, sam, lea):
    run = prepare(sam)
    payee = queries.payee_of(ada.member.subject_id)
    payee.legal_name = "🙂"
    payee.save()

    commit(run, sam, lea)

    assert (earned(ada), states()) == (7_000, [("held", "no_details")])


def test_who_got_what_is_kept_for_whoever_is_paid(ada, sam, lea):
    commit(prepare(sam), sam, lea)
    (given,) = egress.transfers_of(ada.member.subject_id)
    assert (given.recipient, given.categories) == ("bank", ("host.payment",))


def test_a_returned_payment_is_back_once_and_waits_for_another_number(ada, sam, lea):
    commit(prepare(sam), sam, lea)
    payout = Payout.objects.get()

    for _again in range(2):
        operations.return_payout(payout_id=payout.pk, code="AC04", at=AT)

    assert (earned(ada), bank(), states()) == (7_000, 0, [("returned", "AC04")])
    assert queries.waits_for(ada.member.subject_id, AT)[0].startswith("the bank returned")
    with pytest.raises(rules.NothingToPay):
        prepare(sam)
    later = AT + timedelta(hours=74)
    operations.set_details(
        subject_id=ada.member.subject_id, details=details(iban=OTHER_IBAN), at=AT + timedelta(hours=1)
    )
    run = operations.prepare_run(subject_id=sam.subject_id, at=later)
    assert [one.amount for one in queries.payouts_in(run)] == [7_000]


def test_what_was_never_paid_is_not_returned(ada, sam):
    prepare(sam)
    with pytest.raises(rules.RunRefused):
        operations.return_payout(payout_id=Payout.objects.get().pk, code="AC04", at=AT)
    with pytest.raises(NotFound):
        operations.return_payout(payout_id=uuid4(), code="AC04", at=AT)


def test_who_is_restricted_or_erased_meanwhile_is_not_paid(ada, sam, lea):
    run = prepare(sam)
    Subject.objects.filter(pk=ada.member.subject_id).update(state=Subject.State.RESTRICTED)
    commit(run, sam, lea)
    assert (earned(ada), states()) == (7_000, [("held", "restricted")])


def test_a_return_after_the_erasure_is_unclaimed(ada, sam, lea, tmp_path):
    commit(prepare(sam), sam, lea)
    privacy.erase(subject_id=ada.member.subject_id, at=AT, data=tmp_path)

    operations.return_payout(payout_id=Payout.objects.get().pk, code="AC04", at=AT)

    assert bank() == 0
    assert ledger.balance(wallet.site_account(Kind.UNCLAIMED)) == 7_000


def test_more_than_a_transfer_may_carry_rolls_over(ada, sam, lea, monkeypatch):
    monkeypatch.setattr(steps, "SEPA_AMOUNT_MAX", 6_000)
    commit(prepare(sam), sam, lea)
    assert (earned(ada), bank()) == (1_000, 6_000)


def test_mails_are_after_the_commit(ada, sam, lea, mailoutbox):
    commit(prepare(sam), sam, lea)
    with TestCase.captureOnCommitCallbacks(execute=True):
        operations.return_payout(payout_id=Payout.objects.get().pk, code="AC04", at=AT)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["ada@example.org"], "A payment to you came back")
    assert "the bank account is closed" in mail.body
    assert IBAN[-4:] not in mail.body


def test_a_name_is_written_in_the_letters_that_banks_carry():
    voucher = sepa.Voucher("a" * 32, "Žofie Þórsdóttir & Ωmega", IBAN, "", 1)
    assert "<Nm>Zofie Thorsdottir + Omega</Nm>" in sepa.credit_transfer([voucher], at=AT)
