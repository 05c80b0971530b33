"""What only CCBill has: signed prices, four ways to doubt a webhook, and refunds whose end it may not tell."""

import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from tests.payments import ccbill_server, desks
from tests.payments.desks import CcbillDesk, checkout
from vasistas.payments.ccbill.notes import KEEP_S, Notes, Refund, Sale
from vasistas.payments.port import (
    PEER,
    QUERY,
    CheckoutUnknown,
    HintForged,
    ProviderRefused,
    ProviderUnreachable,
    RefundRefused,
)


def test_the_digest_of_a_price_is_the_one_of_the_manual():
    """https://ccbill.com/doc/formdigest-value"""
    text = "10.00" + "30" + "840" + "7d901dad245fd0ff6bc20d06"

    assert hashlib.md5(text.encode()).hexdigest() == "a7459445d0e5dc0963fe736dc5cf900b"


def test_the_browser_is_sent_to_a_form_with_a_signed_price(ccbill: CcbillDesk):
    url = urlsplit(ccbill.port.start(checkout()).url)
    asked = dict(parse_qsl(url.query))

    assert (url.scheme, url.netloc, url.path) == ("https", "api.ccbill.com", "/wap-frontflex/flexforms/f1e2")
    assert (asked["initialPrice"], asked["currencyCode"], asked["clientSubacc"]) == ("12.00", "978", "0000")
    signed = f"12.0030978{ccbill_server.SALT}"
    assert asked["formDigest"] == hashlib.md5(signed.encode()).hexdigest()
    assert ccbill_server.SALT not in url.query


def test_a_webhook_as_json_is_read_too(ccbill: CcbillDesk):
    started = ccbill.port.start(checkout())
    headers, body = ccbill.server.pay(started.url)
    as_json = msgspec.json.encode(dict(parse_qsl(body.decode())))

    assert ccbill.port.hint(headers, as_json).provider_ref == started.provider_ref
    assert ccbill.port.read(started.provider_ref).state == "paid"


def changed(webhook, **fields: str):
    headers, body = webhook
    return headers, urlencode({**dict(parse_qsl(body.decode())), **fields}).encode()


def test_a_sale_of_one_checkout_cannot_be_put_on_another(ccbill: CcbillDesk):
    cheap, dear = ccbill.port.start(checkout()), ccbill.port.start(checkout("order-2", amount_minor=99_000))
    webhook = ccbill.server.pay(cheap.url)
    seal = dict(parse_qsl(urlsplit(dear.url).query))["seal"]

    for fields in (
        {"X-reference": "order-2"},
        {"X-reference": "order-2", "X-seal": seal},
        {"X-reference": "order-2", "X-seal": seal, "billedInitialPrice": "990.00", "subscriptionId": "0199"},
        {"X-reference": "order-3"},
        {"billedCurrencyCode": "840"},
        {"dynamicPricingValidationDigest": ""},
    ):
        with pytest.raises(HintForged):
            ccbill.port.hint(*changed(webhook, **fields))
    assert ccbill.port.read(dear.provider_ref).state == "open"


def test_one_sale_pays_one_checkout(ccbill: CcbillDesk):
    first, second = ccbill.port.start(checkout()), ccbill.port.start(checkout("order-2"))
    webhook = ccbill.server.pay(first.url)
    ccbill.port.hint(*webhook)
    asked = dict(parse_qsl(urlsplit(second.url).query))

    with pytest.raises(HintForged):
        ccbill.port.hint(*changed(webhook, **{"X-reference": "order-2", "X-seal": asked["seal"]}))
    assert ccbill.port.read(second.provider_ref).state == "open"


