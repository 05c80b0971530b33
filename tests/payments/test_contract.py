"""What the site relies on, asked of every provider."""

import pytest

from tests.payments.desks import Desk, checkout
from vasistas import payments
from vasistas.lib.errors import NotFound
from vasistas.payments.port import CheckoutUnknown, HintForged, ProviderRefused, ProviderUnreachable, RefundRefused


def test_a_checkout_is_open_and_says_what_it_is_for(desk: Desk):
    started = desk.port.start(checkout())
    payment = desk.port.read(started.provider_ref)

    assert started.url.startswith("http")
    assert (payment.state, payment.reference) == ("open", "order-1")
    assert (payment.amount_minor, payment.currency, payment.refunded_minor) == (1200, "EUR", 0)


def test_starting_again_is_the_same_payment(desk: Desk):
    asked = checkout()
    first, second = desk.port.start(asked), desk.port.start(asked)

    assert first == second
    assert desk.port.start(checkout("order-2")).provider_ref != first.provider_ref


def test_a_paid_one_is_hinted_and_read(desk: Desk):
    started = desk.port.start(checkout())
    hint = desk.port.hint(*desk.pay(started))
    payment = desk.port.read(hint.provider_ref)

    assert hint.event_id
    assert (payment.state, payment.reference, payment.provider_ref) == ("paid", "order-1", started.provider_ref)
    assert (payment.amount_minor, payment.currency, payment.dispute) == (1200, "EUR", None)


def test_a_repeated_hint_has_the_same_id(desk: Desk):
    webhook = desk.pay(desk.port.start(checkout()))

    assert desk.port.hint(*webhook) == desk.port.hint(*webhook)


def test_names_of_headers_may_have_any_case(desk: Desk):
    headers, body = desk.pay(desk.port.start(checkout()))

    assert desk.port.hint({name.upper(): value for name, value in headers.items()}, body).event_id


def test_forged_hints_are_refused_and_change_nothing(desk: Desk):
    started = desk.port.start(checkout())
    webhook = desk.pay(started)
    paid = desk.port.read(started.provider_ref)

    for forged in desk.tampered(webhook):
        with pytest.raises(HintForged):
            desk.port.hint(*forged)
    assert desk.port.read(started.provider_ref) == paid


def test_what_is_no_hint_is_refused(desk: Desk):
    for body in (b"", b"\xff\xfe", b"[]", b"{}", b'{"id": 1}', b"a=b&c"):
        with pytest.raises(HintForged):
            desk.port.hint({}, body)


def test_a_declined_one_is_not_paid(desk: Desk):
    started = desk.port.start(checkout())
    desk.decline(started)

    assert desk.port.read(started.provider_ref).state in {"open", "failed"}
    with pytest.raises(RefundRefused):
        desk.port.refund(started.provider_ref, amount_minor=1, key="one")


def test_an_unfinished_one_expires(desk: Desk):
    started = desk.port.start(checkout())
    desk.expire(started)

    assert desk.port.read(started.provider_ref).state == "expired"


def test_refunds_add_up_to_what_was_paid_and_no_further(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)

    assert desk.port.refund(started.provider_ref, amount_minor=500, key="one").refunded_minor == 500
    with pytest.raises(RefundRefused):
        desk.port.refund(started.provider_ref, amount_minor=701, key="two")
    assert desk.port.refund(started.provider_ref, amount_minor=700, key="three").refunded_minor == 1200
    with pytest.raises(RefundRefused):
        desk.port.refund(started.provider_ref, amount_minor=1, key="four")
    assert desk.port.read(started.provider_ref).refunded_minor == 1200


def test_the_same_key_refunds_once(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)

    for _ in range(3):
        assert desk.port.refund(started.provider_ref, amount_minor=500, key="one").refunded_minor == 500


def test_impossible_refunds_are_refused(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)

    for amount_minor in (0, -1, 1201, 10**15):
        with pytest.raises(RefundRefused):
            desk.port.refund(started.provider_ref, amount_minor=amount_minor, key=f"of {amount_minor}")
    assert desk.port.read(started.provider_ref).refunded_minor == 0


def test_a_chargeback_is_hinted_and_read(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)
    hint = desk.port.hint(*desk.dispute(started.provider_ref))
    payment = desk.port.read(hint.provider_ref)

    assert payment.reference == "order-1"
    assert payment.dispute in {"open", "lost"}
    assert payment.disputed_minor == 1200
    assert payment.state == "paid"


def test_another_currency_is_refused(desk: Desk):
    for number, currency in enumerate(("XTS", "", "eur ")):
        with pytest.raises(ProviderRefused) as refused:
            desk.port.start(checkout(f"order-{number}", currency=currency))
        assert refused.value.code == "payments.currency"


def test_an_unknown_payment_is_said_to_be_unknown(desk: Desk):
    for ref in ("", "unknown", "cs_test_99", "pi_99", "../statement", "é"):
        with pytest.raises(CheckoutUnknown):
            desk.port.read(ref)
        with pytest.raises(CheckoutUnknown):
            desk.port.refund(ref, amount_minor=1, key="one")


def test_a_provider_that_is_away_is_told_from_a_refusal(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)
    desk.go_away(is_away=True)

    for ask in (
        lambda: desk.port.read(started.provider_ref),
        lambda: desk.port.refund(started.provider_ref, amount_minor=1, key="one"),
    ):
        with pytest.raises(ProviderUnreachable):
            ask()
    desk.go_away(is_away=False)
    assert desk.port.read(started.provider_ref).refunded_minor == 0
    assert desk.port.refund(started.provider_ref, amount_minor=1, key="one").refunded_minor == 1


def test_a_statement_has_each_movement_once(desk: Desk):
    since = desk.now() - 60
    started = desk.port.start(checkout())
    desk.pay(started)
    desk.port.refund(started.provider_ref, amount_minor=500, key="one")
    lines = desk.port.statement(since, desk.now() + 60)

    told = [(line.kind, line.amount_minor) for line in lines if line.kind != "fee"]
    assert sorted(told) == [("payment", 1200), ("refund", -500)]
    assert {line.provider_ref for line in lines} == {started.provider_ref}
    assert {line.currency for line in lines} == {"EUR"}
    assert -desk.port.read(started.provider_ref).fee_minor == sum(
        line.amount_minor for line in lines if line.kind == "fee"
    )
    assert desk.port.statement(since - 120, since - 60) == []


def test_forgetting_an_unknown_card_is_no_error(desk: Desk):
    desk.port.forget_method("cus_9:pm_9")
    desk.port.forget_method("nothing/of ours")


def test_evidence_without_a_dispute_is_refused(desk: Desk):
    started = desk.port.start(checkout())
    desk.pay(started)

    with pytest.raises(ProviderRefused):
        desk.port.submit_evidence(started.provider_ref, b"Delivered: 20 s of 20 s.")


def test_providers_are_found_by_name_and_in_order(desk: Desk):
    before = {name: payments.get_port(name) for name in payments.names()}
    try:
        payments.configure({"b": desk.port, "a": desk.port})
        assert payments.names() == ["b", "a"]
        assert payments.get_port("a") is desk.port
        with pytest.raises(NotFound):
            payments.get_port("c")
    finally:
        payments.configure(before)
