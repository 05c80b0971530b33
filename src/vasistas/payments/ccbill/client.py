"""The port over CCBill FlexForms, webhooks and DataLink.

CCBill signs its form (MD5 over price, period, currency and a salt) and, of its webhooks, the one about a new sale. All
others are verified by a secret in the address they are sent to, by CCBill's network ranges, and then by DataLink's own
count: nothing counts before CCBill, asked again, says so.
"""

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import msgspec

from vasistas.payments.ccbill.datalink import DataLink, Standing, Unclear, minor, price
from vasistas.payments.ccbill.notes import Notes, Refund, Sale
from vasistas.payments.port import (
    PEER,
    QUERY,
    Checkout,
    CheckoutUnknown,
    Hint,
    HintForged,
    Payment,
    ProviderRefused,
    ProviderUnreachable,
    RefundRefused,
    Started,
    StatementLine,
)

CURRENCIES = {"USD": "840", "EUR": "978", "GBP": "826", "CAD": "124", "AUD": "036"}  # ISO 4217, with two decimals
PERIOD_DAYS = "30"  # of a price that is charged once; CCBill wants one
NETWORKS = ("64.38.212.0/24", "64.38.215.0/24", "64.38.240.0/24", "64.38.241.0/24")  # Webhooks User Guide
MONEY_BACK = {"Refund", "Void"}


@dataclass(frozen=True)
class Form:
    """url: of FlexForms. flex_id: which form. account, sub: ours. salt: shared with CCBill, signs prices."""

    url: str
    flex_id: str
    account: str
    sub: str
    salt: str


