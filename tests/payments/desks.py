"""Each provider with its server and the people at it, in one shape, for the tests that hold of all."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import msgspec
import stripe

from tests.payments import ccbill_server, stripe_server
from tests.payments.servers import Clock, Shop, serving
from tools.servers import free_port
from vasistas.payments.ccbill.client import CcbillPort, Form
from vasistas.payments.ccbill.datalink import Account, DataLink
from vasistas.payments.ccbill.notes import Notes
from vasistas.payments.port import Checkout, PaymentPort, Started
from vasistas.payments.sandbox.client import SandboxPort
from vasistas.payments.sandbox.provider.app import Setup, make_app
from vasistas.payments.sandbox.provider.site import Merchant
from vasistas.payments.stripe.client import StripePort

type Webhook = tuple[dict[str, str], bytes]

SANDBOX_KEY = b"a key of the tests, thirty-two or more"


class Desk(Protocol):
    port: PaymentPort

    def pay(self, started: Started) -> Webhook: ...
    def decline(self, started: Started) -> Webhook | None: ...
    def expire(self, started: Started) -> None: ...
    def dispute(self, provider_ref: str) -> Webhook: ...
    def tampered(self, webhook: Webhook) -> Iterator[Webhook]: ...
    def go_away(self, *, is_away: bool) -> None: ...
    def now(self) -> float: ...


def checkout(reference: str = "order-1", **changes: Any) -> Checkout:
    values = {
        "reference": reference,
        "amount_minor": 1200,
        "currency": "EUR",
        "title": "120 credits",
        "return_url": "https://cams.example/account/money/return/order-1/",
        "cancel_url": "https://cams.example/account/money/",
        "expires_at": time.time() + 1800,
        **changes,
    }
    return Checkout(**values)


class SandboxDesk:
    """url: of the provider. shop: the site's end of the webhooks."""

    def __init__(self, url: str, shop: Shop, clock: Clock) -> None:
        self.url, self.shop, self.clock = url, shop, clock
        self.port = SandboxPort(url=url, key=SANDBOX_KEY, clock=clock)
        self._away = SandboxPort(url=f"http://127.0.0.1:{free_port()}", key=SANDBOX_KEY, clock=clock)
        self._here = self.port

    def choose(self, started: Started, card: str) -> httpx.Response:
        return httpx.post(started.url, data={"card": card})

    def act(self, provider_ref: str, act: str, **fields: str) -> httpx.Response:
        return httpx.post(f"{self.url}/dashboard/{provider_ref}/{act}", data=fields)

    def pay(self, started: Started) -> Webhook:
        return self._told(lambda: self.choose(started, "pays"))

    def decline(self, started: Started) -> Webhook:
        return self._told(lambda: self.choose(started, "declined"))

    def expire(self, started: Started) -> None:
        self.clock.now += 24 * 3600

    def dispute(self, provider_ref: str) -> Webhook:
        return self._told(lambda: self.act(provider_ref, "dispute"))

    def tampered(self, webhook: Webhook) -> Iterator[Webhook]:
        headers, body = webhook
        yield headers, body.replace(b"evt_", b"evt-")
        yield {**headers, "sandbox-signature": headers["sandbox-signature"].replace("v1=", "v1=0")}, body
        yield {name: value for name, value in headers.items() if name != "sandbox-signature"}, body
        yield {**headers, "sandbox-signature": "t=,v1="}, body

    def go_away(self, *, is_away: bool) -> None:
        self.port = self._away if is_away else self._here

    def now(self) -> float:
        return self.clock.now

    def _told(self, act: Any) -> Webhook:
        count = len(self.shop.taken)
        assert act().status_code < 400
        return self.shop.wait(count + 1)[count]


@contextmanager
def sandbox(file: Any = ":memory:") -> Iterator[SandboxDesk]:
    shop, port, clock = Shop(), free_port(), Clock(time.time())
    url = f"http://127.0.0.1:{port}"
    setup = Setup(key=SANDBOX_KEY, url=url, hint_url=shop.hint_url, file=file, merchant=Merchant("Vasistas", shop.url))
    with serving(shop.app(), shop.port), serving(make_app(setup, clock=clock), port):
        desk = SandboxDesk(url, shop, clock)
        yield desk
        desk.go_away(is_away=True)
        desk.port.close()
        desk.go_away(is_away=False)
        desk.port.close()


