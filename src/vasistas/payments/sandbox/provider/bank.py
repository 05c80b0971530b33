"""What the sandbox does with a payment. Each change is one transaction and queues its webhook in the same one."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from vasistas.payments.port import Checkout, CheckoutUnknown, LineKind, ProviderRefused, RefundRefused, StatementLine
from vasistas.payments.sandbox.provider.tables import Row, Tables

AMOUNT_MINOR_MAX = 99_999_999  # of one payment
CURRENCIES = frozenset({"EUR", "USD", "GBP", "CHF"})
TEXT_CHARS_MAX = 200  # of a title or reference
URL_CHARS_MAX = 2_000
OPEN_S_MAX = 24 * 3600  # a checkout is open no longer
SLOW_S = 20.0  # until a slow payment is decided
FEE_FIXED_MINOR = 25
FEE_PERMILLE = 14
EVIDENCE_BYTES_MAX = 5_000_000
STATEMENT_LINES_MAX = 10_000
LIST_MAX = 100  # payments on the merchant's page
PAYMENTS_MAX = 10_000  # kept; the oldest make room


@dataclass(frozen=True)
class Card:
    """A test card. label: as a saved one is called. does: what happens, for the one who chooses."""

    label: str
    does: str


CARDS = {
    "pays": Card("Visa ··42", "The payment goes through."),
    "challenge": Card("Mastercard ··55", "The bank asks first: 3‑D Secure."),
    "declined": Card("Visa ··02", "The bank declines."),
    "slow": Card("Visa ··77", f"Goes through, {SLOW_S:.0f} seconds later."),
    "twice": Card("Mastercard ··22", "Goes through, and the site is told twice."),
}


class Bank:
    """Args: clock: unix seconds. wake: called when a webhook was queued."""

    def __init__(self, tables: Tables, *, clock: Callable[[], float], wake: Callable[[], None] = lambda: None) -> None:
        self._tables = tables
        self._clock = clock
        self._wake = wake

    def open(self, checkout: Checkout) -> Row:
        """Raises: ProviderRefused."""
        _require_possible(checkout)
        now = self._clock()
        with self._tables.writing():
            for known in self._tables.payments("reference = ?", checkout.reference):
                if (known.amount_minor, known.currency) != (checkout.amount_minor, checkout.currency):
                    raise ProviderRefused("This reference is of another payment already. Use a new one.")
                return known
            ref = f"sbx_{secrets.token_urlsafe(18)}"
            self._tables.write(
                "INSERT INTO payment (ref, reference, amount_minor, currency, title, return_url, cancel_url,"
                " created_at, expires_at, save_method, offered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(ref, checkout.reference, checkout.amount_minor, checkout.currency, checkout.title),
                *(checkout.return_url, checkout.cancel_url, now, min(checkout.expires_at, now + OPEN_S_MAX)),
                *(checkout.save_method, checkout.method),
            )
            self._tables.forget_all_but(PAYMENTS_MAX)
            return self._known(ref)

    def get(self, ref: str) -> Row:
        """Raises: CheckoutUnknown."""
        self.settle()
        return self._known(ref)

    def settle(self) -> None:
        """Decide what is due: slow payments, checkouts that nobody finished."""
        now = self._clock()
        for row in self._tables.payments("state = 'open' AND settles_at <= ?", now):
            self._finish(row, "paid")
        for row in self._tables.payments("state = 'open' AND settles_at IS NULL AND expires_at <= ?", now):
            self._finish(row, "expired")

    def choose(self, ref: str, card: str) -> Row:
        """Pay with a test card, or with a saved one by its token. Raises: CheckoutUnknown, ProviderRefused."""
        row = self._require_open(ref)
        if row.settles_at is not None:
            return row  # pressed twice
        if card == row.offered and self._tables.method(card) is not None:
            return self._finish(row, "paid", card="pays", method=card)
        if card not in CARDS:
            raise ProviderRefused("There is no such card here. Choose one of those on the page.")
        if card == "challenge":
            self._tables.write("UPDATE payment SET card = ? WHERE ref = ?", card, ref)
            return self._known(ref)
        if card == "slow":
            due_at = self._clock() + SLOW_S
            self._tables.write("UPDATE payment SET card = ?, settles_at = ? WHERE ref = ?", card, due_at, ref)
            return self._known(ref)
        return self._finish(row, "failed" if card == "declined" else "paid", card=card)

    def answer_challenge(self, ref: str, *, is_approved: bool) -> Row:
        """Raises: CheckoutUnknown. ProviderRefused: the bank asked for nothing."""
        row = self._require_open(ref)
        if row.card != "challenge":
            raise ProviderRefused("The bank did not ask. Choose a card first.")
        return self._finish(row, "paid" if is_approved else "failed")

    def cancel(self, ref: str) -> Row:
        row = self.get(ref)
        return self._finish(row, "expired") if row.state == "open" and row.settles_at is None else row

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Row:
        """Raises: CheckoutUnknown, RefundRefused."""
        with self._tables.writing():
            row = self.get(ref)
            for known in self._tables.rows("SELECT ref, amount_minor FROM refund WHERE key = ?", key):
                if tuple(known) != (ref, amount_minor):
                    raise RefundRefused("This key is of another refund already. Use a new one.")
                return row
            if not 0 < amount_minor <= row.left_minor:
                raise RefundRefused("No more can be refunded than was paid and is left. Refund less.")
            if row.dispute in {"open", "lost"}:
                raise RefundRefused("The bank has taken this payment back. Answer the dispute instead.")
            self._tables.write("INSERT INTO refund VALUES (?, ?, ?)", key, ref, amount_minor)
            self._tables.write(
                "UPDATE payment SET refunded_minor = refunded_minor + ? WHERE ref = ?", amount_minor, ref
            )
            self._book(row, "refund", -amount_minor)
            self._tell(ref, "payment.refunded")
            return self._known(ref)

    def dispute(self, ref: str) -> Row:
        """The cardholder's bank takes back what is left. Raises: CheckoutUnknown, ProviderRefused."""
        with self._tables.writing():
            row = self.get(ref)
            if row.dispute is not None or row.left_minor <= 0:
                raise ProviderRefused("There is nothing to dispute: not paid, refunded, or disputed before.")
            self._tables.write(
                "UPDATE payment SET dispute = 'open', disputed_minor = ? WHERE ref = ?", row.left_minor, ref
            )
            self._book(row, "chargeback", -row.left_minor)
            self._tell(ref, "dispute.opened")
            return self._known(ref)

    def end_dispute(self, ref: str, *, is_won: bool) -> Row:
        """Args: is_won: by the merchant. Raises: CheckoutUnknown, ProviderRefused."""
        with self._tables.writing():
            row = self._require_disputed(ref)
            self._tables.write("UPDATE payment SET dispute = ? WHERE ref = ?", "won" if is_won else "lost", ref)
            if is_won:
                self._book(row, "chargeback_reversed", row.disputed_minor)
            self._tell(ref, "dispute.won" if is_won else "dispute.lost")
            return self._known(ref)

    def take_evidence(self, ref: str, document: bytes) -> None:
        """Raises: CheckoutUnknown, ProviderRefused."""
        self._require_disputed(ref)
        if not 0 < len(document) <= EVIDENCE_BYTES_MAX:
            raise ProviderRefused(f"A document has 1 to {EVIDENCE_BYTES_MAX} bytes. Send a smaller one.")
        self._tables.write("INSERT INTO evidence (ref, document, at) VALUES (?, ?, ?)", ref, document, self._clock())

    def tell_again(self, ref: str) -> None:
        """Queue the last event of a payment once more, under its old id. Raises: CheckoutUnknown."""
        self._known(ref)
        last = "SELECT event_id, about FROM delivery WHERE ref = ? ORDER BY id DESC LIMIT 1"
        for row in self._tables.rows(last, ref):
            self._queue(row["event_id"], ref, row["about"])

    def forget_method(self, token: str) -> None:
        self._tables.write("DELETE FROM method WHERE token = ?", token)

    def latest(self) -> list[Row]:
        self.settle()
        return self._tables.payments("1 ORDER BY created_at DESC, rowid DESC LIMIT ?", LIST_MAX)

    def evidence_of(self, ref: str) -> int:
        """How many documents answered its dispute."""
        return int(self._tables.rows("SELECT count(*) FROM evidence WHERE ref = ?", ref)[0][0])

    def statement(self, since: float, until: float) -> list[StatementLine]:
        """Raises: ProviderRefused."""
        self.settle()
        asked = "SELECT * FROM line WHERE at >= ? AND at < ? ORDER BY at, id LIMIT ?"
        found = self._tables.rows(asked, since, until, STATEMENT_LINES_MAX + 1)
        if len(found) > STATEMENT_LINES_MAX:
            raise ProviderRefused(
                f"A statement has {STATEMENT_LINES_MAX} lines at most. Ask for a shorter time.",
                code="payments.statement_too_long",
            )
        return [
            StatementLine(
                provider_ref=row["ref"],
                kind=row["kind"],
                amount_minor=row["amount_minor"],
                currency=row["currency"],
                at=row["at"],
            )
            for row in found
        ]

    def _finish(self, row: Row, state: str, *, card: str | None = None, method: str | None = None) -> Row:
        with self._tables.writing():
            is_first = self._known(row.ref).state == "open"
            if not is_first:
                return self._known(row.ref)
            card = card or row.card
            is_paid = state == "paid"
            if is_paid and row.save_method and method is None:
                method = f"card_{secrets.token_urlsafe(18)}"
                self._tables.write("INSERT INTO method VALUES (?, ?, ?)", method, card, CARDS[card].label)
            fee = min(row.amount_minor, FEE_FIXED_MINOR + row.amount_minor * FEE_PERMILLE // 1000) if is_paid else 0
            self._tables.write(
                "UPDATE payment SET state = ?, card = ?, method = ?, fee_minor = ?, settles_at = NULL WHERE ref = ?",
                *(state, card, method, fee, row.ref),
            )
            if is_paid:
                self._book(row, "payment", row.amount_minor)
                self._book(row, "fee", -fee)
            self._tell(row.ref, f"payment.{state}", times=2 if is_paid and card == "twice" else 1)
            return self._known(row.ref)

    def _known(self, ref: str) -> Row:
        row = self._tables.payment(ref)
        if row is None:
            raise CheckoutUnknown("The payment provider does not know this payment. Begin a new one.")
        return row

    def _require_open(self, ref: str) -> Row:
        row = self.get(ref)
        if row.state != "open":
            raise ProviderRefused("This payment is over. Go back to the site and begin a new one.")
        return row

    def _require_disputed(self, ref: str) -> Row:
        row = self.get(ref)
        if row.dispute != "open":
            raise ProviderRefused("No dispute of this payment is open. Look at the payment again.")
        return row

    def _book(self, row: Row, kind: LineKind, amount_minor: int) -> None:
        self._tables.write(
            "INSERT INTO line (ref, kind, amount_minor, currency, at) VALUES (?, ?, ?, ?, ?)",
            *(row.ref, kind, amount_minor, row.currency, self._clock()),
        )

    def _tell(self, ref: str, about: str, *, times: int = 1) -> None:
        event_id = f"evt_{secrets.token_urlsafe(18)}"
        for _ in range(times):
            self._queue(event_id, ref, about)

    def _queue(self, event_id: str, ref: str, about: str) -> None:
        self._tables.write(
            "INSERT INTO delivery (event_id, ref, about, due_at) VALUES (?, ?, ?, ?)",
            *(event_id, ref, about, self._clock()),
        )
        self._wake()


def _require_possible(checkout: Checkout) -> None:
    if checkout.currency not in CURRENCIES:
        raise ProviderRefused(
            f"This provider takes {', '.join(sorted(CURRENCIES))}. Pay in one of them.", code="payments.currency"
        )
    if not 0 < checkout.amount_minor <= AMOUNT_MINOR_MAX:
        raise ProviderRefused("This amount cannot be paid here. Choose another one.", code="payments.amount")
    texts_fit = all(0 < len(text) <= TEXT_CHARS_MAX for text in (checkout.reference, checkout.title))
    urls = (checkout.return_url, checkout.cancel_url)
    if not texts_fit or not all(len(url) <= URL_CHARS_MAX and _is_address(url) for url in urls):
        raise ProviderRefused("Title, reference or addresses of this checkout are not possible. Send others.")


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable() and " " not in url
