"""What the site may ask of a payment provider, and what a provider says. Adapters: `sandbox`, `stripe`, `ccbill`.

Amounts are integers in the currency's minor unit (cents); currencies are three capital letters (ISO 4217); moments are
unix seconds. A provider knows a purchase by our random reference alone: no name, no mail address, no member's number.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from vasistas.lib.errors import DomainError

type PaymentState = Literal["open", "paid", "failed", "expired"]
type DisputeState = Literal["open", "won", "lost"]
type LineKind = Literal["payment", "refund", "chargeback", "chargeback_reversed", "fee", "payout"]

QUERY = ":query"  # in the headers given to hint(): the query of the address that was called, without "?"
PEER = ":peer"  # and the network address that called; see PaymentPort.hint


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid.

    reference: ours, random, once for each checkout. title: what the provider's page shows. return_url, cancel_url:
    where the browser goes afterwards; arriving there proves nothing. expires_at: not paid by then, it is over; a
    provider may round it up to what it can do. save_method: let the next payment offer this card again. method: the
    provider's token of a saved method, or None.
    """

    reference: str
    amount_minor: int
    currency: str
    title: str
    return_url: str
    cancel_url: str
    expires_at: float
    save_method: bool = False
    method: str | None = None


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """provider_ref: how the provider names the payment from now on. url: where the browser goes."""

    provider_ref: str
    url: str


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """A saved way to pay. token: of use to us at this provider alone. label: like "Visa ··42", never a number."""

    token: str
    label: str


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says of a payment now.

    state: `paid` is final; where a provider lets people try again, a payment may be paid after it was failed or
    expired. refunded_minor: all refunds so far. dispute: of the chargeback, None without one; disputed_minor: what it
    took. fee_minor: what the provider kept, 0 until known. method: what it may charge again, if that was asked for.
    """

    provider_ref: str
    reference: str
    state: PaymentState
    amount_minor: int
    currency: str
    refunded_minor: int = 0
    dispute: DisputeState | None = None
    disputed_minor: int = 0
    fee_minor: int = 0
    method: Method | None = None


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's webhook, verified: look at this payment again. It says nothing more, for it may be late or repeated.

    event_id: the same for each delivery of one event. provider_ref: pass it to `read`, whose answer has the reference;
    "" when the event is of no payment.
    """

    event_id: str
    provider_ref: str


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement on our account at the provider. amount_minor: signed, positive is ours. provider_ref: "" if none."""

    provider_ref: str
    kind: LineKind
    amount_minor: int
    currency: str
    at: float


class PaymentPort(Protocol):
    """All calls but `hint` ask over the network, 15 s at most for each request: never inside a transaction.

    Each raises ProviderUnreachable (try again later; nothing may be concluded) and ProviderRefused.
    """

    name: str

    def start(self, checkout: Checkout) -> Started:
        """Open a checkout. Repeating it with the same checkout returns the same payment.

        Raises: ProviderRefused: the currency, amount or method is not possible there.
        """

    def read(self, provider_ref: str) -> Payment:
        """Raises: CheckoutUnknown."""

    def refund(self, provider_ref: str, *, amount_minor: int, key: str) -> Payment:
        """Give back a part or all. The same key never refunds twice.

        Raises: CheckoutUnknown. RefundRefused: not paid, or more than is left of it.
        """

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Verify a webhook as far as the provider allows; no network.

        Args: headers: names in any case, and under QUERY and PEER what HTTP has beside them (CCBill needs both).

        Raises: HintForged: not signed by the provider, or too old.
        """

    def statement(self, since: float, until: float) -> list[StatementLine]:
        """Movements of since <= moment < until, oldest first.

        Raises: ProviderRefused: the time is longer than one answer takes.
        """

    def submit_evidence(self, provider_ref: str, document: bytes) -> None:
        """Answer an open dispute with one document: PDF, or plain text in UTF-8.

        Raises: CheckoutUnknown. ProviderRefused: no dispute is open, the document does not fit, or it takes none.
        """

    def forget_method(self, token: str) -> None:
        """Let the provider forget a saved method. Repeating it is no error."""


class PaymentError(DomainError):
    """A payment provider refused or could not be asked."""

    status = 503
    code = "payments.failed"


class CheckoutUnknown(PaymentError):  # noqa: N818 — refusals read as facts, see lib.errors
    status = 404
    code = "payments.checkout_unknown"


class HintForged(PaymentError):  # noqa: N818 — see above
    """Said in one way, whatever was wrong with it."""

    status = 400
    code = "payments.hint_forged"

    def __init__(self) -> None:
        super().__init__("This message is not signed by the payment provider, or is too old. Nothing was done.")


class RefundRefused(PaymentError):  # noqa: N818 — see above
    status = 409
    code = "payments.refund_refused"


class ProviderUnreachable(PaymentError):  # noqa: N818 — see above
    code = "payments.provider_unreachable"

    def __init__(self) -> None:
        super().__init__("The payment provider does not answer. Nothing was charged by us; try again in a minute.")


class ProviderRefused(PaymentError):  # noqa: N818 — see above
    """The code says why: payments.not_supported, payments.currency, payments.statement_too_long …"""

    status = 409
    code = "payments.provider_refused"
