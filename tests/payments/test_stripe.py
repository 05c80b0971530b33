"""What only Stripe has: its library's signatures, idempotency keys, inquiries, customers."""

import json
import time

import pytest
import stripe as library

from tests.payments import stripe_server
from tests.payments.desks import StripeDesk, checkout, signature
from vasistas.payments.port import HintForged, ProviderRefused, RefundRefused
from vasistas.payments.stripe.client import EVIDENCE_CHARS_MAX, TOLERANCE_S, StripePort

PAYLOAD = '{"id": "evt_test_webhook", "object": "event", "type": "ping", "data": {"object": {}}}'


def header(*, at: float | None = None, payload: str = PAYLOAD, secret: str = stripe_server.SECRET) -> str:
    return signature(payload, at, secret)


@pytest.fixture
def port() -> StripePort:
    """One that asks nobody."""
    return StripePort(key="sk_test_x", webhook_secret=stripe_server.SECRET)


class TestSignature:
    """The cases of the library's own tests (tests/test_webhook.py of stripe-python), through our port."""

    def refused(self, port: StripePort, value: str | None, payload: str = PAYLOAD) -> None:
        with pytest.raises(HintForged):
            port.hint({} if value is None else {"Stripe-Signature": value}, payload.encode())

    def test_a_valid_one_passes(self, port: StripePort):
        hint = port.hint({"Stripe-Signature": header()}, PAYLOAD.encode())

        assert (hint.event_id, hint.provider_ref) == ("evt_test_webhook", "")

    def test_one_among_others_passes(self, port: StripePort):
        hint = port.hint({"Stripe-Signature": header() + ",v1=bad_signature"}, PAYLOAD.encode())

        assert hint.event_id == "evt_test_webhook"

    def test_a_malformed_header_is_refused(self, port: StripePort):
        self.refused(port, "i'm not even a real signature header")
        self.refused(port, "")
        self.refused(port, None)

    def test_another_scheme_is_refused(self, port: StripePort):
        self.refused(port, header().replace("v1=", "v0="))

    def test_another_signature_is_refused(self, port: StripePort):
        self.refused(port, f"t={int(time.time())},v1=bad_signature")

    def test_another_payload_is_refused(self, port: StripePort):
        self.refused(port, header(payload="{}"))

    def test_another_secret_is_refused(self, port: StripePort):
        self.refused(port, header(secret="whsec_of_another"))

    def test_a_late_one_is_refused(self, port: StripePort):
        self.refused(port, header(at=time.time() - TOLERANCE_S - 5))

    def test_what_is_signed_and_no_event_is_refused(self, port: StripePort):
        for payload in ("this is not valid JSON", "[]", '{"id": "evt_1"}'):
            self.refused(port, header(payload=payload), payload)

    def test_the_vector_of_the_scheme(self):
        """The HMAC as the library computes it, against a digest made apart from it with openssl."""
        said = library.WebhookSignature.generate_signature_header("{}", "whsec_test_secret", 1_700_000_000)

        assert said == "t=1700000000,v1=" + VECTOR


VECTOR = "ceb8863f7208fa249a6cd8f951e993c7563412aca65866f6272283debe143ab3"