@pytest.mark.parametrize(
    "headers",
    [
        {QUERY: "key=wrong&eventType=Refund"},
        {QUERY: "eventType=Refund"},
        {PEER: "203.0.113.7"},
        {PEER: "64.38.239.255"},
        {PEER: ""},
        {PEER: "not an address"},
    ],
)
def test_others_than_ccbill_are_refused(ccbill: CcbillDesk, headers: dict[str, str]):
    ccbill.pay(ccbill.port.start(checkout()))
    good, body = ccbill.server.webhook("Refund", subscriptionId="0100000000", transactionId="R1", amount="12.00")

    with pytest.raises(HintForged):
        ccbill.port.hint({**good, **headers}, body)


def test_another_merchants_webhook_is_refused(ccbill: CcbillDesk):
    webhook = ccbill.server.webhook("Refund", subscriptionId="0100000000")

    with pytest.raises(HintForged):
        ccbill.port.hint(*changed(webhook, clientAccnum="900101"))


def test_a_refund_that_ccbill_did_not_make_counts_nothing(ccbill: CcbillDesk):
    """A webhook that passes every test, and is not true: CCBill is asked, and does not know of it."""
    started = ccbill.port.start(checkout())
    ccbill.pay(started)
    number = ccbill.number(started.provider_ref)
    ccbill.port.hint(*ccbill.server.webhook("Refund", subscriptionId=number, transactionId="R9", amount="12.00"))
    ccbill.port.hint(*ccbill.server.webhook("Chargeback", subscriptionId=number, transactionId="C9", amount="12.00"))
    payment = ccbill.port.read(started.provider_ref)

    assert (payment.refunded_minor, payment.dispute) == (0, None)


def test_refunds_by_ccbills_staff_are_hinted_and_read(ccbill: CcbillDesk):
    started = ccbill.port.start(checkout())
    ccbill.pay(started)
    webhook = ccbill.server.give_back(ccbill.number(started.provider_ref), "4.95")
    for _ in range(2):
        assert ccbill.port.hint(*webhook).provider_ref == started.provider_ref

    assert ccbill.port.read(started.provider_ref).refunded_minor == 495


def test_an_event_of_a_sale_that_is_not_ours_hints_at_nothing(ccbill: CcbillDesk):
    webhook = ccbill.server.webhook("Cancellation", subscriptionId="0999", transactionId="X")

    assert ccbill.port.hint(*webhook).provider_ref == ""


def test_a_whole_refund_voids_and_a_part_refunds(ccbill: CcbillDesk):
    first, second = ccbill.port.start(checkout()), ccbill.port.start(checkout("order-2"))
    ccbill.pay(first)
    ccbill.pay(second)
    ccbill.port.refund(first.provider_ref, amount_minor=1200, key="one")
    ccbill.port.refund(second.provider_ref, amount_minor=495, key="two")

    sales = [ccbill.server.sales[ccbill.number(one.provider_ref)] for one in (first, second)]
    assert [(sale.voids, sale.refunds) for sale in sales] == [(1, []), (0, ["4.95"])]


class TestUnclearEnd:
    """CCBill answers -7, and may have done it or not. It is never asked twice."""

    def paid(self, ccbill: CcbillDesk, *, is_done: bool) -> str:
        started = ccbill.port.start(checkout())
        ccbill.pay(started)
        ccbill.server.answer, ccbill.server.is_done_anyway = "-7", is_done
        with pytest.raises(ProviderUnreachable):
            ccbill.port.refund(started.provider_ref, amount_minor=500, key="one")
        return started.provider_ref

    def test_done_after_all(self, ccbill: CcbillDesk):
        ref = self.paid(ccbill, is_done=True)

        assert ccbill.port.refund(ref, amount_minor=500, key="one").refunded_minor == 500
        assert ccbill.server.sales[ccbill.number(ref)].refunds == ["5.00"]

    def test_not_done_or_not_yet(self, ccbill: CcbillDesk):
        ref = self.paid(ccbill, is_done=False)

        for key in ("one", "two"):
            with pytest.raises(ProviderRefused, match="did not say how"):
                ccbill.port.refund(ref, amount_minor=500, key=key)
        assert ccbill.server.sales[ccbill.number(ref)].refunds == []

    def test_a_clear_refusal_may_be_asked_again(self, ccbill: CcbillDesk):
        started = ccbill.port.start(checkout())
        ccbill.pay(started)
        ccbill.server.answer = "0"

        with pytest.raises(RefundRefused):
            ccbill.port.refund(started.provider_ref, amount_minor=500, key="one")
        assert ccbill.port.refund(started.provider_ref, amount_minor=500, key="one").refunded_minor == 500


