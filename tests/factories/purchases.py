"""A payment provider of the tests: the sandbox's real server, and the people who pay at it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from tests.factories import wallet
from tests.factories.accounts import make_member
from tests.payments.servers import Clock, Shop, serving
from tools.servers import free_port
from vasistas import payments
from vasistas.apps.accounts.models import Member
from vasistas.apps.purchases import operations
from vasistas.apps.purchases.models import Purchase
from vasistas.apps.purchases.operations import Wanted
from vasistas.guard.egress.payments import PaymentsBehindDoor
from vasistas.guard.purposes import processing
from vasistas.payments.port import Payment
from vasistas.payments.sandbox.client import SandboxPort
from vasistas.payments.sandbox.provider.app import Setup, make_app
from vasistas.payments.sandbox.provider.site import Merchant

KEY = b"a key of the tests, thirty-two or more"
NAME = "sandbox"


class Killed(BaseException):
    """The process died here."""


class Provider:
    """The sandbox as the site sees it, with what may go wrong on the way.

    away: it does not answer. lies: what it says differently of a payment. dies: `before` or `after` a refund.
    """

    name = NAME

    def __init__(self, url: str, shop: Shop, clock: Clock) -> None:
        self.url, self.shop, self.clock = url, shop, clock
        self._here = SandboxPort(url=url, key=KEY, clock=clock)
        self._away = SandboxPort(url=f"http://127.0.0.1:{free_port()}", key=KEY, clock=clock)
        self.reset()

    def reset(self) -> None:
        self.away, self.lies, self.dies, self.asked = False, {}, "", []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._away if self.away else self._here, name)

    def start(self, checkout: Any) -> Any:
        self.asked.append("start")
        return (self._away if self.away else self._here).start(checkout)

    def read(self, provider_ref: str) -> Payment:
        self.asked.append("read")
        return msgspec.structs.replace((self._away if self.away else self._here).read(provider_ref), **self.lies)

    def refund(self, provider_ref: str, **asked: Any) -> Payment:
        self.asked.append("refund")
        if self.dies == "before":
            raise Killed
        payment = (self._away if self.away else self._here).refund(provider_ref, **asked)
        if self.dies == "after":
            raise Killed
        return msgspec.structs.replace(payment, **self.lies)

    def forget_method(self, token: str) -> None:
        self.asked.append("forget")
        (self._away if self.away else self._here).forget_method(token)

    def close(self) -> None:
        self._here.close()
        self._away.close()

    # -- People at it --

    def pay(self, purchase: Purchase, card: str = "pays") -> httpx.Response:
        return httpx.post(f"{self.url}/pay/{purchase.provider_ref}", data={"card": card})

    def act(self, purchase: Purchase, act: str, **fields: str) -> None:
        answer = httpx.post(f"{self.url}/dashboard/{purchase.provider_ref}/{act}", data=fields)
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text

    def says(self, purchase: Purchase) -> Payment:
        return self._here.read(purchase.provider_ref)

    def told(self, purchase: Purchase, count: int = 1) -> list[tuple[dict[str, str], bytes]]:
        """The webhooks it sent about a purchase, once there are `count`."""
        needle = purchase.provider_ref.encode()
        found: list[tuple[dict[str, str], bytes]] = []
        while len(found) < count:
            found = [one for one in self.shop.wait(len(self.shop.taken)) if needle in one[1]]
            if len(found) < count:
                self.shop.wait(len(self.shop.taken) + 1)
        return found


@contextmanager
def provider(folder: Any) -> Iterator[Provider]:
    """Serve the sandbox and the site's end of its webhooks."""
    clock = Clock(datetime.now(UTC).timestamp())
    shop, port = Shop(), free_port()
    url = f"http://127.0.0.1:{port}"
    merchant = Merchant("Vasistas", "http://localhost:8000")
    setup = Setup(key=KEY, url=url, hint_url=shop.hint_url, file=folder / "sandbox.sqlite3", merchant=merchant)
    with serving(shop.app(), shop.port), serving(make_app(setup, clock=clock), port):
        one = Provider(url, shop, clock)
        yield one
        one.close()


@contextmanager
def enabled(one: Provider) -> Iterator[Provider]:
    before = {name: payments.get_port(name) for name in payments.names()}
    payments.configure({NAME: PaymentsBehindDoor(one)})
    try:
        yield one
    finally:
        payments.configure(before)


def make_payer(name: str = "Vi", *, at: datetime | None = None, **over: Any) -> Member:
    """A member with the switch on."""
    member = make_member(name, **over)
    wallet.switch_on(member, at=(at or datetime.now(UTC)) - timedelta(days=1))
    return member


def buy(member: Member, amount: int = 1000, *, at: datetime | None = None, **over: Any) -> Purchase:
    """Start a purchase, as the form does."""
    wanted = Wanted(over.pop("key", None) or uuid.uuid4(), amount, NAME, **over)
    return do(operations.buy, subject_id=member.subject_id, wanted=wanted, at=at or datetime.now(UTC))


def do[Result](act: Callable[..., Result], **named: Any) -> Result:
    """Run an operation as the site does: under its purpose. Moments are now, unless told."""
    with processing("wallet"):
        return act(**{"at": datetime.now(UTC), **named})


def bought(one: Provider, member: Member, amount: int = 1000, *, at: datetime | None = None, **over: Any) -> Purchase:
    """A purchase that was paid and credited."""
    purchase = buy(member, amount, at=at, **over)
    one.pay(purchase)
    return do(operations.look, purchase_id=purchase.pk, at=at or datetime.now(UTC))
