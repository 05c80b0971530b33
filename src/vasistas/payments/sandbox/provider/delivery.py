"""Webhooks to the site: signed when they are sent, tried again with growing pauses, given up after ATTEMPTS_MAX."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable

import httpx
import msgspec

from vasistas.payments.port import Hint
from vasistas.payments.sandbox import signing
from vasistas.payments.sandbox.provider.bank import Bank
from vasistas.payments.sandbox.provider.tables import Tables

PAUSES_S = (2.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0)  # before the second attempt, the third …
ATTEMPTS_MAX = len(PAUSES_S) + 1
TIMEOUT_S = 10.0
BATCH_MAX = 50  # webhooks sent between two looks at the queue
IDLE_S = 1.0  # at most between two looks: slow payments and late checkouts are decided then

logger = logging.getLogger(__name__)


class Messenger:
    """Args: url: where the site takes webhooks. key: shared with it. clock: unix seconds."""

    def __init__(self, tables: Tables, *, url: str, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._tables = tables
        self._url = url
        self._key = key
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue now. Call it in the loop's thread."""
        self._woken.set()

    async def run(self, bank: Bank) -> None:
        """Decide what is due and send what is queued, until cancelled."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            while True:
                self._woken.clear()
                try:
                    bank.settle()
                    await self.send_due(http)
                except sqlite3.Error:  # a full disk, say: webhooks go on when it is mended
                    logger.exception("sandbox.webhooks_failed")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), IDLE_S)

    async def send_due(self, http: httpx.AsyncClient) -> None:
        """Send every webhook that is due now, oldest first."""
        due = "SELECT * FROM delivery WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?"
        for row in self._tables.rows(due, self._clock(), BATCH_MAX):
            body = msgspec.json.encode(Hint(event_id=row["event_id"], provider_ref=row["ref"]))
            is_taken = await self._post(http, body)
            attempts = row["attempts"] + 1
            state = "taken" if is_taken else "given up" if attempts >= ATTEMPTS_MAX else "waiting"
            if state == "given up":
                logger.error("sandbox.webhook_given_up attempts=%s", attempts)
            pause_s = PAUSES_S[attempts - 1] if state == "waiting" else 0.0
            self._tables.write(
                "UPDATE delivery SET state = ?, attempts = ?, due_at = ? WHERE id = ?",
                *(state, attempts, self._clock() + pause_s, row["id"]),
            )

    async def _post(self, http: httpx.AsyncClient, body: bytes) -> bool:
        headers = {
            "Content-Type": "application/json",
            signing.HEADER: signing.sign(body, key=self._key, now=self._clock()),
        }
        try:
            return (await http.post(self._url, content=body, headers=headers)).is_success
        except httpx.HTTPError:
            return False