def test_one_key_is_of_one_refund(ccbill: CcbillDesk):
    started = ccbill.port.start(checkout())
    ccbill.pay(started)
    ccbill.port.refund(started.provider_ref, amount_minor=500, key="one")

    with pytest.raises(RefundRefused):
        ccbill.port.refund(started.provider_ref, amount_minor=400, key="one")


def test_a_checkout_paid_after_its_time_is_paid(ccbill: CcbillDesk):
    started = ccbill.port.start(checkout())
    ccbill.expire(started)
    assert ccbill.port.read(started.provider_ref).state == "expired"
    ccbill.pay(started)

    assert ccbill.port.read(started.provider_ref).state == "paid"


def test_what_ccbill_cannot_do_is_refused_in_words(ccbill: CcbillDesk):
    started = ccbill.port.start(checkout(save_method=True))
    ccbill.pay(started)
    assert ccbill.port.read(started.provider_ref).method is None

    for act in (
        lambda: ccbill.port.start(checkout("order-2", method="a token")),
        lambda: ccbill.port.submit_evidence(started.provider_ref, b"%PDF"),
    ):
        with pytest.raises(ProviderRefused) as refused:
            act()
        assert refused.value.code == "payments.not_supported"


def test_a_statement_is_of_a_day_at_most(ccbill: CcbillDesk):
    with pytest.raises(ProviderRefused) as refused:
        ccbill.port.statement(ccbill.now() - 86_401, ccbill.now())

    assert refused.value.code == "payments.statement_too_long"


def test_a_user_that_datalink_refuses_is_told_apart(ccbill: CcbillDesk, monkeypatch):
    started = ccbill.port.start(checkout())
    ccbill.pay(started)
    monkeypatch.setattr(ccbill_server, "PASSWORD", "changed")

    for ask in (lambda: ccbill.port.read(started.provider_ref), lambda: ccbill.port.statement(0, 60)):
        with pytest.raises(ProviderRefused) as refused:
            ask()
        assert refused.value.code == "payments.key"


class TestNotes:
    def test_they_outlive_the_process_and_are_private(self, tmp_path):
        file = tmp_path / "payments" / "ccbill.sqlite3"
        with desks.ccbill(file) as first:
            started = first.port.start(checkout())
            first.pay(started)
            sales = first.server.sales
        with desks.ccbill(file) as second:
            second.server.sales = sales
            assert second.port.read(started.provider_ref).state == "paid"
        assert file.stat().st_mode & 0o077 == 0

    def test_they_are_forgotten_in_time(self, ccbill: CcbillDesk):
        started = ccbill.port.start(checkout())
        ccbill.pay(started)
        ccbill.port.refund(started.provider_ref, amount_minor=5, key="one")
        ccbill.clock.now += KEEP_S + 1
        ccbill.port.start(checkout("order-2"))

        with pytest.raises(CheckoutUnknown):
            ccbill.port.read(started.provider_ref)
        assert ccbill.notes.refund("one") is None

    def test_two_processes_may_write(self, tmp_path):
        first, second = Notes(tmp_path / "notes.sqlite3"), Notes(tmp_path / "notes.sqlite3")
        first.begin(Sale("order-1", 1200, "EUR", 0.0, None), now=0.0)
        asked = [
            notes.ask_refund(key, Refund("order-1", 5, 0, "asked")) for key, notes in (("a", first), ("b", second))
        ]
        for notes in (first, second):
            notes.close()

        assert asked == [True, False]
