"""The port over Stripe Checkout."""

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from vasistas.payments.port import (
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
from vasistas.payments.stripe import shapes

if TYPE_CHECKING:
    from stripe import ListObject, StripeClient, StripeObject
    from stripe.params import DisputeUpdateParamsEvidence
    from stripe.params.checkout import SessionCreateParams

TIMEOUT_S = 15.0
RETRIES_MAX = 1  # by the library, after a connection that failed or a 409; idempotency keys make it safe
TOLERANCE_S = 300  # a webhook older than this is refused
EXPIRES_LATER_S = 30 * 60  # Stripe keeps a checkout open for 30 minutes at least
OPEN_S_MAX = 24 * 3600
PAGE = 100  # objects in one answer; Stripe's own maximum
NOT_TAKEN = "payments.not_taken"  # what was asked cannot be done, and was not
STATEMENT_LINES_MAX = 5_000
EVIDENCE_BYTES_MAX = 4_500_000
EVIDENCE_CHARS_MAX = 20_000  # of plain text
EXPANDED = ["payment_intent.latest_charge.balance_transaction", "payment_intent.payment_method"]
ANSWERABLE = {"needs_response", "warning_needs_response"}


class StripePort:
    """Args: key: the secret key (sk_…, or a restricted one). webhook_secret: of this site's endpoint (whsec_…).
    api_url, files_url: another address for both, in tests. clock: unix seconds. May be used from many threads.
    """

    def __init__(
        self,
        *,
        key: str,
        webhook_secret: str,
        api_url: str = "https://api.stripe.com",
        files_url: str = "https://files.stripe.com",
        name: str = "stripe",
        clock: Callable[[], float] = time.time,
    ) -> None:
        import stripe  # noqa: PLC0415 — as heavy as Django; only a site that uses it loads it

        stripe.enable_telemetry = False  # it would send figures of this machine
        self.name = name
        self._stripe = stripe
        self._webhook_secret = webhook_secret
        self._clock = clock
        self._http = stripe.RequestsClient(timeout=TIMEOUT_S)
        self._client: StripeClient = stripe.StripeClient(
            key,
            base_addresses={"api": api_url, "files": files_url},
            http_client=self._http,
            max_network_retries=RETRIES_MAX,
        )

    def start(self, checkout: Checkout) -> Started:
        with self._asking():
            made = self._client.v1.checkout.sessions.create(
                self._params(checkout), {"idempotency_key": f"start:{checkout.reference}"}
            )
        session = _shaped(made, shapes.Session)
        return Started(provider_ref=session.id, url=session.url or checkout.cancel_url)

    def read(self, provider_ref: str) -> Payment:
        session = self._session(provider_ref)
        intent = session.payment_intent
        charge = intent.latest_charge if isinstance(intent, shapes.Intent) else None
        is_disputed = isinstance(charge, shapes.Charge) and charge.disputed
        return shapes.payment_of(session, self._disputes(session) if is_disputed else [])

    def refund(self, provider_ref: str, *, amount_minor: int, key: str) -> Payment:
        session = self._session(provider_ref)
        if session.payment_status != "paid" or amount_minor <= 0:
            raise RefundRefused("Only what was paid can be refunded. Look at the payment again.")
        try:
            if not self._was_refunded(session.intent_id, amount_minor, key):
                with self._asking():
                    self._client.v1.refunds.create(
                        {"payment_intent": session.intent_id, "amount": amount_minor, "metadata": {"key": key}},
                        {"idempotency_key": f"refund:{key}"},
                    )
        except ProviderRefused as refused:
            if refused.code != NOT_TAKEN:  # a key that was revoked, a request under way: it may have been done
                raise
            raise RefundRefused("No more can be refunded than was paid and is left. Refund less.") from None
        return self.read(provider_ref)

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        signature = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
        try:
            self._stripe.WebhookSignature.verify_header(body, signature, self._webhook_secret, TOLERANCE_S)
            event = msgspec.json.decode(body, type=shapes.Event)
        except (self._stripe.SignatureVerificationError, ValueError):  # msgspec's errors and Unicode's are ValueErrors
            raise HintForged from None
        return Hint(event_id=event.id, provider_ref=_ref_of(event))

    def statement(self, since: float, until: float) -> list[StatementLine]:
        first, end = int(since), int(until)
        with self._asking():
            listed = self._client.v1.balance_transactions.list(
                {"created": {"gte": first, "lt": end}, "limit": PAGE, "expand": ["data.source"]}
            )
            balances = [_shaped(one, shapes.Balance) for one in _bounded(listed)]
            sessions = self._client.v1.checkout.sessions.list(
                {"created": {"gte": first - OPEN_S_MAX, "lt": end}, "limit": PAGE}
            )
            names = {one.intent_id: one.id for one in (_shaped(each, shapes.Session) for each in _bounded(sessions))}
        lines = [line for balance in reversed(balances) for line in self._lines(balance, names)]
        return sorted(lines, key=lambda line: line.at)

    def submit_evidence(self, provider_ref: str, document: bytes) -> None:
        open_ones = [one for one in self._disputes(self._session(provider_ref)) if one.status in ANSWERABLE]
        if not open_ones:
            raise ProviderRefused("No dispute of this payment waits for an answer. Look at the payment again.")
        with self._asking():
            evidence = self._uploaded(document) if document.startswith(b"%PDF") else _as_text(document)
            self._client.v1.disputes.update(open_ones[0].id, {"evidence": evidence, "submit": True})

    def forget_method(self, token: str) -> None:
        customer, _, _method = token.partition(":")
        if not customer.startswith("cus_"):
            return
        try:
            with self._asking():
                self._client.v1.customers.delete(customer)  # made for this one card; its cards go with it
        except CheckoutUnknown:
            return

    def close(self) -> None:
        """Close the idle connections of this thread."""
        self._http.close()  # type: ignore[no-untyped-call]  # the library's

    def _params(self, checkout: Checkout) -> "SessionCreateParams":
        """The same for the same checkout: Stripe refuses an idempotency key with other parameters."""
        params: SessionCreateParams = {
            "mode": "payment",
            "client_reference_id": checkout.reference,
            "success_url": checkout.return_url,
            "cancel_url": checkout.cancel_url,
            "allowed_payment_method_types": ["card"],
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": checkout.currency.lower(),
                        "unit_amount": checkout.amount_minor,
                        "product_data": {"name": checkout.title},
                    },
                }
            ],
            "payment_intent_data": {"metadata": {"reference": checkout.reference}},
        }
        expires_at = int(checkout.expires_at) + EXPIRES_LATER_S
        if expires_at < self._clock() + OPEN_S_MAX:
            params["expires_at"] = expires_at
        if checkout.save_method:
            params["payment_intent_data"]["setup_future_usage"] = "on_session"
        if checkout.method:
            params["customer"] = _customer_of(checkout.method)
            params["saved_payment_method_options"] = {"allow_redisplay_filters": ["always", "limited", "unspecified"]}
        elif checkout.save_method:
            params["customer_creation"] = "always"
        return params

    def _session(self, provider_ref: str) -> shapes.Session:
        """Read a session by its id, or by that of its payment intent. Raises: CheckoutUnknown."""
        with self._asking():
            if provider_ref.startswith("pi_"):
                provider_ref = self._session_id_of(provider_ref)
            if not provider_ref.startswith("cs_"):
                raise CheckoutUnknown("Stripe does not know this payment. Begin a new one.")
            found = self._client.v1.checkout.sessions.retrieve(provider_ref, {"expand": EXPANDED})
        return _shaped(found, shapes.Session)

    def _session_id_of(self, intent_id: str) -> str:
        listed = self._client.v1.checkout.sessions.list({"payment_intent": intent_id, "limit": 1})
        return next((one.id for one in listed.data), "")

    def _was_refunded(self, intent_id: str, amount_minor: int, key: str) -> bool:
        """Whether this key was used: Stripe forgets idempotency keys after a day, and a refund never.

        Raises: RefundRefused: for another amount.
        """
        with self._asking():
            listed = self._client.v1.refunds.list({"payment_intent": intent_id, "limit": PAGE})
        made = [one for one in (_shaped(each, shapes.Refund) for each in listed.data) if one.metadata.get("key") == key]
        if any(one.amount != amount_minor for one in made):
            raise RefundRefused("This key is of another refund already. Use a new one.")
        return bool(made)

    def _disputes(self, session: shapes.Session) -> list[shapes.Dispute]:
        if not session.intent_id:
            return []
        with self._asking():
            listed = self._client.v1.disputes.list({"payment_intent": session.intent_id, "limit": 10})
        return [_shaped(one, shapes.Dispute) for one in listed.data]

    def _lines(self, balance: shapes.Balance, names: dict[str, str]) -> Iterator[StatementLine]:
        """One line for the movement, one for what Stripe kept of it."""
        source = balance.source if isinstance(balance.source, dict) else {}
        intent_id = str(source.get("payment_intent") or "")
        if intent_id and intent_id not in names:  # paid longer ago: one question for each
            with self._asking():
                names[intent_id] = self._session_id_of(intent_id)
        kind = shapes.CATEGORIES.get(balance.reporting_category, "fee")
        ref, currency, at = names.get(intent_id, ""), balance.currency.upper(), float(balance.created)
        yield StatementLine(provider_ref=ref, kind=kind, amount_minor=balance.amount, currency=currency, at=at)
        if balance.fee:
            yield StatementLine(provider_ref=ref, kind="fee", amount_minor=-balance.fee, currency=currency, at=at)

    def _uploaded(self, document: bytes) -> "DisputeUpdateParamsEvidence":
        if len(document) > EVIDENCE_BYTES_MAX:
            raise ProviderRefused(f"Stripe takes {EVIDENCE_BYTES_MAX} bytes at most. Send a smaller document.")
        file = io.BytesIO(document)
        file.name = "evidence.pdf"
        made = self._client.v1.files.create({"purpose": "dispute_evidence", "file": file})
        return {"uncategorized_file": made.id}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn the library's errors into the port's. Its sentences stay behind: they may quote what was sent."""
        errors = self._stripe
        try:
            yield
        except (errors.APIConnectionError, errors.RateLimitError, errors.APIError):
            raise ProviderUnreachable from None
        except (errors.AuthenticationError, errors.PermissionError):
            raise ProviderRefused("Stripe refuses this site's key. Tell the operator.", code="payments.key") from None
        except errors.InvalidRequestError as error:
            if error.code == "resource_missing":
                raise CheckoutUnknown("Stripe does not know this payment. Begin a new one.") from None
            code = "payments.currency" if "currency" in (error.param or "") else NOT_TAKEN
            raise ProviderRefused("Stripe does not take this. Change the amount or the currency.", code=code) from None
        except errors.StripeError:
            raise ProviderRefused("Stripe refused. Try again, or another way to pay.") from None


def _ref_of(event: shapes.Event) -> str:
    about = event.data.object
    if event.type.startswith("checkout.session."):
        return str(about.get("id") or "")
    if event.type.startswith("payment_intent."):
        return str(about.get("id") or "")
    if event.type.startswith(("charge.", "refund.")):
        return str(about.get("payment_intent") or "")
    return ""


def _customer_of(token: str) -> str:
    customer = token.partition(":")[0]
    if not customer.startswith("cus_"):
        raise ProviderRefused("This card was not saved at Stripe. Pay with another one.")
    return customer


def _as_text(document: bytes) -> "DisputeUpdateParamsEvidence":
    try:
        text = document.decode()
    except UnicodeDecodeError:
        raise ProviderRefused("Evidence is a PDF or plain text. Send one of them.") from None
    if not 0 < len(text) <= EVIDENCE_CHARS_MAX:
        raise ProviderRefused(f"Stripe takes 1 to {EVIDENCE_CHARS_MAX} characters. Send a PDF instead.")
    return {"uncategorized_text": text}


def _bounded(listed: "ListObject[Any]") -> Iterator[Any]:
    """All of a list, page by page. Raises: ProviderRefused: it is longer than STATEMENT_LINES_MAX."""
    for count, one in enumerate(listed.auto_paging_iter()):
        if count >= STATEMENT_LINES_MAX:
            raise ProviderRefused(
                f"A statement has {STATEMENT_LINES_MAX} movements at most. Ask for a shorter time.",
                code="payments.statement_too_long",
            )
        yield one


def _shaped[T](found: "StripeObject", shape: type[T]) -> T:
    try:
        return msgspec.convert(found.to_dict(), shape)
    except msgspec.ValidationError:
        raise ProviderUnreachable from None  # not an answer of Stripe's