class StripeDesk:
    def __init__(self, server: stripe_server.Stripe, url: str) -> None:
        self.server = server
        self.port = StripePort(key=stripe_server.KEY, webhook_secret=stripe_server.SECRET, api_url=url, files_url=url)

    def pay(self, started: Started) -> Webhook:
        self.server.pay(started.provider_ref)
        return self.webhook("checkout.session.completed", {"id": started.provider_ref, "object": "checkout.session"})

    def decline(self, started: Started) -> None:
        """Stripe shows it to the one who pays, and keeps the checkout open."""

    def expire(self, started: Started) -> None:
        self.server.expire(started.provider_ref)

    def dispute(self, provider_ref: str) -> Webhook:
        dispute = self.server.disputes[self.server.dispute(provider_ref)]
        return self.webhook("charge.dispute.created", dispute)

    def tampered(self, webhook: Webhook) -> Iterator[Webhook]:
        headers, body = webhook
        yield headers, body + b" "
        yield {"Stripe-Signature": headers["Stripe-Signature"].replace("v1=", "v1=0")}, body
        yield {}, body

    def go_away(self, *, is_away: bool) -> None:
        self.server.is_away = is_away

    def now(self) -> float:
        return time.time()

    def webhook(self, kind: str, about: dict[str, Any], at: float | None = None) -> Webhook:
        event = {"id": f"evt_{kind}", "object": "event", "type": kind, "data": {"object": about}}
        body = msgspec.json.encode(event)
        return {"Stripe-Signature": signature(body.decode(), at)}, body


def signature(body: str, at: float | None = None, secret: str = stripe_server.SECRET) -> str:
    """The library's own generator."""
    moment = int(time.time() if at is None else at)
    return stripe.WebhookSignature.generate_signature_header(body, secret, moment)


@contextmanager
def stripe_desk() -> Iterator[StripeDesk]:
    server, port = stripe_server.Stripe(), free_port()
    with serving(server.app(), port):
        desk = StripeDesk(server, f"http://127.0.0.1:{port}")
        yield desk
        desk.port.close()


class CcbillDesk:
    def __init__(self, server: ccbill_server.Ccbill, url: str, file: Any) -> None:
        self.server, self.clock, self.notes = server, server.clock, Notes(file)
        account = Account(ccbill_server.ACCOUNT, ccbill_server.SUB, ccbill_server.USER, ccbill_server.PASSWORD)
        form = Form(
            "https://api.ccbill.com/wap-frontflex/flexforms", "f1e2", account.number, account.sub, ccbill_server.SALT
        )
        self.port = CcbillPort(
            form, DataLink(account, url=url), self.notes, webhook_secret=ccbill_server.SECRET, clock=self.clock
        )

    def pay(self, started: Started) -> Webhook:
        return self._handled(self.server.pay(started.url))

    def decline(self, started: Started) -> Webhook:
        return self._handled(self.server.decline(started.url))

    def expire(self, started: Started) -> None:
        self.clock.now += 24 * 3600

    def dispute(self, provider_ref: str) -> Webhook:
        return self._handled(self.server.charge_back(self.number(provider_ref)))

    def tampered(self, webhook: Webhook) -> Iterator[Webhook]:
        headers, body = webhook
        yield headers, body.replace(b"subscriptionId=01", b"subscriptionId=02")
        yield headers, body.replace(b"billedInitialPrice=12", b"billedInitialPrice=99")
        yield {**headers, ":query": headers[":query"].replace("key=", "key=x")}, body
        yield {**headers, ":peer": "203.0.113.7"}, body
        yield {}, body

    def go_away(self, *, is_away: bool) -> None:
        self.server.is_away = is_away

    def now(self) -> float:
        return self.clock.now

    def number(self, provider_ref: str) -> str:
        sale = self.notes.sale(provider_ref)
        assert sale is not None
        assert sale.subscription is not None
        return sale.subscription

    def _handled(self, webhook: Webhook) -> Webhook:
        """The site hears of it: without that, CCBill's number of the sale is not known."""
        self.port.hint(*webhook)
        return webhook


@contextmanager
def ccbill(file: Any = ":memory:") -> Iterator[CcbillDesk]:
    server, port = ccbill_server.Ccbill(Clock(float(int(time.time())))), free_port()
    with serving(server.app(), port):
        desk = CcbillDesk(server, f"http://127.0.0.1:{port}", file)
        yield desk
        desk.port.close()


DESKS = {"sandbox": sandbox, "stripe": stripe_desk, "ccbill": ccbill}
