"""The sandbox's own file: tables and rows. It knows references, amounts and test cards, and nobody."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from vasistas.payments.port import DisputeState, Method, Payment, PaymentState

TABLES = """
CREATE TABLE IF NOT EXISTS payment (
    ref TEXT PRIMARY KEY, reference TEXT UNIQUE NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL,
    title TEXT NOT NULL, return_url TEXT NOT NULL, cancel_url TEXT NOT NULL, created_at REAL NOT NULL,
    expires_at REAL NOT NULL, save_method INTEGER NOT NULL, offered TEXT, state TEXT NOT NULL DEFAULT 'open',
    card TEXT NOT NULL DEFAULT '', settles_at REAL, refunded_minor INTEGER NOT NULL DEFAULT 0, dispute TEXT,
    disputed_minor INTEGER NOT NULL DEFAULT 0, fee_minor INTEGER NOT NULL DEFAULT 0, method TEXT
);
CREATE TABLE IF NOT EXISTS method (token TEXT PRIMARY KEY, card TEXT NOT NULL, label TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refund (key TEXT PRIMARY KEY, ref TEXT NOT NULL, amount_minor INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY, ref TEXT NOT NULL, kind TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS evidence (
    id INTEGER PRIMARY KEY, ref TEXT NOT NULL, document BLOB NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, ref TEXT NOT NULL, about TEXT NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting'
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due_at);
CREATE INDEX IF NOT EXISTS line_at ON line (at);
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as it is stored. offered: token of the saved card that the site named. card: which test card was
    chosen. settles_at: when a slow one is decided. method: token of the card saved with it.
    """

    ref: str
    reference: str
    amount_minor: int
    currency: str
    title: str
    return_url: str
    cancel_url: str
    created_at: float
    expires_at: float
    save_method: bool
    offered: str | None
    state: PaymentState
    card: str
    settles_at: float | None
    refunded_minor: int
    dispute: DisputeState | None
    disputed_minor: int
    fee_minor: int
    method: str | None

    @property
    def left_minor(self) -> int:
        """What can still be refunded."""
        return self.amount_minor - self.refunded_minor if self.state == "paid" else 0


class Tables:
    """One connection for the whole process. path: the file, or ":memory:"."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.row_factory = sqlite3.Row
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.executescript(TABLES)  # house: not the site's database

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; may be nested."""
        with self._lock:
            if self._file.in_transaction:
                yield
                return
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._file.execute(sql, values).fetchall()

    def write(self, sql: str, *values: object) -> None:
        with self._lock:
            self._file.execute(sql, values)

    def payments(self, where: str, *values: object) -> list[Row]:
        """Args: where: a condition and more of this module's callers, never of a request."""
        found = self.rows(f"SELECT * FROM payment WHERE {where}", *values)  # noqa: S608 — see Args
        return [msgspec.convert(dict(row), Row, strict=False) for row in found]

    def payment(self, ref: str) -> Row | None:
        return next(iter(self.payments("ref = ?", ref)), None)

    def method(self, token: str | None) -> Method | None:
        found = self.rows("SELECT token, label FROM method WHERE token = ?", token)
        return Method(token=found[0]["token"], label=found[0]["label"]) if found else None

    def forget_all_but(self, newest: int) -> None:
        """Delete the payments before the newest so many, with all that belongs to them."""
        self.write(
            "DELETE FROM payment WHERE rowid NOT IN (SELECT rowid FROM payment ORDER BY rowid DESC LIMIT ?)", newest
        )
        for table in ("refund", "line", "evidence", "delivery"):
            self.write(f"DELETE FROM {table} WHERE ref NOT IN (SELECT ref FROM payment)")  # noqa: S608 — names of ours

    def as_payment(self, row: Row) -> Payment:
        return Payment(
            provider_ref=row.ref,
            reference=row.reference,
            state=row.state,
            amount_minor=row.amount_minor,
            currency=row.currency,
            refunded_minor=row.refunded_minor,
            dispute=row.dispute,
            disputed_minor=row.disputed_minor,
            fee_minor=row.fee_minor,
            method=self.method(row.method),
        )
