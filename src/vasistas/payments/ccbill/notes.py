"""What CCBill cannot be asked: which of its numbers belongs to which of our references. A file of the adapter's own.

CCBill has no search by a merchant's reference and no idempotency keys, so both are kept here. A note names nobody: it
holds random references, amounts and CCBill's numbers, and is forgotten after KEEP_S.
"""

import sqlite3
import threading
from pathlib import Path

import msgspec

KEEP_S = 548 * 24 * 3600  # as long as a card payment can be disputed

TABLES = """
CREATE TABLE IF NOT EXISTS sale (
    ref TEXT PRIMARY KEY, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, expires_at REAL NOT NULL,
    made_at REAL NOT NULL, subscription TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS claim (
    event_id TEXT PRIMARY KEY, ref TEXT NOT NULL REFERENCES sale ON DELETE CASCADE, amount_minor INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS refund (
    key TEXT PRIMARY KEY, ref TEXT NOT NULL REFERENCES sale ON DELETE CASCADE, amount_minor INTEGER NOT NULL,
    before INTEGER NOT NULL, state TEXT NOT NULL
);
"""


class Sale(msgspec.Struct, frozen=True):
    """subscription: CCBill's number of it, None until a webhook told."""

    ref: str
    amount_minor: int
    currency: str
    expires_at: float
    subscription: str | None


class Refund(msgspec.Struct, frozen=True):
    """before: how many refunds CCBill counted when it was asked. state: "asked" until its end is known, or "done"."""

    ref: str
    amount_minor: int
    before: int
    state: str


class Notes:
    """May be used from many threads, and from several processes of one machine. path: the file."""

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._file.row_factory = sqlite3.Row
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA secure_delete=ON")
        self._file.execute("PRAGMA foreign_keys=ON")
        self._file.executescript(TABLES)  # house: not the site's database

    def begin(self, sale: Sale, *, now: float) -> None:
        """Note a checkout, unless it is known; forget what is old."""
        self._write("DELETE FROM sale WHERE made_at < ?", now - KEEP_S)
        self._write(
            "INSERT OR IGNORE INTO sale (ref, amount_minor, currency, expires_at, made_at) VALUES (?, ?, ?, ?, ?)",
            *(sale.ref, sale.amount_minor, sale.currency, sale.expires_at, now),
        )

    def sale(self, ref: str) -> Sale | None:
        return self._sale("ref", ref)

    def sale_of(self, subscription: str) -> Sale | None:
        return self._sale("subscription", subscription)

    def match(self, ref: str, subscription: str) -> bool:
        """Note CCBill's number, once. Returns False when either has another partner already."""
        self._write(
            "UPDATE OR IGNORE sale SET subscription = ? WHERE ref = ? AND subscription IS NULL", subscription, ref
        )
        known = self.sale(ref)
        return known is not None and known.subscription == subscription

    def claim(self, event_id: str, ref: str, amount_minor: int) -> None:
        """Note the amount a webhook told of money that went back; it counts once CCBill's own count agrees."""
        self._write("INSERT OR IGNORE INTO claim VALUES (?, ?, ?)", event_id, ref, amount_minor)

    def claimed_minor(self, ref: str, *, count: int) -> int:
        """The sum of the first `count` claims."""
        asked = "SELECT sum(amount_minor) FROM (SELECT amount_minor FROM claim WHERE ref = ? ORDER BY rowid LIMIT ?)"
        return int(self._rows(asked, ref, count)[0][0] or 0)

    def refund(self, key: str) -> Refund | None:
        found = self._rows("SELECT ref, amount_minor, before, state FROM refund WHERE key = ?", key)
        return msgspec.convert(dict(found[0]), Refund) if found else None

    def ask_refund(self, key: str, refund: Refund) -> bool:
        """Note a refund before CCBill is asked. Returns False when another one of this sale has no known end yet."""
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                asked = "SELECT count(*) FROM refund WHERE ref = ? AND state = 'asked'"
                is_free = not self._file.execute(asked, (refund.ref,)).fetchone()[0]
                if is_free:
                    values = (key, refund.ref, refund.amount_minor, refund.before, "asked")
                    self._file.execute("INSERT INTO refund VALUES (?, ?, ?, ?, ?)", values)
            finally:
                self._file.execute("COMMIT")
            return is_free

    def end_refund(self, key: str, *, is_done: bool) -> None:
        """A refused one is forgotten, so that it may be asked again."""
        if is_done:
            self._write("UPDATE refund SET state = 'done' WHERE key = ?", key)
        else:
            self._write("DELETE FROM refund WHERE key = ?", key)

    def refunded_minor(self, ref: str) -> int:
        """What we had refunded ourselves, as far as its end is known."""
        found = self._rows("SELECT sum(amount_minor) FROM refund WHERE ref = ? AND state = 'done'", ref)
        return int(found[0][0] or 0)

    def close(self) -> None:
        self._file.close()

    def _sale(self, column: str, value: str) -> Sale | None:
        found = self._rows(
            f"SELECT ref, amount_minor, currency, expires_at, subscription FROM sale WHERE {column} = ?",  # noqa: S608 — one of two names, ours
            value,
        )
        return msgspec.convert(dict(found[0]), Sale) if found else None

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._file.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: object) -> None:
        with self._lock:
            self._file.execute(sql, values)
