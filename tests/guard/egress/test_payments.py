"""A purchase leaves by the door: for a declared provider, under a purpose that pays, and noted where it leaves."""

import dataclasses
from datetime import date

import pytest

from tests.factories.accounts import make_member
from tests.payments import desks
from tests.payments.desks import SandboxDesk, checkout
from vasistas.guard import purposes
from vasistas.guard.egress import door, endpoints, queries, sockets
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.egress.payments import PaymentsBehindDoor, recipient_of
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.payments.port import ProviderUnreachable
from vasistas.payments.sandbox.client import SandboxPort


@pytest.fixture
def sandbox():
    with desks.sandbox() as one:
        yield one


@pytest.fixture
def vi(db):
    return make_member("Vi")


@pytest.mark.parametrize(("api", "noted"), [("http://127.0.0.1:8003", 0), ("https://pay.example", 1)])
def test_a_purchase_is_noted_where_the_provider_is_another_machine(
    vi, settings, sandbox: SandboxDesk, api: str, noted: int
):
    settings.PAYMENT_ACCOUNTS = {"sandbox": {"api": api}}
    port = PaymentsBehindDoor(sandbox.port)
    with purposes.scope(lambda: purposes.Actor("member", vi.subject_id)), processing("wallet"):
        started = port.start(checkout())
        sandbox.pay(started)
        assert port.read(started.provider_ref).state == "paid"

    with processing("test"):
        transfers = queries.transfers_of(vi.subject_id)
    assert [one.recipient for one in transfers] == ["payments"] * noted


def test_other_purposes_neither_buy_nor_refund(vi, sandbox: SandboxDesk):
    port = PaymentsBehindDoor(sandbox.port)
    started = sandbox.port.start(checkout())
    sandbox.pay(started)

    with purposes.scope(lambda: purposes.Actor("member", vi.subject_id)), processing("chat"):
        for ask in (
            lambda: port.start(checkout("order-2")),
            lambda: port.refund(started.provider_ref, amount_minor=1, key="one"),
            lambda: port.submit_evidence(started.provider_ref, b"%PDF"),
        ):
            with pytest.raises(TransferRefused):
                ask()
    assert sandbox.port.read(started.provider_ref).refunded_minor == 0


def test_staff_refund_for_the_books(vi, sandbox: SandboxDesk):
    port = PaymentsBehindDoor(sandbox.port)
    started = sandbox.port.start(checkout())
    sandbox.pay(started)

    with processing("finance", reason="Asked for it by mail."):
        assert port.refund(started.provider_ref, amount_minor=1, key="one").refunded_minor == 1


def test_a_provider_that_no_recipient_runs_gets_nothing():
    assert recipient_of("sandbox") == "payments"
    with pytest.raises(TransferRefused):
        recipient_of("stripe")

    with door.rehearsing({"acquirer": dataclasses.replace(get_policy().recipients["payments"], endpoints=("stripe",))}):
        assert recipient_of("stripe") == "acquirer"


def test_a_configured_provider_that_nobody_declared_stops_the_start(settings):
    assert endpoints.check_endpoints_are_declared() == []
    settings.PAYMENT_ACCOUNTS = {"stripe": {"api": "https://api.stripe.com"}}

    messages = endpoints.check_endpoints_are_declared()
    assert [one.id for one in messages] == ["guard.E031"]
    assert "'stripe'" in messages[0].msg


@pytest.fixture
def armed():
    """Arm the guard with what the settings and the policy allow, as a site does at its start."""
    yield lambda: sockets.arm(endpoints.allowed(get_policy(), date(2026, 11, 23)))
    sockets.disarm()


def test_the_guard_lets_the_process_reach_a_declared_provider_alone(settings, armed, sandbox: SandboxDesk):
    settings.PAYMENT_ACCOUNTS = {"sandbox": {"api": sandbox.url}}
    armed()
    started = sandbox.port.start(checkout())
    assert sandbox.port.read(started.provider_ref).state == "open"

    settings.PAYMENT_ACCOUNTS = {"sandbox": {"api": "http://127.0.0.1:9"}}
    armed()
    fresh = SandboxPort(url=sandbox.url, key=desks.SANDBOX_KEY)  # without a connection of before
    with pytest.raises(ProviderUnreachable):
        fresh.read(started.provider_ref)
    fresh.close()
    assert sum(sockets.refusals().values()) > 0


def test_stripes_library_is_behind_the_guard_too(settings, armed):
    settings.PAYMENT_ACCOUNTS = {"sandbox": {"api": "http://127.0.0.1:9"}}
    with desks.stripe_desk() as stripe:
        started = stripe.port.start(checkout())
        stripe.port.close()
        armed()
        with pytest.raises(ProviderUnreachable):
            stripe.port.read(started.provider_ref)
        sockets.disarm()