@pytest.mark.parametrize(
    ("kind", "about", "ref"),
    [
        ("checkout.session.completed", {"id": "cs_1"}, "cs_1"),
        ("checkout.session.expired", {"id": "cs_1"}, "cs_1"),
        ("checkout.session.async_payment_failed", {"id": "cs_1"}, "cs_1"),
        ("payment_intent.payment_failed", {"id": "pi_1"}, "pi_1"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.dispute.closed", {"id": "dp_1", "payment_intent": "pi_1"}, "pi_1"),
        ("refund.created", {"id": "re_1", "payment_intent": None}, ""),
        ("payout.paid", {"id": "po_1"}, ""),
    ],
)
def test_an_event_says_where_to_look(port, kind, about, ref):
    body = json.dumps({"id": "evt_1", "type": kind, "data": {"object": about}})

    assert port.hint({"stripe-signature": signature(body)}, body.encode()).provider_ref == ref


def test_requests_carry_idempotency_keys(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    stripe.pay(started)
    stripe.port.refund(started.provider_ref, amount_minor=5, key="k1")

    keys = {path: key for method, path, key in stripe.server.asked if method == "POST"}
    assert keys == {"/v1/checkout/sessions": "start:order-1", "/v1/refunds": "refund:k1"}


def test_a_refund_is_not_made_again_when_stripe_has_forgotten_its_key(stripe: StripeDesk):
    """Idempotency keys live a day there; a task of ours may ask later."""
    started = stripe.port.start(checkout())
    stripe.pay(started)
    stripe.port.refund(started.provider_ref, amount_minor=500, key="one")
    stripe.server.keys.clear()

    assert stripe.port.refund(started.provider_ref, amount_minor=500, key="one").refunded_minor == 500
    with pytest.raises(RefundRefused):
        stripe.port.refund(started.provider_ref, amount_minor=400, key="one")


def test_a_card_of_another_provider_is_refused(stripe: StripeDesk):
    with pytest.raises(ProviderRefused):
        stripe.port.start(checkout(method="card_of_the_sandbox"))


def test_a_card_is_kept_with_a_customer_of_its_own_and_offered_again(stripe: StripeDesk):
    first = stripe.port.start(checkout(save_method=True))
    stripe.pay(first)
    method = stripe.port.read(first.provider_ref).method
    assert method is not None
    assert method.label == "Visa ··42"

    second = stripe.port.start(checkout("order-2", method=method.token, save_method=True))
    asked = stripe.server.sessions[second.provider_ref]["wanted"]
    assert asked["customer"] == method.token.partition(":")[0]
    assert "customer_creation" not in asked

    for _ in range(2):
        stripe.port.forget_method(method.token)
    assert stripe.server.customers == set()


def test_no_card_is_kept_unless_asked(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    stripe.pay(started)

    assert stripe.port.read(started.provider_ref).method is None
    assert stripe.server.customers == set()


def test_what_is_sent_names_nobody(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    asked = stripe.server.sessions[started.provider_ref]["wanted"]

    assert asked["client_reference_id"] == "order-1"
    assert set(asked) == {
        *("mode", "client_reference_id", "success_url", "cancel_url", "allowed_payment_method_types"),
        *("line_items", "payment_intent_data", "expires_at"),
    }


def test_a_checkout_that_lasts_long_is_left_to_stripe(stripe: StripeDesk):
    started = stripe.port.start(checkout(expires_at=time.time() + 30 * 86_400))

    assert "expires_at" not in stripe.server.sessions[started.provider_ref]["wanted"]


def test_an_inquiry_took_no_money_yet(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    stripe.pay(started)
    stripe.server.dispute(started.provider_ref, "warning_needs_response")

    assert stripe.port.read(started.provider_ref).dispute is None


@pytest.mark.parametrize(("status", "state"), [("under_review", "open"), ("won", "won"), ("lost", "lost")])
def test_disputes_end(stripe: StripeDesk, status: str, state: str):
    started = stripe.port.start(checkout())
    stripe.pay(started)
    stripe.server.dispute(started.provider_ref, status)

    assert stripe.port.read(started.provider_ref).dispute == state


def test_evidence_goes_as_a_file_or_as_text(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    stripe.pay(started)
    dispute = stripe.server.disputes[stripe.server.dispute(started.provider_ref)]
    stripe.port.submit_evidence(started.provider_ref, b"%PDF-1.7 twenty seconds")
    assert dispute["evidence"] == {"uncategorized_file": "file_1"}
    assert b"%PDF-1.7 twenty seconds" in stripe.server.files[0]

    dispute["status"] = "needs_response"
    stripe.port.submit_evidence(started.provider_ref, "Twenty seconds: ½ of them.".encode())
    assert dispute["evidence"] == {"uncategorized_text": "Twenty seconds: ½ of them."}

    dispute["status"] = "needs_response"
    for document in (b"", b"\xff\xd8", b"x" * (EVIDENCE_CHARS_MAX + 1)):
        with pytest.raises(ProviderRefused):
            stripe.port.submit_evidence(started.provider_ref, document)


def test_a_statement_is_read_page_by_page_and_names_older_payments(stripe: StripeDesk):
    for number in range(4):
        stripe.pay(stripe.port.start(checkout(f"order-{number}")))
    lines = stripe.port.statement(time.time() - 60, time.time() + 60)

    assert sum(line.amount_minor for line in lines) == 4 * (1200 - stripe_server.FEE_MINOR)
    assert {line.provider_ref for line in lines} == set(stripe.server.sessions)


def test_a_dispute_stands_in_the_statement_with_its_fee(stripe: StripeDesk):
    started = stripe.port.start(checkout())
    stripe.pay(started)
    stripe.server.dispute(started.provider_ref)
    lines = stripe.port.statement(time.time() - 60, time.time() + 60)

    assert sorted((line.kind, line.amount_minor) for line in lines) == [
        ("chargeback", -1200),
        ("fee", -1500),
        ("fee", -stripe_server.FEE_MINOR),
        ("payment", 1200),
    ]


def test_a_key_that_stripe_refuses_is_told_apart(stripe: StripeDesk, monkeypatch):
    monkeypatch.setattr(stripe_server, "KEY", "sk_test_changed")

    with pytest.raises(ProviderRefused) as refused:
        stripe.port.start(checkout())
    assert refused.value.code == "payments.key"
    assert "sk_" not in str(refused.value)


def test_the_library_tells_nothing_of_this_machine(stripe: StripeDesk):
    stripe.port.start(checkout())

    assert library.enable_telemetry is False