class CcbillPort:
    """Args: webhook_secret: stands as `key=` in the address CCBill sends webhooks to. networks: whence they come, none
    to accept all. clock: unix seconds. May be used from many threads.
    """

    name = "ccbill"

    def __init__(
        self,
        form: Form,
        datalink: DataLink,
        notes: Notes,
        *,
        webhook_secret: str,
        networks: Collection[str] = NETWORKS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._form = form
        self._datalink = datalink
        self._notes = notes
        self._webhook_secret = webhook_secret
        self._networks = [ipaddress.ip_network(one) for one in networks]
        self._clock = clock

    def start(self, checkout: Checkout) -> Started:
        """A saved card is not offered: FlexForms has no such thing; `save_method` is not followed."""
        if checkout.currency not in CURRENCIES:
            raise ProviderRefused(
                f"CCBill takes {', '.join(sorted(CURRENCIES))}. Pay in one of them.", code="payments.currency"
            )
        if checkout.amount_minor <= 0:
            raise ProviderRefused("This amount cannot be paid. Choose another one.", code="payments.amount")
        if checkout.method is not None:
            raise _not_supported("offer a saved card")
        sale = Sale(checkout.reference, checkout.amount_minor, checkout.currency, checkout.expires_at, None)
        self._notes.begin(sale, now=self._clock())
        known = self._sale(checkout.reference)
        if (known.amount_minor, known.currency) != (sale.amount_minor, sale.currency):
            raise ProviderRefused("This reference is of another payment already. Use a new one.")
        amount, currency = price(sale.amount_minor), CURRENCIES[sale.currency]
        digest = _md5(amount, PERIOD_DAYS, currency, self._form.salt)
        asked = {
            "clientSubacc": self._form.sub,
            "initialPrice": amount,
            "initialPeriod": PERIOD_DAYS,
            "currencyCode": currency,
            "formDigest": digest,
            "reference": sale.ref,  # what CCBill does not know comes back in the webhook, as X-reference
            "seal": self._seal(sale),
        }
        return Started(provider_ref=sale.ref, url=f"{self._form.url}/{self._form.flex_id}?{urlencode(asked)}")

    def read(self, provider_ref: str) -> Payment:
        sale = self._sale(provider_ref)
        if sale.subscription is None:
            state = "open" if self._clock() < sale.expires_at else "expired"
            return msgspec.convert({**_facts(sale), "state": state}, Payment)
        return self._payment(sale, self._datalink.standing(sale.subscription))

    def refund(self, provider_ref: str, *, amount_minor: int, key: str) -> Payment:
        """CCBill has no idempotency keys. A refund whose end it did not tell is never asked again: see the message."""
        sale = self._sale(provider_ref)
        if sale.subscription is None:
            raise RefundRefused("Only what was paid can be refunded. Look at the payment again.")
        standing = self._datalink.standing(sale.subscription)
        known = self._notes.refund(key)
        if known is not None:
            return self._refunded_before(sale, standing, known, (amount_minor, key))
        payment = self._payment(sale, standing)
        left = payment.amount_minor - payment.refunded_minor - payment.disputed_minor
        if not 0 < amount_minor <= left:
            raise RefundRefused("No more can be refunded than was paid and is left. Refund less.")
        refund = Refund(sale.ref, amount_minor, standing.refunds + standing.voids, "asked")
        if not self._notes.ask_refund(key, refund):
            raise _end_unknown()
        try:
            self._datalink.refund(sale.subscription, amount_minor, is_all=amount_minor == sale.amount_minor)
        except Unclear:
            raise ProviderUnreachable from None
        except ProviderRefused:
            self._notes.end_refund(key, is_done=False)
            raise RefundRefused("CCBill refused this refund. Look at the sale in its admin portal.") from None
        self._notes.end_refund(key, is_done=True)
        return self.read(provider_ref)

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        said = {name.lower(): value for name, value in headers.items()}
        query = dict(parse_qsl(said.get(QUERY, "")))
        fields = {**_fields(body), **({"eventType": query["eventType"]} if "eventType" in query else {})}
        self._require_from_ccbill(query.get("key", ""), said.get(PEER, ""), fields)
        kind, subscription = fields.get("eventType", ""), fields.get("subscriptionId", "")
        event_id = f"{kind}:{fields.get('transactionId') or subscription}"
        if kind == "NewSaleSuccess":
            return Hint(event_id=event_id, provider_ref=self._matched(fields))
        if kind == "NewSaleFailure":  # it is tried again on CCBill's page
            sale = self._notes.sale(fields.get("X-reference", ""))
        else:
            sale = self._notes.sale_of(subscription) if subscription else None
        amount = minor(fields.get("amount", ""))
        if sale is not None and kind in MONEY_BACK and amount:
            self._notes.claim(event_id, sale.ref, amount)
        return Hint(event_id=event_id, provider_ref=sale.ref if sale else "")

    def statement(self, since: float, until: float) -> list[StatementLine]:
        """Amounts come without a currency: they are taken for the sale's. Fees are not told."""
        lines = []
        for one in self._datalink.movements(since, until):
            sale = self._notes.sale_of(one.subscription)
            lines.append(
                StatementLine(
                    provider_ref=sale.ref if sale else "",
                    kind=one.kind,
                    amount_minor=one.amount_minor if one.kind == "payment" else -one.amount_minor,
                    currency=sale.currency if sale else "",
                    at=one.at,
                )
            )
        return lines

    def submit_evidence(self, provider_ref: str, document: bytes) -> None:  # noqa: ARG002 — the port's shape
        self._sale(provider_ref)
        raise _not_supported("take evidence; it answers chargebacks itself")

    def forget_method(self, token: str) -> None:
        """Nothing to do: CCBill gave us no token."""

    def close(self) -> None:
        """Close the idle connections and the notes."""
        self._datalink.close()
        self._notes.close()

    def _sale(self, ref: str) -> Sale:
        sale = self._notes.sale(ref)
        if sale is None:
            raise CheckoutUnknown("CCBill does not know this payment. Begin a new one.")
        return sale

    def _payment(self, sale: Sale, standing: Standing) -> Payment:
        refunded = 0
        if standing.voids:
            refunded = sale.amount_minor
        elif standing.refunds:
            told = self._notes.claimed_minor(sale.ref, count=standing.refunds)
            refunded = min(sale.amount_minor, max(told, self._notes.refunded_minor(sale.ref)))
        disputed = sale.amount_minor - refunded if standing.chargebacks else 0
        facts = {**_facts(sale), "state": "paid", "refunded_minor": refunded}
        if disputed:  # CCBill takes it back for good, and asks nobody
            facts |= {"dispute": "lost", "disputed_minor": disputed}
        return msgspec.convert(facts, Payment)

    def _refunded_before(self, sale: Sale, standing: Standing, known: Refund, asked: tuple[int, str]) -> Payment:
        amount_minor, key = asked
        if (known.ref, known.amount_minor) != (sale.ref, amount_minor):
            raise RefundRefused("This key is of another refund already. Use a new one.")
        if known.state == "asked":
            if standing.refunds + standing.voids <= known.before:
                raise _end_unknown()
            self._notes.end_refund(key, is_done=True)
        return self._payment(sale, standing)

    def _require_from_ccbill(self, key: str, peer: str, fields: Mapping[str, str]) -> None:
        if not hmac.compare_digest(key.encode(), self._webhook_secret.encode()):
            raise HintForged
        if fields.get("clientAccnum") != self._form.account:
            raise HintForged
        if self._networks:
            try:
                address = ipaddress.ip_address(peer)
            except ValueError:
                raise HintForged from None
            if not any(address in network for network in self._networks):
                raise HintForged

    def _matched(self, fields: Mapping[str, str]) -> str:
        """Bind a new sale to its checkout: CCBill's digest, our seal, and the price must agree. Returns its ref."""
        subscription, sale = fields.get("subscriptionId", ""), self._notes.sale(fields.get("X-reference", ""))
        digest = _md5(subscription, "1", self._form.salt)
        if sale is None or not subscription.isdecimal():
            raise HintForged
        is_signed = hmac.compare_digest(digest, fields.get("dynamicPricingValidationDigest", "").lower())
        is_sealed = hmac.compare_digest(self._seal(sale), fields.get("X-seal", ""))
        is_price = minor(fields.get("billedInitialPrice", "")) == sale.amount_minor
        is_currency = fields.get("billedCurrencyCode", "").zfill(3) == CURRENCIES[sale.currency]
        if not (is_signed and is_sealed and is_price and is_currency):
            raise HintForged
        if not self._notes.match(sale.ref, subscription):
            raise HintForged
        return sale.ref

    def _seal(self, sale: Sale) -> str:
        text = f"{sale.ref}|{sale.amount_minor}|{sale.currency}".encode()
        return hmac.digest(self._webhook_secret.encode(), text, "sha256").hex()[:32]


def _facts(sale: Sale) -> dict[str, object]:
    return {
        "provider_ref": sale.ref,
        "reference": sale.ref,
        "amount_minor": sale.amount_minor,
        "currency": sale.currency,
    }


def _fields(body: bytes) -> dict[str, str]:
    """Read a webhook's body: JSON, or the older form. Raises: HintForged."""
    try:
        if body.lstrip()[:1] == b"{":
            return {
                name: str(value) for name, value in msgspec.json.decode(body, type=dict[str, str | int | None]).items()
            }
        return dict(parse_qsl(body.decode(), max_num_fields=200))
    except ValueError:
        raise HintForged from None


def _md5(*parts: str) -> str:
    """CCBill's own way of signing: the salt stands last."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def _not_supported(what: str) -> ProviderRefused:
    return ProviderRefused(f"CCBill does not {what}. Use its admin portal.", code="payments.not_supported")


def _end_unknown() -> ProviderRefused:
    """No refusal: it may have been done, so nothing is given back before a person has looked."""
    return ProviderRefused(
        "CCBill did not say how an earlier refund of this payment ended. Look at the sale in its admin portal first.",
        code="payments.refund_unclear",
    )
